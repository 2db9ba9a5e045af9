using System.Text.RegularExpressions;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.Pipeline.Reports;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Docs;

/// <summary>The commands of guides, one after the other in a folder with files of the names that the guides have, but small ones and for an epoch.</summary>
public sealed partial class GuidesTests : IDisposable
{
    private const int Side = 32;

    // Of so few nothing is concluded about what an epoch makes of a student.
    private const int Images = 18;

    // What a scheduler says to the only job.
    private static readonly Dictionary<string, string> Cluster = new()
    {
        ["SLURM_ARRAY_TASK_ID"] = "0", ["SLURM_ARRAY_TASK_MIN"] = "0", ["SLURM_ARRAY_TASK_MAX"] = "0", ["SLURM_ARRAY_TASK_COUNT"] = "1", ["JOB_COMPLETION_INDEX"] = "0",
    };

    private static readonly (string Written, string Small)[] smaller =
    [
        ("--quick", "--quick --epochs 1"), ("--resize 256 --crop 224", $"--resize 36 --crop {Side}"), ("3,112,112", $"3,{Side},{Side}"), ("--count 20000", "--count 40 --width 96"), ("architecture resnet20", "architecture mlp --widths 16"), ("ctc-conv, halvings: 3", "ctc-conv, halvings: 3, widths: [8, 8, 16], hidden: 32, depth: 1"),
        ("FreeSans", "DejaVuSansMono"), ("--columns 64", "--columns 2"), ("/shared/runs", "runs"), ("0..50000", "0..400"), ("rows: 50000..", "rows: 59800.."), ("--threads 8", "--threads 1"),
    ];

    private static readonly string Program = Path.Combine(Repository.Root, "src", "Pipeline", "bin", "Release", "net10.0", "onnxkd.dll");

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void ImageClassifier_FromTheFirstLineToTheLast_Works()
    {
        GuideTeachers.MeanColour(folder["big.onnx"], Side);
        foreach (var set in new[] { "photos", "photos-test" })
            foreach (var (name, colour) in new[] { ("cat", 0), ("dog", 1), ("owl", 2) })
                for (var i = 0; i < 4; i++)
                    WritePicture(Path.Combine(set, name, $"{i}.png"), colour, i);

        RunAll("docs/guides/image-classifier.md", 8);

        Assert.True(File.Exists(folder["student.fp16.onnx"]));
    }

    [Fact]
    public void Quantise_FromTheFirstLineToTheLast_Works()
    {
        foreach (var name in new[] { "student.onnx", "big.onnx" })
            File.Copy(Path.Combine(Repository.Root, "models", "mnist-cnn-1.onnx"), folder[name]);
        MnistPictures.Write(folder["train.npy"], 60);
        MnistPictures.Write(folder["test.npy"], 60);

        RunAll("docs/guides/quantise.md", 6);

        Assert.Contains(OnnxModel.Load(folder["runs/int8/student.onnx"]).Proto.Graph.Node, node => node.OpType == "QuantizeLinear");
    }

    [Fact]
    public void Readme_OfYourOwnTeacher_Works()
    {
        GuideTeachers.MeanColour(folder["big.onnx"], Side);
        WriteImages("images.npy");
        File.Copy(Path.Combine(Repository.Root, "models", "mnist-cnn-1.onnx"), folder["small.onnx"]);

        RunAll("README.md", 7, "## Your own teacher");
    }

    [Fact]
    public void Embedding_FromTheFirstLineToTheLast_Works()
    {
        GuideTeachers.Embedding(folder["embed.onnx"], Side);
        foreach (var file in new[] { "faces.npy", "faces-test.npy" })
            WriteImages(file);

        RunAll("docs/guides/embedding.md", 5, epochs: 30);

        Assert.True(File.Exists(folder["faces.fp16.onnx"]));
    }

    [Fact]
    public void TextClassifier_FromTheFirstLineToTheLast_Works()
    {
        string[] words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "book", "film"];
        folder.Write("bert-base-uncased/vocab.txt", string.Join('\n', words) + "\n");
        GuideTeachers.Tokens(folder["big.onnx"], words.Length, 128);
        foreach (var (texts, stars) in new[] { ("reviews.txt", "stars.txt"), ("reviews-test.txt", "stars-test.txt") })
        {
            folder.Write(texts, string.Concat(Enumerable.Range(0, Images).Select(i => $"A {words[5 + i % 2]} {words[7 + i % 3 % 2]}\n")));
            folder.Write(stars, string.Concat(Enumerable.Range(0, Images).Select(i => $"{i % 2}\n")));
        }

