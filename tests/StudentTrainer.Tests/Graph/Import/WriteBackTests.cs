using System.Runtime.InteropServices;
using Google.Protobuf;
using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Students.Layers;
using OnnxKd.StudentTrainer.Tests.Students;
using OnnxKd.StudentTrainer.Tests.Support;
using static Onnx.AttributeProto.Types;
using static Onnx.TensorProto.Types;

namespace OnnxKd.StudentTrainer.Tests.Graph.Import;

/// <summary>Import, then export: weights change and nothing else does; untrained, not a byte.</summary>
public sealed class WriteBackTests : IDisposable
{
    private static readonly float[] Four = [1, -2, 3.5f, 0.1f];

    private static TensorProto Placeholder => TensorData.Create("", [0f]);

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<string> BuiltIn => [.. StudentCase.All.Keys];

    [Theory]
    [MemberData(nameof(BuiltIn))]
    public void Export_OfUntrainedStudent_IsTheSameFile(string name)
    {
        var student = StudentCase.All[name].Build();
        Assert.Equal(student.ToBytes(), Exports.WithoutTraining(student).ToBytes());
    }

    [Fact]
    public void Export_OfExternalData_HoldsItInTheFile()
    {
        File.WriteAllBytes(folder["weights.bin"], [0, 0, 0, 0, .. MemoryMarshal.AsBytes<float>(Four)]);
        var proto = Linear("w").Proto;
        var tensor = new TensorProto { Name = "w", Dims = { 2, 2 }, DataType = (int)DataType.Float, DataLocation = DataLocation.External };
        foreach (var (key, value) in new[] { ("location", "weights.bin"), ("offset", "4"), ("length", "16") })
            tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
        proto.Graph.Initializer.Add(tensor);
        File.WriteAllBytes(folder["model.onnx"], proto.ToByteArray());
        var model = OnnxModel.Load(folder["model.onnx"]);

        Assert.Equal(model.Proto, Exports.WithoutTraining(model).Proto);
        var trained = Exports.After(model, (_, weight) => weight.mul_(2));
        Assert.Equal(Four.Select(value => 2 * value), trained.Proto.Graph.Initializer[0].ToFloats());
        RequireParity(trained);
    }

    [Theory]
    [InlineData(ElementType.Float16)]
    [InlineData(ElementType.BFloat16)]
    public void Export_OfUntrainedHalves_IsTheSameFile(ElementType type)
    {
        // Every second number of either format, infinities and what is no number left out.
        var bits = Enumerable.Range(0, 1 << 15).Select(i => (ushort)(i * 2))
            .Where(half => (half & 0x7f80) != 0x7f80 && (half & 0x7c00) != 0x7c00).ToArray();
        var model = new NodeModel(17, "N", bits.Length)
            .Tensor(TensorData.Create("scale", type, MemoryMarshal.AsBytes<ushort>(bits), bits.Length))
            .Node("Cast", "scale", "wide", ("to", 1))
            .Floats("w", new float[bits.Length], bits.Length, 1).Node("Mul", "x wide", "a").Node("MatMul", "a w", "y").Build();
        var include = new StudentImport { Parameters = new(["scale"], []) };
        Assert.Equal(model.ToBytes(), Exports.WithoutTraining(model, include).ToBytes());
    }

    [Fact]
    public void Export_OfNumbersInConstants_WritesThemWhereTheyAre()
    {
        var model = new NodeModel(17, "N", 2).Floats("w", Four, 2, 2).Constant("s", Placeholder).Constant("b", Placeholder)
            .Node("MatMul", "x w", "a").Node("Add", "a b", "c").Node("Mul", "c s", "y").Build();
        model.Proto.Graph.Node[0].Attribute[0] = new() { Name = "value_float", Type = AttributeType.Float, F = 3 };
        model.Proto.Graph.Node[1].Attribute[0] = new() { Name = "value_floats", Type = AttributeType.Floats, Floats = { 5, 6 } };
        var import = new StudentImport { Parameters = new(["s"], []) };
        Assert.Equal(model.ToBytes(), Exports.WithoutTraining(model, import).ToBytes());

        var expected = model.Proto.Clone();
        expected.Graph.Node[0].Attribute[0].F = 4;
        expected.Graph.Node[1].Attribute[0].Floats[0] = 6;
        expected.Graph.Node[1].Attribute[0].Floats[1] = 7;
        var trained = Exports.After(model, (name, weight) => weight.add_(name == "w" ? 0 : 1), import);
        Assert.Equal(expected, trained.Proto);
        RequireParity(trained);
    }

