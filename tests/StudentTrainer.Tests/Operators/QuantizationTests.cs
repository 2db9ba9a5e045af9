using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Tests.Support;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Operators;

public class QuantizationTests
{
    private static readonly double[] Values = [-300, -1.5, -0.5, 0, 0.5, 1.5, 2.5, 100.4, 126.6, 127.6, 254.9, 400];

    [Theory]
    [InlineData(10, ElementType.UInt8, 128.0)]
    [InlineData(10, ElementType.Int8, -3.0)]
    [InlineData(13, ElementType.UInt8, 0.0)]
    [InlineData(19, ElementType.Int8, 5.0)]
    [InlineData(21, ElementType.Int16, -100.0)]
    public void QuantizeLinear_OfOneScale_EqualsOnnxRuntime(int opset, ElementType type, double zero) =>
        new NodeCase(opset, "QuantizeLinear").Input(ElementType.Float32, [3, 4], Values)
            .Input(ElementType.Float32, [], 0.5).Input(type, [], zero).RequireParity();

    [Fact]
    public void QuantizeLinear_WithoutZeroPoint_GivesBytes() =>
        new NodeCase(13, "QuantizeLinear").Input(ElementType.Float32, [12], Values).Input(ElementType.Float32, [], 2).RequireParity();

    [Fact]
    public void QuantizeLinear_OfOutputType_EqualsOnnxRuntime() =>
        new NodeCase(21, "QuantizeLinear", ("output_dtype", (int)Onnx.TensorProto.Types.DataType.Int8))
            .Input(ElementType.Float32, [12], Values).Input(ElementType.Float32, [], 2).RequireParity();

    [Theory]
    [InlineData(13, 1)]
    [InlineData(19, -1)]
    [InlineData(21, 0)]
    public void QuantizeLinear_OfScalePerPosition_EqualsOnnxRuntime(int opset, int axis)
    {
        long size = axis == 0 ? 3 : 4;
        new NodeCase(opset, "QuantizeLinear", ("axis", axis)).Input(ElementType.Float32, [3, 4], Values)
            .Input(ElementType.Float32, [size], [.. Enumerable.Range(1, (int)size).Select(i => i * 0.75)])
            .Input(ElementType.Int8, [size], [.. Enumerable.Range(1, (int)size).Select(i => (double)i - 2)]).RequireParity();
    }

    [Fact]
    public void QuantizeLinear_OfHalves_EqualsOnnxRuntime() =>
        new NodeCase(19, "QuantizeLinear").Input(ElementType.Float16, [12], Values)
            .Input(ElementType.Float16, [], 0.5).Input(ElementType.Int8, [], 1).RequireParity();

    [Theory]
    [InlineData(10, ElementType.UInt8, 128.0)]
    [InlineData(13, ElementType.Int8, -3.0)]
    [InlineData(19, ElementType.Int32, 0.0)]
    [InlineData(21, ElementType.Int16, 7.0)]
    public void DequantizeLinear_OfOneScale_EqualsOnnxRuntime(int opset, ElementType type, double zero) =>
        new NodeCase(opset, "DequantizeLinear").Input(type, [2, 3], 0, 1, 100, 127, 50, 3)
            .Input(ElementType.Float32, [], 0.1).Input(type, [], zero).RequireParity(1e-6);

    [Theory]
    [InlineData(ElementType.Float32)]
    [InlineData(ElementType.Float16)]
    public void DequantizeLinear_OfScalePerPosition_HasTypeOfScale(ElementType type) =>
        new NodeCase(19, "DequantizeLinear", ("axis", -2)).Input(ElementType.Int8, [2, 3], 0, 1, 100, -128, 50, 3)
            .Input(type, [2], 0.5, 2).Input(ElementType.Int8, [2], -10, 1).RequireParity(1e-6);

    [Theory]
    [InlineData("QuantizeLinear", 0)]
    [InlineData("QuantizeLinear", 1)]
    [InlineData("DequantizeLinear", 0)]
    [InlineData("DequantizeLinear", 1)]
    public void Linear_OfBlocks_EqualsOnnxRuntime(string op, int axis)
    {
        // Blocks of three: the last one on axis 1 is cut short.
        long[] scales = axis == 0 ? [1, 5] : [3, 2];
        var count = (int)(scales[0] * scales[1]);
        double[] codes = [.. Enumerable.Range(0, 15).Select(i => 7.0 * i - 40)];
        new NodeCase(21, op, ("axis", axis), ("block_size", 3))
            .Input(op[0] == 'Q' ? ElementType.Float32 : ElementType.Int8, [3, 5], codes)
            .Input(ElementType.Float32, scales, [.. Enumerable.Range(1, count).Select(i => 0.5 * i)])
            .Input(ElementType.Int8, scales, [.. Enumerable.Range(1, count).Select(i => (double)i)]).RequireParity();
    }

