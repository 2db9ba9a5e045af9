using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Operators;

public class LogicTests
{
    private static readonly double[] Strange = [double.NaN, 0, double.PositiveInfinity, -1, double.NegativeInfinity, 3];

    [Theory]
    [InlineData("Equal", 7, ElementType.Int64)]
    [InlineData("Equal", 13, ElementType.Bool)]
    [InlineData("Equal", 19, ElementType.Float32)]
    [InlineData("Greater", 7, ElementType.Float32)]
    [InlineData("Greater", 13, ElementType.Int32)]
    [InlineData("GreaterOrEqual", 12, ElementType.Float32)]
    [InlineData("GreaterOrEqual", 16, ElementType.Int64)]
    [InlineData("Less", 9, ElementType.Int64)]
    [InlineData("Less", 13, ElementType.Float64)]
    [InlineData("LessOrEqual", 12, ElementType.Int32)]
    [InlineData("LessOrEqual", 16, ElementType.Float32)]
    public void Comparison_WithBroadcasting_EqualsOnnxRuntime(string op, int opset, ElementType type) =>
        new NodeCase(opset, op)
            .Inputs(Tensors.Of(type, [0, 1, 2, 3, 1, 0], 2, 3), Tensors.Of(type, [1, 1, 2], 3)).RequireParity();

    [Theory]
    [InlineData("And")]
    [InlineData("Or")]
    [InlineData("Xor")]
    public void Connective_WithBroadcasting_EqualsOnnxRuntime(string op) =>
        new NodeCase(7, op)
            .Inputs(Tensors.Of(ElementType.Bool, [0, 1, 0, 1], 2, 2), Tensors.Of(ElementType.Bool, [0, 1], 2, 1)).RequireParity();

    [Fact]
    public void Not_OfBools_EqualsOnnxRuntime() =>
        new NodeCase(13, "Not").Inputs(Tensors.Of(ElementType.Bool, [0, 1, 0], 3)).RequireParity();

    [Theory]
    [InlineData(ElementType.Float32)]
    [InlineData(ElementType.Int64)]
    [InlineData(ElementType.UInt8)]
    public void Where_WithBroadcasting_EqualsOnnxRuntime(ElementType type) =>
        new NodeCase(16, "Where")
            .Inputs(Tensors.Of(ElementType.Bool, [0, 1], 2, 1), Tensors.Of(type, [1, 2, 3], 3), Tensors.Of(type, [9])).RequireParity();

    [Theory]
    [InlineData(ElementType.Float16)]
    [InlineData(ElementType.Float32)]
    [InlineData(ElementType.Float64)]
    public void IsNaN_OfFloats_EqualsOnnxRuntime(ElementType type) =>
        new NodeCase(13, "IsNaN").Inputs(Tensors.Of(type, Strange, 6)).RequireParity();

    [Theory]
    [InlineData(ElementType.Float32, 1, 1)]
    [InlineData(ElementType.Float32, 1, 0)]
    [InlineData(ElementType.Float32, 0, 1)]
    [InlineData(ElementType.Float64, 0, 0)]
    [InlineData(ElementType.Float16, 1, 1)]
    [InlineData(ElementType.Float16, 0, 1)]
    public void IsInf_OfSigns_EqualsOnnxRuntime(ElementType type, int negative, int positive) =>
        new NodeCase(20, "IsInf", ("detect_negative", negative), ("detect_positive", positive))
            .Inputs(Tensors.Of(type, Strange, 6)).RequireParity();
}
