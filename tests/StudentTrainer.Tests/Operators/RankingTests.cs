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
    public void Arg_OfTies_EqualsOnnxRuntime(string op, int axis, int keep, int last) =>
        new NodeCase(13, op, ("axis", axis), ("keepdims", keep), ("select_last_index", last))
            .Inputs(Tensors.Floats(Ties, 3, 4)).RequireParity();

    [Theory]
    [InlineData(ElementType.Float16)]
    [InlineData(ElementType.Float64)]
    [InlineData(ElementType.UInt8)]
    [InlineData(ElementType.Int8)]
    [InlineData(ElementType.Int32)]
    public void Arg_OfType_GivesFirstPlace(ElementType type)
    {
        var node = new NodeCase(13, "ArgMax", ("axis", 1), ("keepdims", 0)).Inputs(Tensors.Of(type, Ties, 3, 4));
        Assert.Equal([1, 2, 0], node.Execute().data<long>().ToArray());
    }

    public static IEnumerable<object[]> Counts =>
        from axis in (int[])[-1, 0, 1]
        from largest in (int[])[0, 1]
        from k in (int[])[1, 3]
        select new object[] { axis, largest, k };

    [Theory]
    [MemberData(nameof(Counts))]
    public void TopK_OfTies_TakesLowerIndicesFirst(int axis, int largest, int k) =>
        new NodeCase(11, "TopK", ("axis", axis), ("largest", largest))
            .Inputs(Tensors.Floats(Ties, 3, 4), Tensors.Longs(k)).Outputs(2).RequireParity();

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public void TopK_BeforeVersion10_HasCountInAttribute(int opset) =>
        new NodeCase(opset, "TopK", ("k", 2), ("axis", 1)).Inputs(Tensors.Floats(Ties, 3, 4)).Outputs(2).RequireParity();

    [Theory]
    [InlineData(10, ElementType.Float32)]
    [InlineData(11, ElementType.Int64)]
    [InlineData(11, ElementType.Int32)]
    [InlineData(11, ElementType.Float64)]
    public void TopK_OfType_EqualsOnnxRuntime(int opset, ElementType type) =>
        new NodeCase(opset, "TopK").Inputs(Tensors.Of(type, Ties, 3, 4), Tensors.Longs(2)).Outputs(2).RequireParity();

    [Fact]
    public void TopK_OfHalves_KeepsType()
    {
        var node = new NodeCase(11, "TopK").Inputs(Tensors.Of(ElementType.Float16, Ties, 12), Tensors.Longs(3)).Outputs(2);
        Assert.Equal([(Half)7, (Half)7, (Half)5], node.Execute().contiguous().data<Half>().ToArray());
    }

    [Fact]
    public void TopK_OfMoreThanThereAre_NamesNode()
    {
        var node = new NodeCase(11, "TopK").Inputs(Tensors.Floats(Ties, 3, 4), Tensors.Longs(5)).Outputs(2);
        Assert.Contains("'node'", Assert.Throws<InputException>(() => node.Execute()).Message);
    }
}
