using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Operators;

public class JoiningTests
{
    [Fact]
    public void Concat_OfManyInputs_EqualsOnnxRuntime() =>
        new NodeCase(13, "Concat", ("axis", -2)).Floats(2, 1, 3).Floats(2, 2, 3).Floats(2, 0, 3).RequireParity();

    [Theory]
    [InlineData(ElementType.Int32)]
    [InlineData(ElementType.Bool)]
    [InlineData(ElementType.BFloat16)]
    public void Concat_OfOtherTypes_KeepsType(ElementType type) =>
        new NodeCase(13, "Concat", ("axis", 0)).Input(type, [2], 0, 1).Input(type, [1], 1).RequireParity();

    [Theory]
    [InlineData(2)]
    [InlineData(11)]
    public void Split_OfAttributeSizes_EqualsOnnxRuntime(int opset) =>
        new NodeCase(opset, "Split", ("axis", opset < 11 ? 1 : -1), ("split", new[] { 1, 3 })).Floats(2, 4).Outputs(2).RequireParity();

    [Theory]
    [InlineData(11)]
    [InlineData(13)]
    public void Split_WithoutSizes_GivesEqualParts(int opset) =>
        new NodeCase(opset, "Split", ("axis", 1)).Floats(2, 6).Outputs(3).RequireParity();

    [Theory]
    [InlineData(13)]
    [InlineData(18)]
    public void Split_OfInputSizes_EqualsOnnxRuntime(int opset) =>
        new NodeCase(opset, "Split", ("axis", 1)).Floats(2, 6, 2).Longs(2, 0, 4).Outputs(3).RequireParity();

    [Theory]
    [InlineData(7, 3)]
    [InlineData(6, 3)]
    [InlineData(5, 2)]
    public void Split_OfNumberOfParts_MakesLastSmaller(long size, int count) =>
        new NodeCase(18, "Split", ("num_outputs", count)).Floats(size, 2).Outputs(count).RequireParity();

    [Fact]
    public void Split_OfUnequalParts_IsRefused()
    {
        var model = new NodeModel(13, 7).Node("Split", "x", "y z").Build();
        var error = Assert.Throws<InputException>(() => Oracle.Executor(model, new float[7], 7));
        Assert.Contains("An axis of 7 does not split into 2 equal parts", error.Message);
    }

    [Fact]
    public void Split_OfSizesAndCount_IsRefused()
    {
        var node = new NodeCase(18, "Split", ("num_outputs", 2)).Floats(4).Longs(1, 3).Outputs(2);
        Assert.Contains("sizes and a number of parts", Assert.Throws<UnsupportedModelException>(node.Compile).Message);
    }
}