        RunAll("docs/guides/text-classifier.md", 6);
    }

    [Fact]
    public void Ocr_OfYourOwnRecogniser_Works()
    {
        folder.Write("words.txt", "one two three");
        folder.Write("keys.txt", string.Join('\n', "abcdefghijklmnopqr".ToCharArray()) + "\n");
        GuideTeachers.Frames(folder["recognizer.onnx"], 20, 8);

        RunAll("docs/guides/ocr.md", 2, "## With a recogniser of your own", epochs: 30);

        Assert.True(File.Exists(folder["runs/lines/student.onnx"]));
    }

    [Fact]
    public void Table_OfYourOwn_Works()
    {
        GuideTeachers.Columns(folder["trees.onnx"]);
        folder.Write("table.csv", "age;fare;name\n" + string.Concat(Enumerable.Range(0, Images).Select(i => $"{20 + i};{i % 7},5;n{i}\n")));

        RunAll("docs/guides/table.md", 2, "## Your own table");
    }

    /// <summary>A small recipe of the same name in place of MNIST's, in a cluster's folder for all.</summary>
    [Fact]
    public void Cluster_FromTheFirstLineToTheLast_Works()
    {
        folder.Write("recipes/mnist.yaml", $$"""
            data:
              transfer: { set: mnist, part: train, rows: 0..600 }
              test: { set: mnist, part: test, rows: 0..200 }
              preprocessing: { scale: 1/255 }
            teachers: [ model: {{Path.Combine(Repository.Root, "models", "mnist-cnn-1.onnx")}} ]
            student: { architecture: mlp, widths: [16] }
            objective: [ soft: { temperature: 4 } ]
            training: { epochs: 1, batch-size: 50, optimizer: { name: adam } }
            baseline: true
            """);

        RunAll("docs/guides/cluster.md", 8);

        Assert.True(File.Exists(folder["runs/mnist-2/student.onnx"]));
    }

    /// <summary>Runs what stands in lines of code, but not the recipes of this repository whose data a script beside them fetches.</summary>
    /// <param name="page">The page. An example in YAML whose recipe the lines run is written for them.</param>
    /// <param name="least">How many commands there are at least.</param>
    /// <param name="section">Of which section; <c>null</c>: all of it.</param>
    /// <param name="epochs">What stands for the guide's epochs.</param>
    private void RunAll(string page, int least, string? section = null, int epochs = 1)
    {
        var text = File.ReadAllText(Path.Combine(Repository.Root, page)).ReplaceLineEndings("\n");
        if (section is not null)
            text = text.Split($"{section}\n")[1].Split("\n## ")[0];
        string[] commands = [.. PageCommands.Lines(text).Where(command => !Fetched().IsMatch(command))];
        Assert.True(commands.Length >= least, $"{commands.Length} commands in {page}");
        foreach (var command in commands)
        {
            if (Recipe().Match(command) is { Success: true } run && !File.Exists(folder[run.Groups[1].Value]) && Example().Match(text) is { Success: true } example)
                folder.Write(run.Groups[1].Value, Small(example.Groups[1].Value, epochs));
            var (code, output) = DotNet.Run(folder.Path, Cluster, [Program, .. PageCommands.Words(Small(command, epochs))]);
            Assert.True(code == 0, $"{page}: onnxkd {command} ended with {code}:\n{output}");
        }
    }

    /// <summary>The same for less time and smaller samples.</summary>
    private static string Small(string text, int epochs) => smaller.Aggregate(Epochs().Replace(text, $"${{1}}{epochs}"), (shorter, pair) => shorter.Replace(pair.Written, pair.Small));

    private void WritePicture(string file, int colour, int seed)
    {
        var random = new Random(seed);
        Directory.CreateDirectory(Path.GetDirectoryName(folder[file])!);
        File.WriteAllBytes(folder[file], SampleForms.Picture([.. Enumerable.Range(0, 3 * 40 * 40).Select(i => (float)random.Next(i / 1600 == colour ? 256 : 100))], [3, 40, 40], ElementType.UInt8)!);
    }

    private void WriteImages(string file)
    {
        var random = new Random(1);
        var colours = Enumerable.Range(0, Images * 3).SelectMany(_ => Enumerable.Repeat(random.Next(200), Side * Side));
        Npy.Write(folder[file], [.. colours.Select(colour => (byte)(colour + random.Next(50)))], Images, 3, Side, Side);
    }

    [GeneratedRegex("^run recipes/(?:sentence|emoji|ocr|table)")]
    private static partial Regex Fetched();

    [GeneratedRegex("^run ([a-z-]+\\.yaml)")]
    private static partial Regex Recipe();

    [GeneratedRegex("```yaml\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();

    [GeneratedRegex("(epochs:? )[0-9]+")]
    private static partial Regex Epochs();
}
