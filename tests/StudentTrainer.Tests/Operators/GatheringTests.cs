using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Operators;

public class GatheringTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(-1)]
    public void Gather_OfMatrixOfIndices_EqualsOnnxRuntime(int axis) =>
        new NodeCase(13, "Gather", ("axis", axis)).Floats(4, 5, 3).Input(ElementType.Int64, [2, 2], 0, -1, 2, -3).RequireParity();

    [Theory]
    [InlineData(ElementType.Int64, 2)]
    [InlineData(ElementType.Int32, -1)]
    public void Gather_OfSingleIndex_DropsAxis(ElementType type, int index) =>
        new NodeCase(13, "Gather", ("axis", 1)).Floats(4, 5, 3).Input(type, [], index).RequireParity();

    [Fact]
    public void Gather_OfNoIndices_IsEmpty() => new NodeCase(13, "Gather").Floats(4, 5).Longs().RequireParity();

    [Theory]
    [InlineData("Gather", ElementType.Bool)]
    [InlineData("Gather", ElementType.Float16)]
    [InlineData("Gather", ElementType.BFloat16)]
    [InlineData("GatherElements", ElementType.Bool)]
    [InlineData("GatherElements", ElementType.Float16)]
    [InlineData("GatherND", ElementType.UInt8)]
    [InlineData("GatherND", ElementType.Float16)]
    public void Gathering_OfOtherTypes_KeepsType(string op, ElementType type) =>
        new NodeCase(13, op).Input(type, [3], 1, 0, 1).Longs(1).RequireParity();

    [Theory]
    [InlineData(3)]
    [InlineData(-4)]
    public void Gather_OutOfRange_NamesNode(long index)
    {
        var model = new NodeModel(13, 3, 2).Integers("i", 0, index).Node("Gather", "x i", "y").Build();
        Assert.Contains("node 'y_node'", Assert.Throws<InputException>(() => Oracle.Executor(model, new float[6], 3, 2)).Message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void GatherElements_OfNegativeIndices_EqualsOnnxRuntime(int axis) =>
        new NodeCase(13, "GatherElements", ("axis", axis))
            .Floats(3, 3).Input(ElementType.Int32, [2, 3], 0, -1, 2, 1, 1, -3).RequireParity();

    [Fact]
    public void GatherND_OfSlices_EqualsOnnxRuntime() =>
        new NodeCase(13, "GatherND").Floats(3, 4, 2).Input(ElementType.Int64, [2, 2, 2], 0, 1, -1, -2, 2, 0, 0, 1).RequireParity();

    [Fact]
    public void GatherND_OfOneCoordinate_EqualsOnnxRuntime() =>
        new NodeCase(13, "GatherND").Floats(3, 4).Input(ElementType.Int64, [3, 1], 0, -1, 0).RequireParity();

    [Theory]
    [InlineData(1, new long[] { 2, 2, 1 })]
    [InlineData(1, new long[] { 2, 2 })]
    [InlineData(2, new long[] { 2, 3, 1 })]
    public void GatherND_OfBatchAxes_EqualsOnnxRuntime(int batchAxes, long[] shape)
    {
        var indices = Enumerable.Range(0, (int)shape.Aggregate((a, b) => a * b)).Select(i => (double)(i % 3 - (i % 2 == 0 ? 2 : 0)));
        new NodeCase(13, "GatherND", ("batch_dims", batchAxes))
            .Floats(2, 3, 4, 3).Input(ElementType.Int64, shape, [.. indices]).RequireParity();
    }

    [Theory]
    [InlineData(ElementType.Float32)]
    [InlineData(ElementType.Bool)]
    [InlineData(ElementType.Int64)]
    public void NonZero_OfTensor_GivesPlacesByAxis(ElementType type) =>
        new NodeCase(13, "NonZero").Input(type, [2, 3], 0, 1, 1, 0, 0, 1).RequireParity();
}
