using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Operators;

public class ShapingTests
{
    [Theory]
    [InlineData(14, 0, new long[] { 0, -1, 2 }, new long[] { 2, 3, 4 })]
    [InlineData(5, 0, new long[] { 0, 0, 2, 2 }, new long[] { 2, 3, 4 })]
    [InlineData(14, 1, new long[] { 3, 0, 4 }, new long[] { 0, 3, 4 })]
    [InlineData(19, 0, new long[] { }, new long[] { 1, 1 })]
    public void Reshape_OfZeros_EqualsOnnxRuntime(int opset, int allowZero, long[] target, long[] shape) =>
        new NodeCase(opset, "Reshape", opset < 14 ? [] : [("allowzero", allowZero)]).Floats(shape).Longs(target).RequireParity();

    [Theory]
    [InlineData(new long[] { 2, 1, 3, 4 })]
    [InlineData(new long[] { 3, 1 })]
    [InlineData(new long[] { 1 })]
    [InlineData(new long[] { 3, 4 })]
    public void Expand_BothWays_EqualsOnnxRuntime(long[] target) =>
        new NodeCase(13, "Expand").Floats(3, 1).Longs(target).RequireParity();

    [Fact]
    public void Expand_OfShorterShape_KeepsLeadingAxes() =>
        new NodeCase(8, "Expand").Floats(2, 3, 1).Longs(1, 5).RequireParity();

    [Theory]
    [InlineData(ElementType.Bool)]
    [InlineData(ElementType.Float16)]
    [InlineData(ElementType.Int8)]
    public void Transpose_OfOtherTypes_KeepsType(ElementType type) =>
        new NodeCase(13, "Transpose").Input(type, [2, 3], 0, 1, 1, 0, 0, 1).RequireParity();

    [Theory]
    [InlineData(15, 1, 3)]
    [InlineData(19, -3, -1)]
    [InlineData(21, 3, 1)]
    [InlineData(15, -9, 9)]
    public void Shape_OfRange_IsInt64(int opset, int start, int end) =>
        new NodeCase(opset, "Shape", ("start", start), ("end", end)).Floats(2, 3, 4, 5).RequireParity();

    [Fact]
    public void Size_OfTensor_IsScalarInt64() => new NodeCase(19, "Size").Floats(2, 3, 4).RequireParity();

    [Theory]
    [InlineData(11, false)]
    [InlineData(21, true)]
    public void Squeeze_OfSeveralAxes_EqualsOnnxRuntime(int opset, bool isInput)
    {
        var node = isInput
            ? new NodeCase(opset, "Squeeze").Floats(1, 2, 1, 3, 1).Longs(-1, 0)
            : new NodeCase(opset, "Squeeze", ("axes", new[] { -1, 0 })).Floats(1, 2, 1, 3, 1);
        node.RequireParity();
    }

    [Theory]
    [InlineData(new long[] { 1 })]
    [InlineData(new long[] { -1 })]
    [InlineData(new long[] { 3, 0, -4 })]
    public void Unsqueeze_OfAxesInAnyOrder_EqualsOnnxRuntime(long[] axes) =>
        new NodeCase(21, "Unsqueeze").Floats(2, 3).Longs(axes).RequireParity();

    [Theory]
    [InlineData(-3)]
    [InlineData(0)]
    [InlineData(3)]
    public void Flatten_OfAnyAxis_EqualsOnnxRuntime(int axis) =>
        new NodeCase(21, "Flatten", ("axis", axis)).Floats(2, 3, 4).RequireParity();

    [Fact]
    public void Unsqueeze_WithoutAxes_IsRefused() =>
        Assert.Contains("needs axes", Assert.Throws<UnsupportedModelException>(new NodeCase(11, "Unsqueeze").Floats(2).Compile).Message);
}
