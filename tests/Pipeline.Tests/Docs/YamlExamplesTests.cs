using System.Text.RegularExpressions;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Runs;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Docs;

/// <summary>Every example in YAML is read as a recipe, or as sections of one.</summary>
public sealed partial class YamlExamplesTests : IDisposable
{
    // What a section is put into; a section of the example replaces the one here.
    private static readonly (string Key, string Yaml)[] others =
    [
        ("data", "data: { transfer: { samples: train.npy, labels: train-labels.npy }, test: { samples: test.npy, labels: test-labels.npy } }"),
        ("teachers", "teachers: [ model: teacher.onnx ]"),
        ("student", "student: { architecture: mlp }"),
        ("objective", "objective: [ soft: { temperature: 4 } ]"),
        ("training", "training: { epochs: 2 }"),
    ];

    // What stands for "whatever belongs here".
    private static readonly (string Written, string Meant)[] omissions =
    [
        ("validation: { … }", "validation: { samples: validation.npy, labels: validation-labels.npy }"),
        ("test: { … }", "test: { samples: test.npy, texts: sources.jsonl }"),
        ("preprocessing: { … }", "preprocessing: { scale: 1/255 }"), ("train: { … }", "train: {}"),
    ];

    private readonly TemporaryFolder folder = new();

    public static TheoryData<string, int> Examples
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (var page in Directory.GetFiles(Path.Combine(Repository.Root, "docs"), "*.md")
                .Concat(Directory.GetFiles(Path.Combine(Repository.Root, "docs", "guides"), "*.md")).Append(Path.Combine(Repository.Root, "README.md")))
                for (var i = 0; i < Of(page).Length; i++)
                    data.Add(Path.GetRelativePath(Repository.Root, page), i);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public void Example_AsItStands_IsARecipeOrSectionsOfOne(string page, int number)
    {
        var text = omissions.Aggregate(Of(Path.Combine(Repository.Root, page))[number], (yaml, omission) => yaml.Replace(omission.Written, omission.Meant));
        var own = Keys().Matches(text).Select(match => match.Groups[1].Value).ToHashSet();
        var whole = own.Contains("data") ? text : text + string.Join('\n', others.Where(other => !own.Contains(other.Key) && !(own.Contains("learners") && (other.Key is "teachers" or "student" or "objective"))).Select(other => other.Yaml));

        // What a run fits or finds is asked of sets that there are not here.
        var recipe = RecipeFile.Read(RecipeSource.Load(folder.Write("example.yaml", whole.Replace("preprocessing: fit", "preprocessing: none"))), StageKinds.All);

        Assert.NotEmpty(recipe.Stages);
    }

    public void Dispose() => folder.Dispose();

    private static string[] Of(string page) => [.. Blocks().Matches(File.ReadAllText(page)).Select(match => match.Groups[1].Value)];

    [GeneratedRegex("^```yaml\n(.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Blocks();

    [GeneratedRegex("^([a-z]+):", RegexOptions.Multiline)]
    private static partial Regex Keys();
}
