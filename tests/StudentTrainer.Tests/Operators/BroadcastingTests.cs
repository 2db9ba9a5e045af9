using OnnxKd.Core.Errors;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Operators;

/// <summary>Operators before version 7, which ONNX Runtime does not run: against sums by hand.</summary>
public class BroadcastingTests
{
    private static readonly double[] Counted = [.. Enumerable.Range(0, 12).Select(i => (double)i)];

    [Theory]
    [InlineData(1, 6)]
    [InlineData(-2, 6)]
    [InlineData(1, 1)]
    public void Add_WithAxis_AlignsFirstAxisOfSecondOperand(int axis, int opset)
    {
        var node = new NodeCase(opset, "Add", ("broadcast", 1), ("axis", axis))
            .Inputs(Tensors.Floats(Counted, 2, 3, 2), Tensors.Floats([100, 200, 300], 3));
        RequireSum(node, i => i + 100 * (1 + i / 2 % 3));
    }

    [Fact]
    public void Add_WithoutAxis_AlignsLastAxes()
    {
        var node = new NodeCase(6, "Add", ("broadcast", 1))
            .Inputs(Tensors.Floats(Counted, 2, 3, 2), Tensors.Floats([100, 200], 2));
        RequireSum(node, i => i + 100 * (1 + i % 2));
    }

    [Fact]
    public void Add_OfVersion1_IgnoresHintOfOverwriting()
    {
        var node = new NodeCase(1, "Add", ("consumed_inputs", new[] { 0, 0 }))
            .Inputs(Tensors.Floats(Counted, 12), Tensors.Floats(Counted, 12));
        RequireSum(node, i => 2 * i);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(-4)]
    public void Add_WithImpossibleAxis_SaysWhich(int axis)
    {
        var node = new NodeCase(6, "Add", ("broadcast", 1), ("axis", axis))
            .Inputs(Tensors.Floats(Counted, 2, 3, 2), Tensors.Floats([1, 2], 2));
        Assert.Contains($"axis {axis}", Assert.Throws<UnsupportedModelException>(() => node.Execute()).Message);
    }

    [Fact]
    public void Add_WithAxisFrom7On_IsRefused()
    {
        var node = new NodeCase(7, "Add", ("axis", 0)).Inputs(Tensors.Floats(Counted, 12), Tensors.Floats([1], 1));
        Assert.Contains("axis", Assert.Throws<UnsupportedModelException>(() => node.Execute()).Message);
    }

    private static void RequireSum(NodeCase node, Func<int, double> expected)
    {
        var actual = node.Execute().data<float>().ToArray();
        Near.Equal(Counted.Select((_, i) => (float)expected(i)).ToArray(), actual, 0);
    }
}
