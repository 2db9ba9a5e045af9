using System.Text.Json;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.EndToEnd;

/// <summary>What commands make of models with named inputs: students that are named, other commands than run, augmentation and grafts.</summary>
public sealed class NamedInputsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("transformer-tiny", "tokens.weight")]
    [InlineData("bilstm", "tokens.weight")]
    public void StudentOfText_ThatIsNamed_KnowsTheTeachersIds(string architecture, string table)
    {
        var run = Distil("bert3.onnx", "enc.npz", "--architecture", architecture); // one epoch teaches next to nothing, which is said
        Assert.Contains($"chosen: student.vocabulary 50, for {architecture}", run.Error);
        var student = OnnxModel.Load(folder["run/student.onnx"]);
        Assert.Equal(50, student.Proto.Graph.Initializer.Single(tensor => tensor.Name == table).Dims[0]);
        Assert.Equal(["attention_mask", "input_ids", "token_type_ids"], student.Proto.Graph.Input.Select(input => input.Name).Order());
    }

    [Fact]
    public void StudentOfText_ThatIsNamed_HasWhatTheSetsHaveWithoutATable()
    {
        // A teacher of ids that looks nothing up: ids, as numbers.
        var graph = new GraphProto
        {
            Name = "sums", Input = { ValueInfo.Create("ids", Core.Tensors.ElementType.Int64, "N", 12) }, Output = { ValueInfo.Create("logits", Core.Tensors.ElementType.Float32, "N", 2) },
            Initializer = { TensorData.Create("w", [.. Enumerable.Range(0, 24).Select(i => i % 3 - 1f)], 12, 2) },
            Node =
            {
                new NodeProto { OpType = "Cast", Input = { "ids" }, Output = { "floats" }, Attribute = { new AttributeProto { Name = "to", Type = AttributeProto.Types.AttributeType.Int, I = 1 } } },
                new NodeProto { OpType = "MatMul", Input = { "floats", "w" }, Output = { "logits" } },
            },
        };
        File.WriteAllBytes(folder["sums.onnx"], new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } }.ToByteArray());
        var run = Cli.Run(
            "run", "--runs", folder.Path, "--name", "run", "--teacher", folder["sums.onnx"], "--kind", "classes", "--samples", Repository.Field("bert-inputs", "ids.npy"), "--architecture", "transformer-tiny", "--epochs", "1",
            "--lr", "0.001", "--threads", "1", "--no-baseline");
        using var set = TransferSet.Open(new() { Samples = Repository.Field("bert-inputs", "ids.npy") });
        var values = new float[set.Count * set.SampleElements];
        set.Read([.. Enumerable.Range(0, (int)set.Count).Select(row => (long)row)], values);
        Assert.Contains($"student.vocabulary {(int)values.Max() + 1}", run.Error);
    }

    [Fact]
    public void Bilstm_LearnsAndTakesTheTeachersPlace()
    {
        MaskedSum.Write(folder["teacher.onnx"]);
        // Some samples have padding before the tokens, some between them, some at the end.
        long[] ids = [.. Enumerable.Range(0, 240 * 5).Select(i => (long)(i * 7 % 11 % MaskedSum.Known))];
        long[] mask = [.. Enumerable.Range(0, 240 * 5).Select(i => (i / 5 % 3) switch { 0 => i % 5 > 1, 1 => i % 5 != 2, _ => i % 5 < 3 } ? 1L : 0)];
        Npy.Write(folder["ids.npy"], ids, 240, 5);
        Npy.Write(folder["mask.npy"], mask, 240, 5);
        var data = $"{{ inputs: {{ ids: {folder["ids.npy"]}, mask: {folder["mask.npy"]} }} }}";
        Cli.Done(
            "run", "--runs", folder.Path, "--name", "run", "--teacher", folder["teacher.onnx"], "--kind", "classes", "--set", $"data.transfer={data}", "--set", $"data.test={data}", "--architecture", "bilstm",
            "--set", "student.hidden=12", "--set", "student.embedding=8", "--epochs", "20", "--batch-size", "16", "--lr", "0.02", "--threads", "1", "--no-baseline");

        using var options = new RunOptions();
        float[] Run(string model)
        {
            using var session = new InferenceSession(model);
            using var results = session.Run(
                options, new Dictionary<string, OrtValue> { ["ids"] = OrtValue.CreateTensorValueFromMemory(ids, [240, 5]), ["mask"] = OrtValue.CreateTensorValueFromMemory(mask, [240, 5]) }, ["logits"]);
            return results[0].GetTensorDataAsSpan<float>().ToArray();
        }
        var agreed = Run(folder["run/student.onnx"]).Chunk(3).Zip(Run(folder["teacher.onnx"]).Chunk(3), (own, taught) => Array.IndexOf(own, own.Max()) == Array.IndexOf(taught, taught.Max()) ? 1.0 : 0).Average();
        Assert.InRange(agreed, 0.85, 1);
        using var metrics = JsonDocument.Parse(File.ReadAllText(folder["run/metrics.json"]));
        Assert.Equal(agreed, metrics.RootElement.GetProperty("models").EnumerateArray().Single(model => model.GetProperty("role").GetString() == "student").GetProperty("agreement").GetDouble(), 6);
    }

    [Fact]
    public void Inspect_OfTexts_SaysWhichSamplesWouldTell()
    {
        var seen = Cli.Done("inspect", Repository.Field("string-and-columns", "str.onnx")).Output;
        Assert.Contains("teacher:    not known yet: samples decide it: give some with --samples FILE, a table with a column for each of sex (texts)", seen);
        Assert.DoesNotContain("no:", seen);
        seen = Cli.Done("inspect", Repository.Field("bert-inputs", "bert3.onnx")).Output;
        Assert.Contains("not known yet", seen);
        Assert.Contains("input_ids (INT64 [batch, seq]), attention_mask", seen);
        using var json = JsonDocument.Parse(Cli.Done("inspect", Repository.Field("string-and-columns", "str.onnx"), "--json").Output);
        Assert.False(json.RootElement.GetProperty("teacher").TryGetProperty("possible", out var possible) && possible.ValueKind != JsonValueKind.Null);
    }

    [Fact]
    public void LinesToAdd_AreWhatYamlTakes()
    {
        var error = Cli.Fails(
            2, "run", "--runs", folder["runs"], "--teacher", Repository.Field("bert-inputs", "bert3.onnx"), "--samples", Repository.Field("bert-inputs", "enc.npz"), "--test-samples", Repository.Field("bert-inputs", "ids.npy"), "--quick");
        Assert.Contains("data.test.inputs: { input_ids: FILE, attention_mask: FILE, token_type_ids: FILE }", error);
        var other = folder.Write("other.csv", "input_ids,attention_mask\n1,2\n");
        error = Cli.Fails(2, "run", "--runs", folder["runs"], "--teacher", Repository.Field("bert-inputs", "bert3.onnx"), "--samples", other, "--quick");
        Assert.Contains("data.transfer.inputs: { input_ids: \"#input_ids\", attention_mask: \"#attention_mask\", token_type_ids: FILE }", error);
    }

    [Fact]
    public void BenchmarkAndConvert_TakeOneFileForAllInputs()
    {
        string[] brief = ["--warm-up", "1", "--repeats", "3", "--device", "cpu"];
        var (teacher, samples) = (Repository.Field("bert-inputs", "bert3.onnx"), Repository.Field("bert-inputs", "enc.npz"));
        Assert.Contains("bert3.onnx", Cli.Done(["benchmark", teacher, "--samples", samples, "--batch-sizes", "4", .. brief]).Output);
        Cli.Done(["benchmark", Repository.Field("bert-inputs", "bert2.onnx"), teacher, "--samples", samples, .. brief]); // each takes what it has
        Cli.Done(["benchmark", teacher, "--samples", $"input_ids={samples}#input_ids", "--samples", "attention_mask=1", "--samples", "token_type_ids=zeros", .. brief]);
        Cli.Done(["benchmark", Repository.Field("string-and-columns", "titanic.onnx"), "--samples", Repository.Field("string-and-columns", "t.csv"), .. brief]);
        Cli.Done("convert", teacher, "-o", folder["half.onnx"], "--to", "float16", "--samples", samples);
        Cli.Done("convert", Repository.Field("string-and-columns", "titanic.onnx"), "-o", folder["titanic.ort"], "--to", "ort", "--samples", Repository.Field("string-and-columns", "t.csv"));
        var error = Cli.Fails(2, "benchmark", teacher, "--samples", Repository.Field("string-and-columns", "t.csv"));
        Assert.Contains("missing: input_ids, attention_mask, token_type_ids", error);
        Assert.Contains("INPUT=FILE#KEY", error);
    }

    [Fact]
    public void Convert_OfTexts_ComparesWhatTextsGive()
    {
        // ONNX Runtime's own answers of the file before and after, on the texts of the table.
        Cli.Done("convert", Repository.Field("string-and-columns", "str.onnx"), "-o", folder["str.ort"], "--to", "ort", "--samples", Repository.Field("string-and-columns", "t.csv"));
        float[] Run(string model)
        {
            using var session = new InferenceSession(model);
            using var options = new RunOptions();
            using var texts = OrtValue.CreateTensorWithEmptyStrings(OrtAllocator.DefaultInstance, [2, 1]);
            texts.StringTensorSetElementAt("male".AsSpan(), 0);
            texts.StringTensorSetElementAt("female".AsSpan(), 1);
            using var results = session.Run(options, new Dictionary<string, OrtValue> { ["sex"] = texts }, [session.OutputMetadata.Keys.First()]);
            return results[0].GetTensorDataAsSpan<float>().ToArray();
        }
        Assert.Equal(Run(Repository.Field("string-and-columns", "str.onnx")), Run(folder["str.ort"]));
    }

    /// <summary>An empty name at the end of a node's inputs ended the process within ONNX Runtime.</summary>
    [Fact]
    public void Benchmark_OfANodeWithAnEmptyLastInput_Runs()
    {
        var graph = new GraphProto
        {
            Name = "norm", Input = { ValueInfo.Create("x", Core.Tensors.ElementType.Float32, "N", 4) }, Output = { ValueInfo.Create("y", Core.Tensors.ElementType.Float32, "N", 4) },
            Initializer = { TensorData.Create("scale", [1f, 2, 3, 4], 4) }, Node = { new NodeProto { OpType = "LayerNormalization", Input = { "x", "scale", "" }, Output = { "y" } } },
        };
        File.WriteAllBytes(folder["norm.onnx"], new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } }.ToByteArray());
        Assert.Contains("norm.onnx", Cli.Done("benchmark", folder["norm.onnx"], "--warm-up", "1", "--repeats", "3", "--device", "cpu").Output);
    }

    [Fact]
    public void Mixup_OfInputsOfFloats_TeachesMixedSamples()
    {
        Columns();
        Cli.Done("run", Recipe("capture: { threads: 1, views: 2, augmentation: { mixup: { alpha: 0.4 } } }"), "--runs", folder.Path);
        using var metrics = JsonDocument.Parse(File.ReadAllText(folder["run/metrics.json"]));
        Assert.True(metrics.RootElement.GetProperty("models").EnumerateArray().Single(model => model.GetProperty("role").GetString() == "student").GetProperty("agreement").GetDouble() > 0.8);
    }

    [Theory]
    [InlineData("capture: { threads: 1, views: 2, augmentation: { mixup: { alpha: 0.4 } } }", "remove 'capture.augmentation', and 'capture.views'")]
    [InlineData("capture: { threads: 1, views: 2, augmentation: { noise: { std: 0.1 } } }", "remove 'capture.augmentation', and 'capture.views'")]
    public void Augmentation_OfTokenIds_IsRefusedBeforeAnyWork(string capture, string line)
    {
        var recipe = folder.Write("bert.yaml", $$"""
            data: { transfer: { samples: {{Repository.Field("bert-inputs", "enc.npz")}} } }
            teachers: [ model: {{Repository.Field("bert-inputs", "bert3.onnx")}} ]
            {{capture}}
            student: { architecture: transformer-tiny }
            objective: [ soft: { temperature: 2 } ]
            training: { threads: 1, epochs: 1, batch-size: 16, optimizer: { learning-rate: 0.01 } }
            """);
        foreach (var command in new[] { "plan", "run" })
        {
            var error = Cli.Fails(2, command, recipe, "--runs", folder["runs"]);
            Assert.Contains("input 'input_ids'", error);
            Assert.Contains(line, error);
            Assert.DoesNotContain("rows of logits", error);
        }
    }

    [Fact]
    public void Graft_OfModelsOfSeveralInputs_KeepsTheHeadAndTheInputs()
    {
        Columns();
        var recipe = folder.Write("graft.yaml", $$"""
            name: run
            data: { {{Sets}} }
            teachers: [ { model: columns.onnx, kind: classes, features: { hidden: hidden } } ]
            capture: { threads: 1 }
            student: { architecture: mlp, widths: [12] }
            objective: [ hint: { student: projector, teacher: hidden } ]
            training: { threads: 1, epochs: 60, batch-size: 16, optimizer: { name: adam, learning-rate: 0.01 } }
            stages:
              grafted: { graft: { at: hidden1.relu, head: columns.onnx, from: hidden } }
              student: { train: { student: { stage: grafted } } }
            """);
        Cli.Done("run", recipe, "--runs", folder.Path);
        var (student, teacher) = (OnnxModel.Load(folder["run/student.onnx"]).Proto.Graph, OnnxModel.Load(folder["columns.onnx"]).Proto.Graph);
        Assert.Equal(["a", "b"], student.Input.Select(input => input.Name).Order());
        Assert.Equal(teacher.Initializer.Single(tensor => tensor.Name == "v").ToFloats(), student.Initializer.Single(tensor => tensor.Name == "head/v").ToFloats());

        using var options = new RunOptions();
        float[] Run(string model)
        {
            using var session = new InferenceSession(model);
            using var results = session.Run(
                options, new Dictionary<string, OrtValue> { ["a"] = OrtValue.CreateTensorValueFromMemory(Values(4), [96, 4]), ["b"] = OrtValue.CreateTensorValueFromMemory(Values(2), [96, 2]) }, ["logits"]);
            return results[0].GetTensorDataAsSpan<float>().ToArray();
        }
        var agreed = Run(folder["run/student.onnx"]).Chunk(3).Zip(Run(folder["columns.onnx"]).Chunk(3), (own, taught) => Array.IndexOf(own, own.Max()) == Array.IndexOf(taught, taught.Max()) ? 1.0 : 0).Average();
        Assert.InRange(agreed, 0.8, 1);
    }

    private const string Sets = "transfer: { inputs: { a: a.npy, b: b.npy } }, test: { inputs: { a: a.npy, b: b.npy } }";

    private string Recipe(string capture) => folder.Write("run.yaml", $$"""
        data: { {{Sets}} }
        teachers: [ { model: columns.onnx, kind: classes } ]
        {{capture}}
        student: { architecture: mlp, widths: [16] }
        objective: [ soft: { temperature: 1 } ]
        training: { threads: 1, epochs: 60, batch-size: 16, optimizer: { name: adam, learning-rate: 0.01 } }
        """);

    private static float[] Values(int width) => [.. Enumerable.Range(0, 96 * width).Select(i => i * (31 + width) % 100 / 50f - 1)];

    /// <summary>Two inputs of numbers: relu([a, b] · w) · v.</summary>
    private void Columns()
    {
        Npy.Write(folder["a.npy"], Values(4), 96, 4);
        Npy.Write(folder["b.npy"], Values(2), 96, 2);
        var graph = new GraphProto
        {
            Name = "columns",
            Input = { ValueInfo.Create("a", Core.Tensors.ElementType.Float32, "N", 4), ValueInfo.Create("b", Core.Tensors.ElementType.Float32, "N", 2) },
            Output = { ValueInfo.Create("logits", Core.Tensors.ElementType.Float32, "N", 3) },
            Initializer = { TensorData.Create("w", [.. Enumerable.Range(0, 48).Select(i => i * 7 % 11 / 5f - 1)], 6, 8), TensorData.Create("v", [.. Enumerable.Range(0, 24).Select(i => i * 5 % 7 / 3f - 1)], 8, 3) },
            Node =
            {
                new NodeProto { Name = "joined", OpType = "Concat", Input = { "a", "b" }, Output = { "joined" }, Attribute = { new AttributeProto { Name = "axis", Type = AttributeProto.Types.AttributeType.Int, I = 1 } } },
                new NodeProto { Name = "sums", OpType = "MatMul", Input = { "joined", "w" }, Output = { "sums" } },
                new NodeProto { Name = "hidden", OpType = "Relu", Input = { "sums" }, Output = { "hidden" } },
                new NodeProto { Name = "logits", OpType = "MatMul", Input = { "hidden", "v" }, Output = { "logits" } },
            },
        };
        File.WriteAllBytes(folder["columns.onnx"], new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } }.ToByteArray());
    }

    private CliResult Distil(string teacher, string samples, params string[] more) => Cli.Run(
    [
        "run", "--runs", folder.Path, "--name", "run", "--teacher", Repository.Field("bert-inputs", teacher), "--samples", Repository.Field("bert-inputs", samples), "--test-samples", Repository.Field("bert-inputs", samples), "--threads", "1",
        "--no-baseline", .. more.Contains("--epochs") ? more : [.. more, "--epochs", "1", "--lr", "0.001"],
    ]);
}
