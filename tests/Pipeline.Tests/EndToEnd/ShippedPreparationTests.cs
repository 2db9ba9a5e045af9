using Microsoft.ML.OnnxRuntime;
using OnnxKd.Core.Onnx;
using OnnxKd.Pipeline.Tests.Support;
using OnnxKd.TeacherRunner.Preparation;

namespace OnnxKd.Pipeline.Tests.EndToEnd;

/// <summary>A student of texts ships with the graph that made its token ids.</summary>
public sealed class ShippedPreparationTests : IDisposable
{
    private const int Length = 6;

    private static readonly string[] words = ["hello", "world", "good", "bad"];

    private readonly TemporaryFolder folder = new();

    public ShippedPreparationTests()
    {
        string[] lines = [.. Enumerable.Range(0, 64).Select(i => string.Join(' ', Enumerable.Range(0, 1 + i % 4).Select(t => words[(i * 7 + t * t) % words.Length])))];
        folder.Write("tokenizer/vocab.txt", $"[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n{string.Join('\n', words)}\n");
        folder.Write("text.txt", string.Join('\n', lines) + "\n");
        folder.Write("labels.txt", string.Join('\n', lines.Select(line => line.Contains("good", StringComparison.Ordinal) ? "yes" : "no")) + "\n");
        Cli.Done("prepare", "text", folder["text.txt"], "-o", folder["set"], "--tokenizer", folder["tokenizer"], "--lower-case", "--length", $"{Length}", "--labels", folder["labels.txt"]);
        folder.Write("run.yaml", """
            name: run
            data:
              transfer:
                inputs: { ids: set/samples.safetensors#samples, mask: { lengths: set/samples.safetensors#lengths } }
                labels: set/samples.safetensors
            teachers: none
            student: { architecture: transformer, vocabulary: 9, width: 16, depth: 1, heads: 2 }
            objective: [ hard: {} ]
            training: { epochs: 10, threads: 1, batch-size: 16, optimizer: { name: adam, learning-rate: 0.01 } }
            """);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Run_OfPreparedTexts_PutsTheirTokenizerBesideTheStudent()
    {
        Cli.Done("run", folder["run.yaml"], "--runs", folder.Path);

        var shipped = folder["run/preprocess.onnx"];
        var (ids, length) = Tokenise(shipped, "Hello good");
        Assert.Equal([2, 5, 7, 3, 0, 0], ids); // [CLS] hello good [SEP], and padding
        Assert.Equal(4, length);
        Assert.Equal(OnnxModel.Load(shipped).Digest, OnnxModel.Load(folder["run/student.onnx"]).GetMetadata("onnxkd.preparation_sha256"));
        var card = File.ReadAllText(folder["run/README.md"]);
        Assert.Contains("`preprocess.onnx`, beside the student", card);
        Assert.Contains("sample[\"ids\"] = made[None]\nsample[\"mask\"] = (np.arange(made.shape[-1]) < length)[None].astype(np.int64)\n", card);
        Assert.Contains("preparation: ", Cli.Done("export", folder["run.yaml"], "--runs", folder.Path).Output);
    }

    [Fact]
    public void Run_OfATokenizerThatWasChanged_IsRefusedBeforeAnyWork()
    {
        File.AppendAllText(folder["set/preprocess.onnx"], " ");

        var error = Cli.Fails(4, "run", folder["run.yaml"], "--runs", folder.Path);

        Assert.Contains("set/preprocess.onnx", error);
        Assert.DoesNotContain("train-student: started", error);
    }

    [Fact]
    public void Run_WithoutTheTokenizer_SaysThatItWillNotShip()
    {
        File.Delete(folder["set/preprocess.onnx"]);

        var run = Cli.Done("run", folder["run.yaml"], "--runs", folder.Path);

        Assert.Contains("preprocess.onnx is gone", run.Error);
        Assert.DoesNotContain("preprocess.onnx", File.ReadAllText(folder["run/README.md"]));
    }

    [Fact]
    public void Run_OfOtherSamples_ShipsNoGraph()
    {
        File.Move(folder["set/samples.safetensors"], folder["plain.safetensors"]);
        File.WriteAllText(folder["run.yaml"], File.ReadAllText(folder["run.yaml"]).Replace("set/samples", "plain", StringComparison.Ordinal));

        Cli.Done("run", folder["run.yaml"], "--runs", folder.Path);

        Assert.False(File.Exists(folder["run/preprocess.onnx"]));
    }

    private static (long[] Ids, long Length) Tokenise(string graph, string text)
    {
        using var options = new SessionOptions();
        ExtensionsLibrary.Register(options);
        using var session = new InferenceSession(graph, options);
        using var results = session.Run([NamedOnnxValue.CreateFromTensor("text", new Microsoft.ML.OnnxRuntime.Tensors.DenseTensor<string>(new[] { text }, [1]))]);
        return ([.. results.First(result => result.Name == "sample").AsEnumerable<long>()], results.First(result => result.Name == "length").AsEnumerable<long>().Single());
    }
}
