using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Operators;

public class RepeatingTests
{
    [Theory]
    [InlineData(new long[] { 1, 2, 3 })]
    [InlineData(new long[] { 2, 1, 1 })]
    [InlineData(new long[] { 1, 0, 1 })]
    public void Tile_OfRepeats_EqualsOnnxRuntime(long[] repeats) => new NodeCase(13, "Tile").Floats(2, 3, 2).Longs(repeats).RequireParity();

    [Theory]
    [InlineData(ElementType.Int32)]
    [InlineData(ElementType.Bool)]
    [InlineData(ElementType.Float16)]
    public void Tile_OfOtherTypes_KeepsType(ElementType type) => new NodeCase(13, "Tile").Input(type, [2], 0, 1).Longs(2).RequireParity();

    /// <summary>ONNX Runtime has no kernel for the first form.</summary>
    [Fact]
    public void Tile_OfFirstVersion_RepeatsOneAxis()
    {
        var model = new NodeModel(5, 2, 2).Floats("tiles", [2], 1).Floats("axis", [1], 1).Node("Tile", "x tiles axis", "y").Build();
        var (values, shape) = Oracle.Executor(model, [1, 2, 3, 4], 2, 2);
        Assert.Equal([2, 4], shape);
        Assert.Equal([1, 2, 1, 2, 3, 4, 3, 4], values);
    }
}
