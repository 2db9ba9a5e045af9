using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.EndToEnd;

/// <summary>Students from files of all sorts, through the commands that take one beside <c>run</c>.</summary>
public sealed class FileStudentsTests : IDisposable
{
    private const int Samples = 96;
    private const int Tokens = 5;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    /// <summary>Its file gives the flattened picture besides: which output was learned is known from the file alone afterwards, and can be named of another one.</summary>
    [Fact]
    public void StudentOfSeveralOutputs_OfWhichOneLearned_IsReadByEveryCommand()
    {
        Pictures();
        LinearModel.Write(folder["student.onnx"], edit: GivesFeatures);
        Cli.Done(
            "run", "--runs", folder.Path, "--name", "run", "--teacher", Teacher(), "--samples", folder["x.npy"], "--student", folder["student.onnx"], "--init", "fresh",
            "--set", "student.output=logits", "--epochs", "20", "--no-baseline", "--threads", "1");
        var (made, other) = (folder["run/student.onnx"], folder["student.onnx"]);

        Assert.Contains("logits: classes", Cli.Done("inspect", made).Output);
        Assert.Contains("logits differ", Cli.Done("verify", "--model", made, "--samples", folder["x.npy"]).Output);
        Assert.Contains("student.onnx", Cli.Done("evaluate", "--model", made, "--teacher", Teacher(), "--samples", folder["x.npy"]).Output);
        string[] adjust = ["adjust-bias", "--classes", "1", "--samples", folder["x.npy"], "--labels", folder["y.npy"], "--force", "-o", folder["adjusted.onnx"]];
        Cli.Done([.. adjust, "--model", made]);
        Assert.Contains("--scores NAME", Cli.Fails(2, [.. adjust, "--model", other]));
        Cli.Done([.. adjust, "--model", other, "--scores", "logits"]);
        Assert.Contains("--output NAME", Cli.Fails(2, "verify", "--model", other, "--samples", folder["x.npy"]));
        Cli.Done("verify", "--model", other, "--output", "logits", "--samples", folder["x.npy"]);
        Assert.Contains("'logit'", Cli.Fails(2, "verify", "--model", other, "--output", "logit", "--samples", folder["x.npy"]));
    }

    /// <summary>As many classes as the teacher, for each row of a picture.</summary>
    [Fact]
    public void StudentOfPositions_OfATeacherOfWholeSamples_IsRefusedBeforeTheTeacherRuns()
    {
        Pictures();
        LinearModel.Write(folder["student.onnx"], edit: model =>
        {
            model.Graph.Initializer[0] = TensorData.Create("W", [.. Enumerable.Range(0, 12).Select(i => i / 12f)], 4, 3);
            model.Graph.Node[0].OpType = "Identity";
            model.Graph.Output[0] = ValueInfo.Create("logits", ElementType.Float32, "N", 4, 3);
        });

        var error = Cli.Fails(2, "run", "--runs", folder.Path, "--name", "run", "--teacher", Teacher(), "--samples", folder["x.npy"], "--student", folder["student.onnx"], "--epochs", "1", "--no-baseline");

        Assert.Contains("[4, 3] from the student, [3] (classes) from the teacher", error);
        Assert.DoesNotContain("100 %", error);
    }

    /// <summary>A fraction would be cut off in silence: the teacher must not have run for a student that ships to no purpose.</summary>
    [Fact]
    public void StudentOfBytes_OfPreparedFractions_IsRefusedBeforeTheTeacherRuns()
    {
        Pictures();
        LinearModel.Write(folder["student.onnx"], type: ElementType.UInt8, edit: Casts);

        var error = Cli.Fails(2, "run", "--runs", folder.Path, "--name", "run", "--teacher", Teacher(), "--samples", folder["x.npy"], "--student", folder["student.onnx"], "--epochs", "1", "--no-baseline");

        Assert.Contains("The model takes bytes", error);
        Assert.Contains("input 'x' of student.onnx", error);
        Assert.DoesNotContain("capture:", error);
    }

    /// <summary>A key that changes nothing would leave the user with another reading than the one that was asked for.</summary>
    [Theory]
    [InlineData("boxes=xyxy")]
    [InlineData("objectness=true")]
    public void KeyOfDetectorHeads_OfAClassifier_IsRefused(string key)
    {
        Pictures();
        Assert.Contains(
            "A key is for detector heads, and the output is none.",
            Cli.Fails(2, "run", "--runs", folder.Path, "--name", "run", "--teacher", Teacher(), "--samples", folder["x.npy"], "--set", $"teachers.0.{key}", "--epochs", "1"));
    }

