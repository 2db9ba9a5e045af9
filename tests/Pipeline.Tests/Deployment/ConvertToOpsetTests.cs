using System.Text.Json;
using Google.Protobuf;
using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Deployment;

/// <summary>Models raised to newer operator sets compute what they computed, or are refused.</summary>
public sealed class ConvertToOpsetTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(22)]
    [InlineData(23)]
    [InlineData(24)]
    [InlineData(25)]
    [InlineData(26)]
    public void Convert_OldOperators_MeanTheSameInNewSets(int opset)
    {
        var report = Json("convert", OldOperators(9), "-o", folder["new.onnx"], "--to", $"opset={opset}", "--samples", Samples(), "--tolerance", "0");

        var converted = OnnxModel.Load(folder["new.onnx"]).Proto;
        Assert.Equal(opset, converted.OpsetImport.Single().Version);
        Assert.Equal(0, Output(report).GetProperty("max_abs").GetDouble());
        Assert.Contains(converted.Graph.Node, node => node.OpType == "Resize");
        Assert.DoesNotContain(converted.Graph.Node, node => node.OpType == "Upsample");
    }

    /// <summary>Every operator that sets 23 to 26 changed, and that a model of one input can have.</summary>
    [Theory]
    [InlineData(24)]
    [InlineData(26)]
    public void Convert_OperatorsThatNewSetsChanged_MeanTheSame(int opset)
    {
        var model = LinearModel.Write(folder["model.onnx"], edit: proto =>
        {
            proto.OpsetImport[0].Version = 22;
            proto.IrVersion = 10;
            var graph = proto.Graph;
            graph.Initializer.Add(TensorData.Create("scale", [0.03f]));
            graph.Initializer.Add(TensorData.Create("shape", [0L, 16], 2));
            graph.Initializer.Add(TensorData.Create("pads", [0L, 1, 0, 0], 4));
            graph.Initializer.Add(TensorData.Create("axis", [1L], 1));
            graph.Initializer.Add(TensorData.Create("k", [16L], 1));
            graph.Node[0] = new NodeProto { OpType = "Reshape", Input = { "x", "shape" }, Output = { "reshaped" } };
            NodeProto[] more =
            [
                Node("QuantizeLinear", "reshaped", "q"), Node("DequantizeLinear", "q", "dq"), Node("Transpose", "dq", "turned", Ints("perm", 1, 0)), Node("Transpose", "turned", "back", Ints("perm", 1, 0)),
                Node("Pad", "back", "padded"), Node("TopK", "padded", "top"), Node("Unsqueeze", "top", "deep"), Node("Squeeze", "deep", "flatter"), Node("Flatten", "flatter", "rows"),
                Node("Cast", "rows", "double", Int("to", 11)), Node("CastLike", "double", "single"), Node("Identity", "single", "flat"),
            ];
            string[][] further = [["scale"], ["scale"], [], [], ["pads"], ["k"], ["axis"], ["axis"], [], [], ["x"], []];
            foreach (var (node, inputs) in more.Zip(further))
                node.Input.Add(inputs);
            more[5].Output.Add("places");
            for (var i = 0; i < more.Length; i++)
                graph.Node.Insert(1 + i, more[i]);
        });

        var report = Json("convert", model, "-o", folder["new.onnx"], "--to", $"opset={opset}", "--samples", Samples(), "--tolerance", "0");

        Assert.Equal(0, Output(report).GetProperty("max_abs").GetDouble());
        Assert.Equal(opset, OnnxModel.Load(folder["new.onnx"]).Proto.OpsetImport.Single().Version);
    }

    [Fact]
    public void Convert_AttentionThatGivesItsScores_IsRefusedByName()
    {
        var model = LinearModel.Write(folder["model.onnx"], edit: proto =>
        {
            (proto.OpsetImport[0].Version, proto.IrVersion) = (23, 11);
            var graph = proto.Graph;
            graph.Node.Clear();
            graph.Node.Add(new NodeProto
            {
                Name = "attends", OpType = "Attention", Input = { "x", "x", "x" }, Output = { "logits", "", "", "scores" }, Attribute = { Int("q_num_heads", 1), Int("kv_num_heads", 1) },
            });
            graph.Initializer.Clear();
            graph.Output[0] = ValueInfo.Create("logits", ElementType.Float32, "N", 4, 4);
            graph.Output.Add(ValueInfo.Create("scores", ElementType.Float32, "N", 1, 4, 4));
        });

        var error = Cli.Fails(3, "convert", model, "-o", folder["new.onnx"], "--to", "opset=24", "--samples", Samples());

        Assert.Contains("'attends' (Attention)", error);
    }

    [Fact]
    public void Convert_OperatorWithoutARule_IsRefusedByName()
    {
        var error = Cli.Fails(3, "convert", OfTwelve("Hardmax"), "-o", folder["new.onnx"], "--to", "opset=13", "--samples", Samples());

        Assert.Contains("'logits' (Hardmax)", error);
        Assert.Contains("its rules are not known", error);
    }

    /// <summary>Before 13 the four rows of three are one distribution of twelve, and so they are afterwards: the comparison says so.</summary>
    [Fact]
    public void Convert_SoftmaxOverSeveralAxes_StaysOverThem()
    {
        var report = Json("convert", OfTwelve("Softmax"), "-o", folder["new.onnx"], "--to", "opset=18", "--samples", Samples());
        Assert.InRange(Output(report).GetProperty("relative_error").GetDouble(), 0, 1e-6);
    }

    private string OfTwelve(string activation) => LinearModel.Write(folder["model.onnx"], activation: activation, edit: proto =>
    {
        proto.OpsetImport[0].Version = 11;
        proto.Graph.Node[0] = new NodeProto { OpType = "Identity", Input = { "x" }, Output = { "flat" } };
        proto.Graph.Initializer[0] = TensorData.Create("W", [.. Enumerable.Range(0, 12).Select(i => i / 4f)], 4, 3);
        proto.Graph.Output[0] = ValueInfo.Create("logits", ElementType.Float32, "N", 4, 3);
    });

    [Fact]
    public void Convert_ToAnOlderSet_IsRefused() =>
        Assert.Contains("can only be raised", Cli.Fails(2, "convert", LinearModel.Write(folder["m.onnx"]), "-o", folder["o.onnx"], "--to", "opset=11", "--samples", Samples()));

    private static JsonElement Json(params string[] line) => JsonDocument.Parse(Cli.Done([.. line, "--json"]).Output).RootElement;

    private static JsonElement Output(JsonElement report) => report.GetProperty("outputs").EnumerateArray().Single();

    private string Samples()
    {
        var random = new Random(5);
        Npy.Write(folder["x.npy"], [.. Enumerable.Range(0, 40 * 16).Select(_ => random.NextSingle())], 40, 4, 4);
        return folder["x.npy"];
    }

    /// <summary>Operators that operator sets 10 to 20 changed, each with what they had before: [N, 4, 4] to [N, 3].</summary>
    private string OldOperators(int opset)
    {
        var graph = new GraphProto
        {
            Name = "old",
            Input = { ValueInfo.Create("x", ElementType.Float32, "N", 4, 4) },
            Output = { ValueInfo.Create("p", ElementType.Float32, "N", 3) },
            Initializer = { TensorData.Create("W", [.. Enumerable.Range(0, 24).Select(i => i % 5 - 2f)], 8, 3), TensorData.Create("scales", [1f, 1, 2, 2], 4) },
            Node =
            {
                Node("Unsqueeze", "x", "image", Ints("axes", 1)),
                new NodeProto { OpType = "Upsample", Input = { "image", "scales" }, Output = { "large" } },
                Node("Slice", "large", "cut", Ints("starts", 0, 1), Ints("ends", 6, 7), Ints("axes", 2, 3)),
                Node("Pad", "cut", "padded", Ints("pads", 0, 0, 1, 1, 0, 0, 1, 1), Float("value", 0.25f)),
                Node("Clip", "padded", "clipped", Float("min", 0.1f), Float("max", 0.8f)),
                Node("Dropout", "clipped", "kept", Float("ratio", 0.5f)),
                Node("Squeeze", "kept", "rows", Ints("axes", 1)),
                Node("ReduceSum", "rows", "sums", Ints("axes", 2), Int("keepdims", 0)),
                Node("ReduceMax", "rows", "peaks", Ints("axes", -1), Int("keepdims", 0)),
                new NodeProto { OpType = "Add", Input = { "sums", "peaks" }, Output = { "both" } },
                new NodeProto { OpType = "Split", Input = { "both" }, Output = { "first", "second" }, Attribute = { Int("axis", 1) } },
                new NodeProto { OpType = "Concat", Input = { "second", "first" }, Output = { "turned" }, Attribute = { Int("axis", 1) } },
                new NodeProto { OpType = "TopK", Input = { "turned" }, Output = { "best", "places" }, Attribute = { Int("k", 8) } },
                new NodeProto { OpType = "MatMul", Input = { "best", "W" }, Output = { "product" } },
                new NodeProto { OpType = "Softmax", Input = { "product" }, Output = { "p" } },
            },
        };
        // Until 9, TopK's k was an attribute, and ReduceMax could not count axes from the end.
        graph.Node[8].Attribute[0] = Ints("axes", 2);
        File.WriteAllBytes(folder["old.onnx"], new ModelProto { IrVersion = 4, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = opset } } }.ToByteArray());
        return folder["old.onnx"];
    }

    private static NodeProto Node(string operation, string from, string to, params AttributeProto[] attributes) =>
        new() { OpType = operation, Input = { from }, Output = { to }, Attribute = { attributes } };

    private static AttributeProto Ints(string name, params long[] values) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Ints, Ints = { values } };

    private static AttributeProto Int(string name, long value) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = value };

    private static AttributeProto Float(string name, float value) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Float, F = value };
}
