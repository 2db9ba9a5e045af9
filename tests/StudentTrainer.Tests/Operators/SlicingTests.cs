using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Tests.Support;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Operators;

public class SlicingTests
{
    [Theory]
    [InlineData(1L, 5L, 2L)]
    [InlineData(-3L, long.MaxValue, 1L)]
    [InlineData(-99L, 99L, 3L)]
    [InlineData(long.MinValue, 3L, 1L)]
    [InlineData(0L, long.MinValue, 1L)]
    [InlineData(4L, 2L, 1L)]
    [InlineData(99L, 100L, 1L)]
    [InlineData(-1L, long.MinValue, -1L)]
    [InlineData(99L, -99L, -2L)]
    [InlineData(5L, 1L, -3L)]
    [InlineData(-99L, -100L, -1L)]
    [InlineData(1L, 5L, -1L)]
    [InlineData(3L, -1L, -1L)]
    public void Slice_OfRange_EqualsOnnxRuntime(long start, long end, long step) =>
        new NodeCase(13, "Slice").Floats(2, 7).Longs(start).Longs(end).Longs(-1).Longs(step).RequireParity();

    [Theory]
    [InlineData(ElementType.Float16)]
    [InlineData(ElementType.BFloat16)]
    [InlineData(ElementType.Bool)]
    public void Slice_OfOtherTypesBackwards_KeepsType(ElementType type) =>
        new NodeCase(13, "Slice").Input(type, [4], 1, 0, 0, 1).Longs(3).Longs(-9).Longs(0).Longs(-2).RequireParity();

    [Fact]
    public void Slice_OfSeveralAxes_EqualsOnnxRuntime() =>
        new NodeCase(11, "Slice").Floats(4, 5, 6).Longs(-1, 1, 5).Longs(-9, 4, 0).Longs(2, 0, 1).Longs(-2, 1, -1).RequireParity();

    [Fact]
    public void Slice_WithoutAxesAndSteps_TakesFirstAxes() =>
        new NodeCase(10, "Slice").Floats(4, 5, 6).Longs(1, 2).Longs(3, 9).RequireParity();

    [Fact]
    public void Slice_WithStepsButNoAxes_TakesFirstAxes() =>
        new NodeCase(13, "Slice").Floats(4, 5).Longs(3, 0).Longs(0, 5).LeftOut().Longs(-1, 2).RequireParity();

    [Fact]
    public void Slice_OfInt32Indices_EqualsOnnxRuntime() =>
        new NodeCase(13, "Slice").Floats(4, 5).Input(ElementType.Int32, [1], 1).Input(ElementType.Int32, [1], int.MaxValue)
            .Input(ElementType.Int32, [1], -2).RequireParity();

    [Fact]
    public void Slice_OfEmptyAxisBackwards_IsEmpty() =>
        new NodeCase(13, "Slice").Floats(0, 2).Longs(-1).Longs(-9).Longs(0).Longs(-1).RequireParity();

    [Fact]
    public void Slice_OfAttributes_EqualsOnnxRuntime() =>
        new NodeCase(9, "Slice", ("starts", new[] { -2, 0 }), ("ends", new[] { 99, -1 }), ("axes", new[] { 1, 0 }))
            .Floats(4, 5).RequireParity();

    [Fact]
    public void Slice_OfStepZero_NamesNode()
    {
        var model = new NodeModel(13, 4).Integers("a", 0).Integers("b", 4).Integers("s", 0).Node("Slice", "x a b a s", "y").Build();
        Assert.Contains("node 'y_node'", Assert.Throws<InputException>(() => Oracle.Executor(model, new float[4], 4)).Message);
    }

    [Fact]
    public void Slice_OfActivation_IsView()
    {
        using var scope = torch.NewDisposeScope();
        var model = new NodeModel(13, 6).Integers("a", 2).Integers("b", 4).Node("Slice", "x a b", "y").Build();
        var program = Programs.Compile(model);
        using var weights = WeightSet.Load(program.Plan, torch.CPU, trainable: false);
        var input = torch.zeros(6);
        var slice = program.Run(weights, input, training: false)[0];
        input.fill_(3);
        Assert.Equal([3f, 3f], slice.data<float>().ToArray());
    }
}
