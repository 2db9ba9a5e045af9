using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Google.Protobuf;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.StudentTrainer.Students;

namespace OnnxKd.Benchmarks.Attack;

/// <summary>Sets, a teacher and recipes that run in seconds, in a folder; and what their runs gave, to compare.</summary>
internal sealed partial class TinyProject
{
    /// <summary>The name of its runs.</summary>
    public const string Name = "tiny";

    private const int Rows = 120; // in batches of 5: more than shards, so that a journal holds some
    private const int OtherRows = 30;
    private const int Seed = 1;

    private static readonly string[] sets = ["transfer", "validation", "test"];

    private readonly string folder;

    /// <summary>Writes the sets and the teacher.</summary>
    public TinyProject(string folder)
    {
        this.folder = folder;
        foreach (var (name, number) in sets.Select((name, number) => (name, number)))
        {
            var random = new Random(number);
            var rows = number == 0 ? Rows : OtherRows;
            var labels = Enumerable.Range(0, rows).Select(i => i % 3).ToArray();
            var pixels = labels.SelectMany(label => Enumerable.Range(0, 16).Select(i => random.NextSingle() + (i / 4 == label ? 0.6f : 0)));
            File.WriteAllBytes(In($"{name}.npy"), AttackTarget.Npy("<f4", $"({rows}, 4, 4)", [.. pixels.SelectMany(BitConverter.GetBytes)]));
            File.WriteAllBytes(In($"{name}-labels.npy"), AttackTarget.Npy("<i4", $"({rows},)", [.. labels.SelectMany(BitConverter.GetBytes)]));
        }
        var teacher = Architectures.Build(ReadStudent("[6, 5]"), [4, 4], 3, Seed);
        foreach (var tensor in teacher.Proto.Graph.Initializer.Where(tensor => tensor.Dims.Count > 1))
        {
            // Fresh weights answer nearly the same for all samples, which a run refuses to learn from.
            var values = MemoryMarshal.Cast<byte, float>(tensor.RawData.Span).ToArray();
            TensorPrimitives.Multiply(values, 4f, values);
            tensor.RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(values.AsSpan()));
        }
        File.WriteAllBytes(In("teacher.onnx"), teacher.ToBytes());
    }

    /// <summary>Writes a recipe: of one student, or of what is given instead.</summary>
    /// <returns>The file.</returns>
    public string WriteRecipe(string name, string objective = "objective: [ soft: { temperature: 2, weight: 1 }, hard: { weight: 0.3 } ]")
    {
        var files = string.Join('\n', sets.Select(set => $"  {set}: {{ samples: {set}.npy, labels: {set}-labels.npy }}"));
        File.WriteAllText(In($"{name}.yaml"), $$"""
            name: {{Name}}
            data:
            {{files}}
            teachers: [ model: teacher.onnx ]
            capture: { threads: 1, batch-size: 5 }
            student: { architecture: mlp, widths: [16], preprocessing: none }
            {{objective}}
            training: { threads: 1, epochs: 8, batch-size: 10, keep: best, optimizer: { name: adam, learning-rate: 0.01 } }
            """);
        return In($"{name}.yaml");
    }

    /// <summary>A path within the project.</summary>
    public string In(string path) => Path.Combine(folder, path);

    /// <summary>What a run gave, but for times.</summary>
    public string Result(string runs) => string.Join(
        '\n', Convert.ToHexString(File.ReadAllBytes(In($"{runs}/{Name}/student.onnx"))), Normal(File.ReadAllText(In($"{runs}/{Name}/metrics.json"))),
        Normal(File.ReadAllText(In($"{runs}/{Name}/report.md"))));

    /// <summary>A text without times, and without the widths that columns have for them.</summary>
    public static string Normal(string text) => Padding().Replace(Latency().Replace(text, ""), " ");

    /// <summary>Copies a folder with its links; what is there goes.</summary>
    public static void Copy(string from, string to, Func<string, bool> isKept)
    {
        if (Directory.Exists(to))
            Directory.Delete(to, recursive: true);
        Directory.CreateDirectory(to);
        foreach (var entry in new DirectoryInfo(from).EnumerateFileSystemInfos().Where(entry => isKept(entry.Name)))
        {
            var target = Path.Combine(to, entry.Name);
            if (entry.LinkTarget is { } link)
                File.CreateSymbolicLink(target, link);
            else if (entry is DirectoryInfo)
                Copy(entry.FullName, target, _ => true);
            else
                File.Copy(entry.FullName, target);
        }
    }

    private static StudentOptions ReadStudent(string widths)
    {
        var source = RecipeSource.Empty();
        source.Set("student", $"{{ architecture: mlp, widths: {widths} }}", "attack");
        return StudentSection.Read(new RecipeValue(source, "", source.Root).Map("student").Require("student")).Architecture!;
    }

    // What the latencies decide is a time too: which settings of a sweep are on the front.
    [GeneratedRegex(@"""latency_ms_p50"": [^,\n]*|[0-9.,]+ ms|[0-9.,]+ times its time|(?<=\| *)(yes|behind \d+)(?= *\|\n)")]
    private static partial Regex Latency();

    [GeneratedRegex("[ -]+")]
    private static partial Regex Padding();
}
