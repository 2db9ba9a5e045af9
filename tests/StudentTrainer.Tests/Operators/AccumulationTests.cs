using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Operators;

public class AccumulationTests
{
    public static IEnumerable<object[]> Forms =>
        from type in (ElementType[])[ElementType.Float32, ElementType.Float64, ElementType.Int32, ElementType.Int64]
        from axis in (int[])[0, -1]
        from exclusive in (int[])[0, 1]
        from reverse in (int[])[0, 1]
        select new object[] { type, axis, exclusive, reverse };

    [Theory]
    [MemberData(nameof(Forms))]
    public void CumSum_OfForm_EqualsOnnxRuntime(ElementType type, int axis, int exclusive, int reverse) => NodeParity.Require(
        "CumSum", 14, [Tensors.Random(type, 1, -9, 9, 3, 4), Tensors.Of(ElementType.Int32, [axis])],
        [("exclusive", exclusive), ("reverse", reverse)]);

    [Fact]
    public void CumSum_OfHalves_AddsInSingle()
    {
        var node = new NodeParity("CumSum", 14, [Tensors.Of(ElementType.Float16, [1, 2.5, 4], 3), Tensors.Longs(0)]);
        Assert.Equal([(Half)1, (Half)3.5, (Half)7.5], node.Executor()[0].data<Half>().ToArray());
    }

    [Theory]
    [InlineData(0, new double[] { 3, 2, 1 })]
    [InlineData(1, new double[] { 2, 1, 0 })]
    public void CumSum_Gradient_CountsSumsWithElement(int exclusive, double[] expected)
    {
        var node = new NodeParity(
            "CumSum", 14, [Tensors.Of(ElementType.Float64, [5, 6, 7], 3), Tensors.Longs(0)], [("exclusive", exclusive)]);
        Assert.Equal(expected, node.Gradient());
    }
}