    /// <summary>The quantised model has the two inputs of the float one, and what feeds them in training is no part of either.</summary>
    [Fact]
    public void StudentOfSeveralInputs_IsQuantised()
    {
        var (ids, mask) = Texts();
        WriteBags(folder["teacher.onnx"], 3);
        WriteBags(folder["student.onnx"], 1);
        var recipe = folder.Write("int8.yaml", """
            name: int8
            data: { transfer: { inputs: { ids: ids.npy, mask: mask.npy } } }
            teachers: [ { model: teacher.onnx, kind: classes } ]
            student: { model: student.onnx }
            objective: [ soft: { temperature: 2 } ]
            training: { epochs: 30, threads: 1, batch-size: 16, optimizer: { name: adam, learning-rate: 0.02 } }
            stages:
              float: { train: {} }
              rounded: { quantise: { model: { stage: float }, samples: 64 } }
              student: { train: { student: { stage: rounded, init: keep }, training: { epochs: 2, optimizer: { learning-rate: 0.0005 } } } }
            """);

        Cli.Done("run", recipe, "--runs", folder.Path);

        var (taken, rounded) = (OnnxModel.Load(folder["int8/float.onnx"]).Proto, OnnxModel.Load(folder["int8/rounded.onnx"]).Proto);
        Assert.Equal(["ids", "mask"], rounded.Graph.Input.Select(input => input.Name));
        Assert.Contains(rounded.Graph.Node, node => node.OpType == "QuantizeLinear");
        Assert.DoesNotContain(rounded.Graph.Node.SelectMany(node => node.Input).Concat(rounded.Graph.Initializer.Select(tensor => tensor.Name)), name => name.StartsWith("onnxkd.", StringComparison.Ordinal));
        var (before, after) = (Scores(taken, ids, mask), Scores(rounded, ids, mask));
        Assert.InRange(before.Zip(after, (a, b) => Math.Abs(a - b)).Max(), 0, 0.05 * before.Max(Math.Abs));
        Cli.Done("adjust-bias", "--model", folder["int8/float.onnx"], "--classes", "1", "--samples", Npz(ids, mask), "--labels", folder["y.npy"], "-o", folder["adjusted.onnx"]);
    }

    private string Teacher() => LinearModel.Write(folder["teacher.onnx"], edit: model => Weigh(model.Graph.Initializer[0], 5));

    private void Pictures()
    {
        Npy.Write(folder["x.npy"], [.. Enumerable.Range(0, Samples * 16).Select(i => (float)Math.Sin(i * 0.7 + i / 16 * 1.3))], Samples, 4, 4);
        Labels();
    }

    private void Labels() => Npy.Write(folder["y.npy"], [.. Enumerable.Range(0, Samples).Select(i => (long)(i % 3))], Samples);

    private (long[] Ids, long[] Mask) Texts()
    {
        long[] ids = [.. Enumerable.Range(0, Samples * Tokens).Select(i => (long)(i * i % 11 % 8))], mask = [.. Enumerable.Range(0, Samples * Tokens).Select(i => i % Tokens < 2 + i / Tokens % 4 ? 1L : 0)];
        Npy.Write(folder["ids.npy"], ids, Samples, Tokens);
        Npy.Write(folder["mask.npy"], mask, Samples, Tokens);
        Labels();
        return (ids, mask);
    }

    /// <summary>Both inputs in one file, by their names.</summary>
    private string Npz(long[] ids, long[] mask)
    {
        using var zip = System.IO.Compression.ZipFile.Open(folder["text.npz"], System.IO.Compression.ZipArchiveMode.Create);
        foreach (var (name, values) in new[] { ("ids", ids), ("mask", mask) })
        {
            Npy.Write(folder["entry.npy"], values, Samples, Tokens);
            using var entry = zip.CreateEntry($"{name}.npy").Open();
            entry.Write(File.ReadAllBytes(folder["entry.npy"]));
        }
        return folder["text.npz"];
    }

    /// <summary>The mean of the rows of a table that count, then a layer.</summary>
    private static void WriteBags(string path, int seed)
    {
        MaskedSum.Write(path);
        var model = OnnxModel.Load(path).Proto;
        var graph = model.Graph;
        graph.Node[^1].Output[0] = "bag";
        graph.Initializer.Add(TensorData.Create("w", new float[MaskedSum.Classes * MaskedSum.Classes], MaskedSum.Classes, MaskedSum.Classes));
        graph.Initializer.Add(TensorData.Create("b", new float[MaskedSum.Classes], MaskedSum.Classes));
        foreach (var name in new[] { "table", "w", "b" })
            Weigh(graph.Initializer.Single(tensor => tensor.Name == name), seed);
        graph.Node.Add(new NodeProto { OpType = "Gemm", Input = { "bag", "w", "b" }, Output = { "logits" } });
        File.WriteAllBytes(path, model.ToByteArray());
    }

    private static void Weigh(TensorProto tensor, int seed) => tensor.SetFloats([.. Enumerable.Range(0, tensor.ElementCount()).Select(i => (float)Math.Sin(seed + i * i % 17))]);

    private static void GivesFeatures(ModelProto model) => model.Graph.Output.Add(ValueInfo.Create("flat", ElementType.Float32, "N", 16));

    private static void Casts(ModelProto model)
    {
        model.Graph.Node.Insert(0, new NodeProto { OpType = "Cast", Input = { "x" }, Output = { "floats" }, Attribute = { new AttributeProto { Name = "to", Type = AttributeProto.Types.AttributeType.Int, I = 1 } } });
        model.Graph.Node[1].Input[0] = "floats";
    }

    private static float[] Scores(ModelProto model, long[] ids, long[] mask)
    {
        using var session = new InferenceSession(model.ToByteArray());
        using var run = new RunOptions();
        using OrtValue first = OrtValue.CreateTensorValueFromMemory(ids, [Samples, Tokens]), second = OrtValue.CreateTensorValueFromMemory(mask, [Samples, Tokens]);
        using var results = session.Run(run, ["ids", "mask"], [first, second], ["logits"]);
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }
}
