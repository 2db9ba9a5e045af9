using System.Text.Json;
using System.Text.RegularExpressions;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Recipes;

/// <summary>The recipes of the papers' experiments: each can be planned, and stands on the page.</summary>
public sealed partial class PaperRecipesTests : IDisposable
{
    private static readonly string Folder = Path.Combine(Repository.Root, "recipes", "papers");

    private readonly TemporaryFolder folder = new();

    public static TheoryData<string> Recipes => [.. Directory.GetFiles(Folder, "*.yaml").Select(file => Path.GetFileNameWithoutExtension(file)).Order()];

    /// <summary>With the shipped teacher, and MNIST in the place of other sets.</summary>
    [Theory]
    [MemberData(nameof(Recipes))]
    public void Plan_OfEachRecipe_EndsInFigures(string name)
    {
        var text = DrawnFiles().Replace(File.ReadAllText(Path.Combine(Folder, $"{name}.yaml")), "set: mnist, part: train").Replace("set: fashion-mnist", "set: mnist")
            .Replace("../../runs/papers-mnist-1/teacher.onnx", Path.Combine(Repository.Root, "models", "mnist-cnn-1.onnx"));

        var plan = JsonDocument.Parse(Cli.Done("plan", folder.Write($"{name}.yaml", text), "--runs", folder["runs"], "--json").Output).RootElement;

        var stages = plan.GetProperty("stages").EnumerateArray().Select(stage => stage.GetProperty("name").GetString()).ToArray();
        Assert.Equal(("evaluate", "report"), (stages[^2], stages[^1]));
        Assert.Contains($"name: papers-{name}\n", text);
        Assert.Contains($"recipes/papers/{name}.yaml", File.ReadAllText(Path.Combine(Repository.Root, "docs", "experiments.md")));
    }

    public void Dispose() => folder.Dispose();

    [GeneratedRegex(@"samples: \.\./\.\./data/kanji/[\w./-]+, labels: [\w./-]+")]
    private static partial Regex DrawnFiles();
}
