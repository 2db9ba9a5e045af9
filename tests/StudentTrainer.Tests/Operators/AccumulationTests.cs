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
    public void CumSum_OfForm_EqualsOnnxRuntime(ElementType type, int axis, int exclusive, int reverse) =>
        new NodeCase(14, "CumSum", ("exclusive", exclusive), ("reverse", reverse))
            .Inputs(Tensors.Random(type, 1, -9, 9, 3, 4), Tensors.Of(ElementType.Int32, [axis])).RequireParity(1e-5);

    [Fact]
    public void CumSum_OfHalves_AddsInSingle()
    {
        var node = new NodeCase(14, "CumSum").Inputs(Tensors.Of(ElementType.Float16, [1, 2.5, 4], 3), Tensors.Longs(0));
        Assert.Equal([(Half)1, (Half)3.5, (Half)7.5], node.Execute().data<Half>().ToArray());
    }
}