    /// <summary>Codes −128 to 127 at scale 0.5 and zero point 10 stand for −69 to 58.5.</summary>
    [Fact]
    public void Pair_UnderAutograd_PassesGradientWhereNothingIsClamped()
    {
        using var scope = torch.NewDisposeScope();
        var program = Programs.Compile(FakeQuantization());
        using var weights = WeightSet.Load(program.Plan, torch.CPU, trainable: true);
        var x = torch.tensor([-80f, -69, -3.3f, 0.2f, 0.25f, 58.5f, 59], requires_grad: true);

        var result = program.Graph.Run(weights, [x], training: true)[0];
        result.sum().backward();

        Assert.Equal([-69f, -69, -3.5f, 0, 0, 58.5f, 58.5f], result.data<float>().ToArray());
        Assert.Equal([0f, 1, 1, 1, 1, 1, 0], x.grad!.data<float>().ToArray());
    }

    [Fact]
    public void Pair_UnderAutograd_GivesWhatEvaluationGives()
    {
        var values = Numbers.Uniform(1, 1000, -90, 90);
        using var scope = torch.NewDisposeScope();
        var program = Programs.Compile(FakeQuantization());
        using var weights = WeightSet.Load(program.Plan, torch.CPU, trainable: true);
        var trained = program.Graph.Run(weights, [torch.tensor(values, requires_grad: true)], training: true)[0];
        Assert.Equal(Oracle.OnnxRuntime(FakeQuantization(), values, 1000).Values, trained.data<float>().ToArray());
    }

    /// <summary>Without a zero point, QuantizeLinear alone would give unsigned bytes.</summary>
    [Theory]
    [InlineData(10)]
    [InlineData(13)]
    [InlineData(21)]
    public void Weights_OfSignedBytesWithoutZeroPoint_AreLearnedAsSuch(int opset)
    {
        using var scope = torch.NewDisposeScope();
        var codes = Core.Onnx.TensorData.Create("codes", ElementType.Int8, [0x80, 0xFF, 1, 0x7F], 2, 2);
        var program = Programs.Compile(new NodeModel(opset, "N", 2).Constant("codes", codes).Floats("scale", [0.5f])
            .Node("DequantizeLinear", "codes scale", "w").Node("MatMul", "x w", "y").Build());
        using var weights = WeightSet.Load(program.Plan, torch.CPU, trainable: true);

        var result = program.Run(weights, torch.eye(2), training: true);
        result[0].sum().backward();

        Assert.Equal([-64f, -0.5f, 0.5f, 63.5f], result[0].data<float>().ToArray());
        var (weight, master) = Assert.Single(weights.Parameters);
        Assert.Equal("codes", weight.Name);
        Assert.Equal([1f, 1, 1, 1], master.grad!.data<float>().ToArray());
    }

    [Fact]
    public void DequantizeLinear_OfUnsupportedType_IsRefused()
    {
        var codes = new Onnx.TensorProto { Name = "codes", DataType = (int)Onnx.TensorProto.Types.DataType.Uint16, Dims = { 1 } };
        codes.RawData = Google.Protobuf.ByteString.CopyFrom(1, 0);
        var model = new NodeModel(21, "N").Constant("codes", codes).Floats("scale", [1])
            .Node("DequantizeLinear", "codes scale", "z").Node("Add", "x z", "y").Build();
        var error = Assert.Throws<UnsupportedModelException>(() => Programs.Compile(model));
        Assert.Contains("UINT16", error.Message);
        Assert.Contains("z_node", error.Message);
    }

    [Fact]
    public void QuantizeLinear_OfUnsupportedOutputType_IsRefused()
    {
        var test = new NodeCase(21, "QuantizeLinear", ("output_dtype", 21)).Floats(3).Input(ElementType.Float32, [], 1);
        Assert.Contains("UINT4", Assert.Throws<UnsupportedModelException>(test.Compile).Message);
    }

    private static Core.Onnx.OnnxModel FakeQuantization() =>
        new NodeModel(13, "N").Floats("scale", [0.5f])
            .Constant("zero", Core.Onnx.TensorData.Create("zero", ElementType.Int8, [10]))
            .Node("QuantizeLinear", "x scale zero", "codes").Node("DequantizeLinear", "codes scale zero", "y").Build();
}