    [Fact]
    public void Export_OfIfWithWeightsInItsBranches_WritesTheBranchThatRuns()
    {
        var model = Branches(taken: true);
        Assert.Equal(model.ToBytes(), Exports.WithoutTraining(model).ToBytes());

        var trained = Exports.After(model, (_, weight) => weight.add_(1));
        var expected = model.Proto.Clone();
        var branch = expected.Graph.Node[0].Attribute.Single(attribute => attribute.Name == "then_branch").G;
        branch.Initializer[0].SetFloats([2, -1, 4.5f, 1.1f]);
        branch.Node[0].Attribute[0].T.SetFloats([6, 7]);
        Assert.Equal(expected, trained.Proto);
        RequireParity(trained);
        RequireParity(Exports.After(Branches(taken: false), (_, weight) => weight.add_(1)));
    }

    [Fact]
    public void Export_OfInitializersThatAreInputsToo_KeepsTheList()
    {
        var model = Linear("w");
        model.Proto.IrVersion = 3;
        model.Proto.OpsetImport[0].Version = 8;
        model.Proto.Graph.Initializer.Add(TensorData.Create("w", Four, 2, 2));
        model.Proto.Graph.Input.Insert(0, ValueInfo.Create("w", ElementType.Float32, 2, 2));
        Assert.Equal(model.ToBytes(), Exports.WithoutTraining(model).ToBytes());
        var trained = Exports.After(model, (_, weight) => weight.add_(1));
        Assert.Equal(model.Proto.Graph.Input, trained.Proto.Graph.Input);
        RequireParity(trained, input: "x");
    }

    /// <summary>ONNX 1.16 gave nodes, tensors and graphs entries of metadata, and models a list of devices.</summary>
    [Fact]
    public void Export_OfFieldsThatTheSchemaDoesNotKnow_KeepsThem()
    {
        byte[] metadata = [.. new StringStringEntryProto { Key = "namespace", Value = "block/0" }.ToByteArray()];
        var model = Linear("w");
        var graph = model.Proto.Graph;
        graph.Initializer.Add(TensorProto.Parser.ParseFrom(WithField(TensorData.Create("w", Four, 2, 2), 16, metadata)));
        graph.Node[0] = NodeProto.Parser.ParseFrom(WithField(graph.Node[0], 9, metadata));
        model = OnnxModel.FromProto(ModelProto.Parser.ParseFrom(WithField(model.Proto, 26, metadata)));
        var trained = Exports.After(model, (_, weight) => weight.add_(1));

        var expected = model.Proto.Clone();
        expected.Graph.Initializer[0].SetFloats([2, -1, 4.5f, 1.1f]);
        Assert.Equal(expected.ToByteArray(), trained.ToBytes());
        Assert.Equal(3, Occurrences(trained.ToBytes(), metadata));
        RequireParity(trained);
    }

