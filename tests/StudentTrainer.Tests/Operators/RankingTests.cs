using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Operators;

public class RankingTests
{
    private static readonly double[] Ties = [2, 7, 7, 1, 0, 0, 5, 0, 3, 3, 3, 3];

    public static IEnumerable<object[]> Places =>
        from op in (string[])["ArgMax", "ArgMin"]
        from axis in (int[])[0, 1, -1]
        from keep in (int[])[0, 1]
        from last in (int[])[0, 1]
        select new object[] { op, axis, keep, last };

    [Theory]
    [MemberData(nameof(Places))]
    public void Arg_OfTies_EqualsOnnxRuntime(string op, int axis, int keep, int last) => NodeParity.Require(
        op, 13, [Tensors.Floats(Ties, 3, 4)], [("axis", axis), ("keepdims", keep), ("select_last_index", last)], tolerance: 0);

    [Theory]
    [InlineData(ElementType.Float16)]
    [InlineData(ElementType.Float64)]
    [InlineData(ElementType.UInt8)]
    [InlineData(ElementType.Int8)]
    [InlineData(ElementType.Int32)]
    public void Arg_OfType_GivesFirstPlace(ElementType type)
    {
        var node = new NodeParity("ArgMax", 13, [Tensors.Of(type, Ties, 3, 4)], [("axis", 1), ("keepdims", 0)]);
        Assert.Equal([1, 2, 0], node.Executor()[0].data<long>().ToArray());
    }

    public static IEnumerable<object[]> Counts =>
        from axis in (int[])[-1, 0, 1]
        from largest in (int[])[0, 1]
        from k in (int[])[1, 3]
        select new object[] { axis, largest, k };

    [Theory]
    [MemberData(nameof(Counts))]
    public void TopK_OfTies_TakesLowerIndicesFirst(int axis, int largest, int k) => NodeParity.Require(
        "TopK", 11, [Tensors.Floats(Ties, 3, 4), Tensors.Longs(k)], [("axis", axis), ("largest", largest)], outputs: 2, tolerance: 0);

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public void TopK_BeforeVersion10_HasCountInAttribute(int opset) => NodeParity.Require(
        "TopK", opset, [Tensors.Floats(Ties, 3, 4)], [("k", 2), ("axis", 1)], outputs: 2, tolerance: 0);

    [Theory]
    [InlineData(10, ElementType.Float32)]
    [InlineData(11, ElementType.Int64)]
    [InlineData(11, ElementType.Int32)]
    [InlineData(11, ElementType.Float64)]
    public void TopK_OfType_EqualsOnnxRuntime(int opset, ElementType type) =>
        NodeParity.Require("TopK", opset, [Tensors.Of(type, Ties, 3, 4), Tensors.Longs(2)], outputs: 2, tolerance: 0);

    [Fact]
    public void TopK_OfHalves_KeepsType()
    {
        var results = new NodeParity("TopK", 11, [Tensors.Of(ElementType.Float16, Ties, 12), Tensors.Longs(3)], outputs: 2).Executor();
        Assert.Equal([(Half)7, (Half)7, (Half)5], results[0].contiguous().data<Half>().ToArray());
        Assert.Equal([1, 2, 6], results[1].contiguous().data<long>().ToArray());
    }

    [Fact]
    public void TopK_OfMoreThanThereAre_NamesNode()
    {
        var node = new NodeParity("TopK", 11, [Tensors.Floats(Ties, 3, 4), Tensors.Longs(5)], outputs: 2);
        Assert.Contains("'node'", Assert.Throws<InputException>(() => node.Executor()).Message);
    }

    [Fact]
    public void TopK_Gradient_GoesToChosenElements()
    {
        var node = new NodeParity("TopK", 11, [Tensors.Of(ElementType.Float64, [4, 9, 2, 7], 4), Tensors.Longs(2)], outputs: 2);
        Assert.Equal([0, 1, 0, 1], node.Gradient());
    }
}
