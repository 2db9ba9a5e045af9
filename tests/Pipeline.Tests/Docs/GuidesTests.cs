using System.Text.RegularExpressions;
using Onnx;
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

    private static readonly string Program = Path.Combine(Repository.Root, "src", "Pipeline", "bin", "Release", "net10.0", "onnxkd.dll");

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void ImageClassifier_FromTheFirstLineToTheLast_Works()
    {
        MeanColour(folder["big.onnx"]);
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
        MeanColour(folder["big.onnx"]);
        var random = new Random(1);
        Npy.Write(folder["images.npy"], [.. Enumerable.Range(0, Images * 3 * Side * Side).Select(_ => (byte)random.Next(256))], Images, 3, Side, Side);
        File.Copy(Path.Combine(Repository.Root, "models", "mnist-cnn-1.onnx"), folder["small.onnx"]);

        RunAll("README.md", 7, "## Your own teacher");
    }

    /// <summary>Runs what stands in lines of code.</summary>
    /// <param name="page">The page.</param>
    /// <param name="least">How many commands there are at least.</param>
    /// <param name="section">Of which section; <c>null</c>: all of it.</param>
    private void RunAll(string page, int least, string? section = null)
    {
        var text = File.ReadAllText(Path.Combine(Repository.Root, page)).ReplaceLineEndings("\n");
        if (section is not null)
            text = text.Split($"{section}\n")[1].Split("\n## ")[0];
        string[] commands = [.. Line().Matches(text.Replace("\\\n", " ")).Select(match => Short(match.Groups[1].Value.Split(" #")[0]))];
        Assert.True(commands.Length >= least, $"{commands.Length} commands in {page}");
        foreach (var command in commands)
        {
            var (code, output) = DotNet.Run(folder.Path, [Program, .. command.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
            Assert.True(code == 0, $"{page}: onnxkd {command} ended with {code}:\n{output}");
        }
    }

    /// <summary>The same for less time and smaller pictures.</summary>
    private static string Short(string command) => Epochs().Replace(command, "--epochs 1").Replace("--quick", "--quick --epochs 1").Replace("--resize 256 --crop 224", $"--resize 36 --crop {Side}");

    private void WritePicture(string file, int colour, int seed)
    {
        var random = new Random(seed);
        Directory.CreateDirectory(Path.GetDirectoryName(folder[file])!);
        File.WriteAllBytes(folder[file], SampleForms.Picture([.. Enumerable.Range(0, 3 * 40 * 40).Select(i => (float)random.Next(i / 1600 == colour ? 256 : 100))], [3, 40, 40], ElementType.UInt8)!);
    }

    /// <summary>A teacher that tells pictures by their mean colour.</summary>
    private static void MeanColour(string path)
    {
        var graph = new GraphProto
        {
            Name = "colour", Input = { ValueInfo.Create("image", ElementType.Float32, "N", 3, Side, Side) }, Output = { ValueInfo.Create("logits", ElementType.Float32, "N", 3) },
            Node =
            {
                new NodeProto { OpType = "GlobalAveragePool", Input = { "image" }, Output = { "mean" } },
                new NodeProto { OpType = "Flatten", Input = { "mean" }, Output = { "logits" } },
            },
        };
        OnnxModel.FromProto(new() { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } }).Save(path);
    }

    [GeneratedRegex(@"^    \./onnxkd ([^\n]*)$", RegexOptions.Multiline)]
    private static partial Regex Line();

    [GeneratedRegex("--epochs [0-9]+")]
    private static partial Regex Epochs();
}