    [Theory]
    [InlineData(17)]
    [InlineData(13)]
    public void Export_OfModelInTrainingMode_IsForInference(int opset)
    {
        var model = new NodeModel(opset, "N", 4).Floats("s", Four, 4).Floats("b", Four, 4).Floats("m", Four, 4).Floats("v", [1, 2, 3, 4], 4)
            .Floats("w", Numbers.Uniform(1, 12), 4, 3).Floats("ratio", [0.5f]).Tensor(TensorData.Create("train", ElementType.Bool, [1]))
            .Node("BatchNormalization", "x s b m v", opset < 14 ? "a m1 v1 m2 v2" : "a m1 v1", opset < 14 ? [] : [("training_mode", 1)])
            .Node("Dropout", "a ratio train", "d mask").Node("MatMul", "d w", "y").Build();
        model.Proto.Graph.Output.Add(new ValueInfoProto { Name = "m1", Type = new() { TensorType = new() { ElemType = 1 } } });

        var shipped = Exports.WithoutTraining(model).Proto;
        Assert.Equal(["a"], shipped.Graph.Node[0].Output);
        Assert.Equal(["a", "ratio"], shipped.Graph.Node[1].Input);
        Assert.Equal(["y"], shipped.Graph.Output.Select(output => output.Name));
        Assert.All(shipped.Graph.Node[0].Attribute, attribute => Assert.Equal(0, attribute.I));
        Assert.Equal(model.Proto.Graph.Initializer, shipped.Graph.Initializer);
        Oracle.RequireParity(OnnxModel.FromProto(shipped), Numbers.Uniform(2, 12), [3, 4]);
    }

    private static void RequireParity(OnnxModel model, string? input = null)
    {
        if (input is not null)
        {
            // ONNX Runtime is given inputs by their order: the one without an initializer is to come first.
            var listed = model.Proto.Graph.Input.Single(value => value.Name == input);
            model.Proto.Graph.Input.Remove(listed);
            model.Proto.Graph.Input.Insert(0, listed);
        }
        Oracle.RequireParity(model, Numbers.Uniform(1, 6), [3, 2]);
    }

    /// <summary>y = x · weight; the weight is to be added.</summary>
    private static OnnxModel Linear(string weight)
    {
        var model = new NodeModel(17, "N", 2).Floats(weight, Four, 2, 2).Node("MatMul", $"x {weight}", "y").Build();
        model.Proto.Graph.Initializer.Clear();
        return model;
    }

    private static OnnxModel Branches(bool taken)
    {
        byte[] condition = [taken ? (byte)1 : (byte)0];
        var model = new NodeModel(17, "N", 2).Tensor(TensorData.Create("condition", ElementType.Bool, condition)).Build("x");
        var graph = model.Proto.Graph;
        graph.Node.Add(new NodeProto
        {
            OpType = "If", Name = "choice", Input = { "condition" }, Output = { "y" },
            Attribute = { Branch("then_branch", 1), Branch("else_branch", -1) },
        });
        graph.Output[0].Name = "y";
        return OnnxModel.FromProto(model.Proto);
    }

    private static AttributeProto Branch(string name, float factor)
    {
        var bias = TensorData.Create("", [5 * factor, 6 * factor], 2);
        return new()
        {
            Name = name, Type = AttributeType.Graph,
            G = new()
            {
                Name = name, Initializer = { TensorData.Create($"{name}.w", Four, 2, 2) },
                Node =
                {
                    Constant($"{name}.b", new() { Name = "value", Type = AttributeType.Tensor, T = bias }),
                    new NodeProto { OpType = "MatMul", Input = { "x", $"{name}.w" }, Output = { $"{name}.a" } },
                    new NodeProto { OpType = "Add", Input = { $"{name}.a", $"{name}.b" }, Output = { $"{name}.y" } },
                },
                Output = { new ValueInfoProto { Name = $"{name}.y", Type = new() { TensorType = new() { ElemType = 1 } } } },
            },
        };
    }

    private static NodeProto Constant(string output, AttributeProto attribute) =>
        new() { OpType = "Constant", Output = { output }, Attribute = { attribute } };

    private static byte[] WithField(IMessage message, int field, byte[] content)
    {
        using var stream = new MemoryStream();
        using (var output = new CodedOutputStream(stream))
        {
            message.WriteTo(output);
            output.WriteTag(field, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(ByteString.CopyFrom(content));
        }
        return stream.ToArray();
    }

    private static int Occurrences(ReadOnlySpan<byte> bytes, byte[] part) => bytes.Count(part);
}
