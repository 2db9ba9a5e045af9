using System.Text.Json;
using Google.Protobuf;
using Onnx;
using OnnxKd.Core.Files;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Deployment;

public sealed class ConvertCommandTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    /// <summary>The bars of the conversion: 0.52 of the size, the same top class on 99.5 %.</summary>
    [Fact]
    public void Convert_ShippedTeacherToFloat16_IsHalfTheSizeAndAgrees()
    {
        var teacher = Path.Combine(Repository.Root, "models", "mnist-cnn-1.onnx");

        var report = Json("convert", teacher, "-o", folder["half.onnx"], "--to", "float16", "--samples", MnistPictures.Write(folder["mnist.npy"], 300), "--scale", "1/255");

        var size = (double)new FileInfo(folder["half.onnx"]).Length / new FileInfo(teacher).Length;
        Assert.True(size <= 0.52, $"{size}");
        Assert.Equal(300, report.GetProperty("samples").GetInt32());
        Assert.True(Output(report).GetProperty("top_class_agreement").GetDouble() >= 0.995);
        Assert.InRange(Output(report).GetProperty("relative_error").GetDouble(), 1e-6, 1e-2);
    }

    /// <summary>The map of each sample, as a session of the original's users reads it.</summary>
    [Theory]
    [InlineData("float16")]
    [InlineData("mixed")]
    [InlineData("int8")]
    [InlineData("opset=20")]
    public void Convert_ModelThatGivesMaps_GivesMapsAgain(string form)
    {
        var (random, weights) = (new Random(4), new float[8 * 16]);
        for (var i = 0; i < weights.Length; i++)
            weights[i] = (float)(random.NextDouble() - 0.5);
        var graph = new GraphProto
        {
            Name = "maps",
            Input = { ValueInfo.Create("x", ElementType.Float32, "N", 8) },
            Initializer = { TensorData.Create("w", weights, 8, 16), TensorData.Create("v", [.. weights.Take(16 * 3)], 16, 3) },
            Node =
            {
                new NodeProto { OpType = "MatMul", Input = { "x", "w" }, Output = { "h" } }, new NodeProto { OpType = "Relu", Input = { "h" }, Output = { "r" } },
                new NodeProto { OpType = "MatMul", Input = { "r", "v" }, Output = { "s" } }, new NodeProto { OpType = "Softmax", Name = "p", Input = { "s" }, Output = { "p" } },
            },
        };
        var model = new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } };
        graph.Output.Add(ZipMaps.Add(model, "p", new("probabilities", ["red", "green", "blue"], KeysAreTexts: true)));
        File.WriteAllBytes(folder["maps.onnx"], model.ToByteArray());
        float[] rows = [.. Enumerable.Range(0, 40 * 8).Select(_ => (float)(4 * random.NextDouble() - 2))];
        Npy.Write(folder["x.npy"], rows, 40, 8);

        Cli.Done("convert", folder["maps.onnx"], "-o", folder["converted.onnx"], "--to", form, "--samples", folder["x.npy"]);

        foreach (var (before, after) in Maps("maps.onnx").Zip(Maps("converted.onnx")))
            foreach (var key in (string[])["red", "green", "blue"])
                Assert.Equal(before[key], after[key], 0.05f);

        IEnumerable<IDictionary<string, float>> Maps(string file)
        {
            using var session = new Microsoft.ML.OnnxRuntime.InferenceSession(folder[file]);
            using var results = session.Run([Microsoft.ML.OnnxRuntime.NamedOnnxValue.CreateFromTensor("x", new Microsoft.ML.OnnxRuntime.Tensors.DenseTensor<float>(rows, [40, 8]))]);
            return [.. results[0].AsEnumerable<Microsoft.ML.OnnxRuntime.NamedOnnxValue>().Select(map => map.AsDictionary<string, float>())];
        }
    }

    [Theory]
    [InlineData("float16")]
    [InlineData("mixed")]
    public void Convert_ModelThatComputesNothingOfItsOwn_IsRefused(string form)
    {
        // As of trees: all that has floats beside them hands them on.
        var scaler = new NodeProto { OpType = "Scaler", Domain = "ai.onnx.ml", Input = { "x" }, Output = { "s" } };
        scaler.Attribute.Add(new AttributeProto { Name = "scale", Type = AttributeProto.Types.AttributeType.Floats, Floats = { 2 } });
        scaler.Attribute.Add(new AttributeProto { Name = "offset", Type = AttributeProto.Types.AttributeType.Floats, Floats = { 1 } });
        var graph = new GraphProto
        {
            Name = "trees", Input = { ValueInfo.Create("x", ElementType.Float32, "N", 2) }, Output = { ValueInfo.Create("y", ElementType.Float32, "N", 2) },
            Node = { scaler, new NodeProto { OpType = "Identity", Input = { "s" }, Output = { "y" } } },
        };
        var opsets = new[] { new OperatorSetIdProto { Version = 17 }, new OperatorSetIdProto { Domain = "ai.onnx.ml", Version = 3 } };
        File.WriteAllBytes(folder["trees.onnx"], new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { opsets } }.ToByteArray());
        Npy.Write(folder["x.npy"], new float[8], 4, 2);

        Assert.Contains("leave it as it is", Cli.Fails(3, "convert", folder["trees.onnx"], "-o", folder["half.onnx"], "--to", form, "--samples", folder["x.npy"]));
        Assert.False(File.Exists(folder["half.onnx"]));
    }

    [Fact]
    public void Convert_ValueInTheMiddleBeyondFloat16_IsRefusedAndStaysInFloat32()
    {
        // 16 values of 0 to 1.6, times 30,000, then times 1e-5: the outputs show nothing.
        LinearModel.Write(folder["large.onnx"], weight: 30_000, edit: model =>
        {
            model.Graph.Initializer.Add(TensorData.Create("small", [1e-5f], 1));
            model.Graph.Node[^1] = new NodeProto { OpType = "Mul", Input = { "product", "small" }, Output = { "logits" } };
        });

        var error = Cli.Fails(4, "convert", folder["large.onnx"], "-o", folder["half.onnx"], "--to", "float16", "--samples", Samples());
        Assert.Contains("larger than float16 can hold", error);
        Assert.Contains("'product'", error);
        Assert.False(File.Exists(folder["half.onnx"]));
        Assert.Contains("(stays in float32)", Cli.Done("convert", folder["large.onnx"], "-o", folder["mixed.onnx"], "--to", "mixed", "--samples", Samples()).Output);
        Assert.Contains(OnnxModel.Load(folder["mixed.onnx"]).Proto.Graph.Initializer, tensor => tensor.Name == "W" && tensor.DataType == (int)TensorProto.Types.DataType.Float);
    }

    [Fact]
    public void Convert_Values_AreJudgedByHowTheyVary()
    {
        // A column near 70,000 that varies by little, and a node called like the output of another.
        LinearModel.Write(folder["values.onnx"], edit: model =>
        {
            model.Graph.Initializer.Add(TensorData.Create("far", [7e4f, 0, 0], 3));
            model.Graph.Node[1].Name = "values";
            model.Graph.Node[^1] = new NodeProto { OpType = "Add", Input = { "product", "far" }, Output = { "values" } };
            model.Graph.Output[0].Name = "values";
        });

        Assert.Contains("a relative error of", Cli.Fails(4, "convert", folder["values.onnx"], "-o", folder["int8.onnx"], "--to", "int8", "--samples", Samples(), "--tolerance", "0.001"));
        Assert.Contains("larger than float16", Cli.Fails(4, "convert", folder["values.onnx"], "-o", folder["half.onnx"], "--to", "float16", "--samples", Samples()));
        var mixed = Cli.Done("convert", folder["values.onnx"], "-o", folder["mixed.onnx"], "--to", "mixed", "--samples", Samples()).Output;
        Assert.Contains("(of a column's deviation)", mixed);
        Assert.DoesNotContain("same top class", mixed);
    }

    [Fact]
    public void Convert_OverflowInFloat16_IsFourAndWritesNothing()
    {
        var error = Cli.Fails(4, "convert", Overflowing(), "-o", folder["half.onnx"], "--to", "float16", "--samples", Samples());

        Assert.Contains("--to mixed", error);
        Assert.False(File.Exists(folder["half.onnx"]));
    }

    [Fact]
    public void Convert_OverflowInMixed_KeepsTheNodesThatOverflow()
    {
        var report = Json("convert", Overflowing(), "-o", folder["mixed.onnx"], "--to", "mixed", "--samples", Samples());

        var nodes = report.GetProperty("nodes").EnumerateArray().ToArray();
        Assert.Equal(["large", "small"], nodes.Where(node => node.GetProperty("kept").GetBoolean()).Select(node => node.GetProperty("node").GetString()).Order());
        var converted = OnnxModel.Load(folder["mixed.onnx"]).Proto.Graph;
        Assert.Equal(
            (ElementType.Float16, ElementType.Float32),
            (converted.Initializer.Single(tensor => tensor.Name == "W").ElementTypeOf(), converted.Initializer.Single(tensor => tensor.Name == "up").ElementTypeOf()));
        Assert.Equal((int)ElementType.Float32.ToDataType(), converted.Output[0].DataTypeOf());
    }

    /// <summary>A model that bears float16 as a whole takes a handful of comparisons, however many nodes it has.</summary>
    [Fact]
    public void Convert_RobustModelToMixed_MeasuresItAsAWhole()
    {
        var teacher = Path.Combine(Repository.Root, "models", "mnist-cnn-1.onnx");

        var report = Json("convert", teacher, "-o", folder["mixed.onnx"], "--to", "mixed", "--samples", MnistPictures.Write(folder["mnist.npy"], 200), "--scale", "1/255");

        var nodes = report.GetProperty("nodes").EnumerateArray().ToArray();
        Assert.All(nodes, node => Assert.Equal((nodes.Length, false), (node.GetProperty("together").GetInt32(), node.GetProperty("kept").GetBoolean())));
        Assert.True(Output(report).GetProperty("top_class_agreement").GetDouble() >= 0.995);
    }

    [Fact]
    public void Convert_ToOrt_RunsAndMayBeReplaced()
    {
        var model = LinearModel.Write(folder["model.onnx"]);
        string[] line = ["convert", model, "-o", folder["model.ort"], "--to", "ort", "--samples", Samples()];

        Cli.Done(line);
        Cli.Done(line);

        Assert.Equal("ORTM"u8.ToArray(), File.ReadAllBytes(folder["model.ort"])[4..8]);
        Cli.Done("benchmark", folder["model.ort"], "--repeats", "2", "--warm-up", "0", "--device", "cpu");
    }

    [Fact]
    public void Convert_SomethingElseInPlace_IsKept()
    {
        var (model, other) = (LinearModel.Write(folder["model.onnx"]), LinearModel.Write(folder["other.onnx"]));
        var before = Hashing.Sha256OfFile(other);

        Assert.Contains("--force", Cli.Fails(2, "convert", model, "-o", other, "--to", "float16", "--samples", Samples()));
        Assert.Contains("a file that is read", Cli.Fails(2, "convert", model, "-o", model, "--to", "float16", "--samples", Samples(), "--force"));
        Assert.Equal(before, Hashing.Sha256OfFile(other));
        Cli.Done("convert", model, "-o", other, "--to", "float16", "--samples", Samples(), "--force");
        Assert.NotEqual(before, Hashing.Sha256OfFile(other));
    }

    [Theory]
    [InlineData("float8", "float16, mixed, int8, ort")]
    [InlineData("opset=99", "up to 26")]
    public void Convert_UnknownForm_ListsTheKnown(string form, string expected) =>
        Assert.Contains(expected, Cli.Fails(2, "convert", LinearModel.Write(folder["m.onnx"]), "-o", folder["o.onnx"], "--to", form, "--samples", Samples()));

    [Fact]
    public void Convert_WithoutSamples_AsksForThem() =>
        Assert.Contains("--samples FILE", Cli.Fails(2, "convert", LinearModel.Write(folder["m.onnx"]), "-o", folder["o.onnx"], "--to", "ort"));

    [Fact]
    public void Convert_SeveralInputs_AreComparedInStep()
    {
        Npy.Write(folder["tokens.npy"], [0L, 5, 3, 1, 2, 4], 3, 2);
        Npy.Write(folder["vector.npy"], [.. Enumerable.Range(0, 12).Select(i => i / 3f)], 3, 4);

        var report = Json(
            "convert", TwoInputModel.Write(folder["two.onnx"]), "-o", folder["half.onnx"], "--to", "float16",
            "--samples", $"tokens={folder["tokens.npy"]}", "--samples", $"vector={folder["vector.npy"]}");

        Assert.Equal(3, report.GetProperty("samples").GetInt32());
    }

    private static JsonElement Json(params string[] line) => JsonDocument.Parse(Cli.Done([.. line, "--json"]).Output).RootElement;

    private static JsonElement Output(JsonElement report) => report.GetProperty("outputs").EnumerateArray().Single();

    private string Samples()
    {
        var random = new Random(5);
        Npy.Write(folder["x.npy"], [.. Enumerable.Range(0, 40 * 16).Select(_ => random.NextSingle())], 40, 4, 4);
        return folder["x.npy"];
    }

    /// <summary>Between two products, values of a million: beyond float16.</summary>
    private string Overflowing() => LinearModel.Write(folder["overflow.onnx"], edit: proto =>
    {
        var random = new Random(7);
        proto.Graph.Initializer[0] = TensorData.Create("W", [.. Enumerable.Range(0, 48).Select(_ => random.NextSingle() - 0.5f)], 16, 3);
        proto.Graph.Initializer.Add(TensorData.Create("up", [1e6f], 1));
        proto.Graph.Initializer.Add(TensorData.Create("down", [1e-6f], 1));
        proto.Graph.Node[2] = new NodeProto { OpType = "Mul", Input = { "product", "up" }, Output = { "large" } };
        proto.Graph.Node.Add(new NodeProto { OpType = "Mul", Input = { "large", "down" }, Output = { "small" } });
        proto.Graph.Node.Add(new NodeProto { OpType = "Identity", Input = { "small" }, Output = { "logits" } });
    });

    public void Dispose() => folder.Dispose();
}
