using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Operators;

public class ScatteringTests
{
    private const double Rounding = 1e-5;

    [Theory]
    [InlineData("add", 16)]
    [InlineData("mul", 16)]
    [InlineData("max", 18)]
    [InlineData("min", 18)]
    public void ScatterElements_OfRepeatedIndices_EqualsOnnxRuntime(string reduction, int opset) =>
        new NodeCase(opset, "ScatterElements", ("axis", 1), ("reduction", reduction))
            .Floats(3, 4).Input(ElementType.Int64, [2, 3], 1, -3, 1, 0, 0, 3).Floats(2, 3).RequireParity(Rounding);

    [Theory]
    [InlineData("Scatter", 9, 0)]
    [InlineData("ScatterElements", 11, -1)]
    [InlineData("ScatterElements", 18, 0)]
    public void ScatterElements_OfDistinctIndices_EqualsOnnxRuntime(string op, int opset, int axis) =>
        new NodeCase(opset, op, ("axis", axis)).Floats(3, 3).Input(ElementType.Int32, [2, 2], 0, -1, 2, 0).Floats(2, 2).RequireParity();

    [Theory]
    [InlineData("add", 16)]
    [InlineData("mul", 16)]
    [InlineData("max", 18)]
    [InlineData("min", 18)]
    public void ScatterND_OfRepeatedSlices_EqualsOnnxRuntime(string reduction, int opset) =>
        new NodeCase(opset, "ScatterND", ("reduction", reduction))
            .Floats(3, 2, 4).Input(ElementType.Int64, [3, 2], 0, 1, -3, -1, 2, 0).Floats(3, 4).RequireParity(Rounding);

    [Theory]
    [InlineData("mul")]
    [InlineData("max")]
    public void ScatterND_OfSingleElements_EqualsOnnxRuntime(string reduction) =>
        new NodeCase(18, "ScatterND", ("reduction", reduction))
            .Floats(3, 4).Input(ElementType.Int64, [2, 1, 2], 0, 1, 2, -1).Floats(2, 1).RequireParity(Rounding);

    [Theory]
    [InlineData(11)]
    [InlineData(18)]
    public void ScatterND_OfSlices_EqualsOnnxRuntime(int opset) =>
        new NodeCase(opset, "ScatterND").Floats(4, 3).Input(ElementType.Int64, [2, 1], -1, 0).Floats(2, 3).RequireParity();

    [Theory]
    [InlineData("ScatterND", ElementType.Int64)]
    [InlineData("ScatterND", ElementType.Bool)]
    [InlineData("ScatterND", ElementType.Float16)]
    [InlineData("ScatterElements", ElementType.Int8)]
    [InlineData("ScatterElements", ElementType.Bool)]
    [InlineData("ScatterElements", ElementType.Float16)]
    public void Scattering_OfOtherTypes_KeepsType(string op, ElementType type)
    {
        long[] indices = op == "ScatterND" ? [1, 1] : [1];
        new NodeCase(13, op).Input(type, [3], 1, 1, 0).Input(ElementType.Int64, indices, 2).Input(type, [1], 1).RequireParity();
    }

    [Theory]
    [InlineData("ScatterElements", "add", ElementType.Int32)]
    [InlineData("ScatterElements", "mul", ElementType.Int64)]
    [InlineData("ScatterND", "max", ElementType.Int32)]
    [InlineData("ScatterND", "add", ElementType.Float64)]
    public void Reduction_OfOtherTypes_EqualsOnnxRuntime(string op, string reduction, ElementType type)
    {
        long[] indices = op == "ScatterND" ? [2, 1] : [2];
        new NodeCase(18, op, ("reduction", reduction))
            .Input(type, [3], 4, 5, 6).Input(ElementType.Int64, indices, -1, 2).Input(type, [2], 7, 2).RequireParity();
    }

    [Theory]
    [InlineData("ScatterElements")]
    [InlineData("ScatterND")]
    public void Reduction_OfUnknownName_IsRefused(string op)
    {
        var node = new NodeCase(18, op, ("reduction", "mean")).Floats(2).Longs(0).Floats(1);
        Assert.Contains("unknown reduction", Assert.Throws<UnsupportedModelException>(node.Compile).Message);
    }
}
