using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Operators;

public class CreationTests
{
    public static TheoryData<ElementType, byte[]> Values => new()
    {
        { ElementType.Float32, BitConverter.GetBytes(2.5f) },
        { ElementType.Float64, BitConverter.GetBytes(0.1) },
        { ElementType.Float16, BitConverter.GetBytes((Half)0.5) },
        { ElementType.Int64, BitConverter.GetBytes(long.MinValue) },
        { ElementType.Int32, BitConverter.GetBytes(-7) },
        { ElementType.UInt8, [200] },
        { ElementType.Int8, [200] },
        { ElementType.Bool, [1] },
    };

    [Theory]
    [MemberData(nameof(Values))]
    public void ConstantOfShape_OfType_EqualsOnnxRuntime(ElementType type, byte[] value) =>
        new NodeCase(20, "ConstantOfShape", ("value", TensorData.Create("v", type, value, 1))).Longs(2, 3).RequireParity();

    [Fact]
    public void ConstantOfShape_OfNoAxes_IsScalarZero() => new NodeCase(9, "ConstantOfShape").Longs().RequireParity();

    [Fact]
    public void ConstantOfShape_OfSeveralValues_IsRefused()
    {
        var node = new NodeCase(9, "ConstantOfShape", ("value", TensorData.Create("v", [1f, 2], 2))).Longs(2);
        Assert.Contains("needs a single value", Assert.Throws<UnsupportedModelException>(node.Compile).Message);
    }

    [Theory]
    [InlineData(ElementType.Int64, 3, 12, 4)]
    [InlineData(ElementType.Int32, 5, -6, -3)]
    [InlineData(ElementType.Int16, 1, 3, 1)]
    [InlineData(ElementType.Int64, 5, 1, 2)]
    [InlineData(ElementType.Float32, 0.25, 2, 0.5)]
    [InlineData(ElementType.Float32, 0, 0.3, 0.1)]
    [InlineData(ElementType.Float64, 1, -1, -0.3)]
    public void Range_OfType_EqualsOnnxRuntime(ElementType type, double start, double limit, double delta) =>
        new NodeCase(11, "Range").Input(type, [], start).Input(type, [], limit).Input(type, [], delta).RequireParity(1e-6);

    [Fact]
    public void Range_OfStepZero_NamesNode()
    {
        var model = new NodeModel(11, []).Floats("limit", [1f]).Floats("delta", [0f]).Node("Range", "x limit delta", "y").Build();
        Assert.Contains("step of a range is 0", Assert.Throws<InputException>(() => Oracle.Executor(model, [0])).Message);
    }

    [Theory]
    [InlineData(9, -1)]
    [InlineData(11, 0)]
    [InlineData(11, 1)]
    [InlineData(11, -2)]
    public void OneHot_OfAxis_EqualsOnnxRuntime(int opset, int axis) =>
        new NodeCase(opset, "OneHot", ("axis", axis)).Input(ElementType.Int64, [2, 3], 0, 3, -1, -4, 2, 9)
            .Input(ElementType.Int64, [1], 4).Input(ElementType.Float32, [2], -1, 2.5).RequireParity();

    [Theory]
    [InlineData(ElementType.Float32)]
    [InlineData(ElementType.Int64)]
    public void OneHot_OfOneType_EqualsOnnxRuntime(ElementType type) =>
        new NodeCase(11, "OneHot").Input(type, [2], 1, -2).Input(type, [], 3).Input(type, [2], 5, 9).RequireParity();

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(-1)]
    public void EyeLike_OfDiagonal_EqualsOnnxRuntime(int diagonal) =>
        new NodeCase(22, "EyeLike", ("k", diagonal)).Floats(3, 4).RequireParity();

    [Fact]
    public void EyeLike_OfType_EqualsOnnxRuntime() =>
        new NodeCase(9, "EyeLike", ("dtype", 11)).Input(ElementType.Int32, [2, 2], 1, 2, 3, 4).RequireParity();

    [Theory]
    [InlineData("value_string", "text")]
    [InlineData("value_numbers", "none of its attributes")]
    public void Constant_OfSomethingElse_IsRefused(string attribute, string found) =>
        Assert.Contains(found, Assert.Throws<UnsupportedModelException>(new NodeCase(13, "Constant", (attribute, "x")).Compile).Message);
}
