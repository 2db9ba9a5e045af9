using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Tests.Support;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Tests.Operators;

public class ReductionsTests
{
    private static readonly string[] Operators =
        ["L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "Sum", "SumSquare"];

    private static readonly (int[]? Axes, int Keep)[] Forms = [(null, 1), (null, 0), ([1], 1), ([-1], 0), ([0, -1], 0), ([2, 0], 1)];

    public static TheoryData<string> Names => [.. Operators];

    [Theory]
    [MemberData(nameof(Names))]
    public void Reduction_ByAttribute_EqualsOnnxRuntime(string name)
    {
        foreach (var opset in (int[])[8, 12])
        {
            foreach (var (axes, keep) in Forms.Where(form => opset > 8 || form.Axes?.Min() is null or >= 0))
                NodeParity.Require($"Reduce{name}", opset, [Positive(ElementType.Float32)], Attributes(axes, keep), tolerance: 1e-4);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Reduction_ByInput_EqualsOnnxRuntime(string name)
    {
        foreach (var (axes, keep) in Forms)
        {
            var input = axes is null ? null : Tensors.Longs([.. axes]);
            NodeParity.Require($"Reduce{name}", 18, [Positive(ElementType.Float32), input], Attributes(null, keep), tolerance: 1e-4);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Reduction_OfEmptyAxes_EqualsOnnxRuntime(string name)
    {
        var input = name == "LogSum" ? Positive(ElementType.Float32) : Tensors.Random(1, 2, 3);
        foreach (var none in (int[])[0, 1])
            NodeParity.Require($"Reduce{name}", 18, [input, Tensors.Longs()], [("noop_with_empty_axes", none)], tolerance: 1e-4);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Reduction_OfNumber_EqualsOnnxRuntime(string name) =>
        NodeParity.Require($"Reduce{name}", 18, [Tensors.Floats([2.5])]);

    [Theory]
    [InlineData("Sum", ElementType.Int32)]
    [InlineData("Sum", ElementType.Int64)]
    [InlineData("Sum", ElementType.Float64)]
    [InlineData("Mean", ElementType.Int32)]
    [InlineData("Max", ElementType.Int8)]
    [InlineData("Max", ElementType.UInt8)]
    [InlineData("Max", ElementType.Int64)]
    [InlineData("Min", ElementType.Int32)]
    [InlineData("Min", ElementType.Int8)]
    [InlineData("Prod", ElementType.Int32)]
    [InlineData("Prod", ElementType.Int64)]
    [InlineData("L1", ElementType.Int32)]
    [InlineData("L2", ElementType.Int32)]
    [InlineData("SumSquare", ElementType.Int32)]
    [InlineData("SumSquare", ElementType.Int64)]
    [InlineData("LogSum", ElementType.Int32)]
    public void Reduction_OfType_EqualsOnnxRuntime(string name, ElementType type)
    {
        foreach (var (axes, keep) in Forms)
        {
            var input = axes is null ? null : Tensors.Longs([.. axes]);
            NodeParity.Require($"Reduce{name}", 18, [Positive(type), input], Attributes(null, keep), tolerance: 1e-9);
        }
    }

    [Fact]
    public void Mean_OfNegativeIntegers_DropsFraction() =>
        NodeParity.Require("ReduceMean", 18, [Tensors.Of(ElementType.Int32, [-7, 2, -4, 7, 2, 4], 2, 3), Tensors.Longs(1)], tolerance: 0);

    [Theory]
    [InlineData("Max")]
    [InlineData("Min")]
    public void Extreme_OfBools_EqualsOnnxRuntime(string name) => NodeParity.Require(
        $"Reduce{name}", 20, [Tensors.Of(ElementType.Bool, [0, 1, 0, 0, 1, 1], 3, 2), Tensors.Longs(1)], tolerance: 0);

    [Theory]
    [MemberData(nameof(Names))]
    public void Reduction_OfHalves_IsThatOfFloatsRounded(string name)
    {
        double[] values = [0.25, 1.5, 3, 0.75, 2, 1.25];
        var expected = Executor(ElementType.Float32).to(float16);
        var actual = Executor(ElementType.Float16);
        Assert.Equal(expected.dtype, actual.dtype);
        Assert.Equal(expected.data<Half>().ToArray(), actual.data<Half>().ToArray());

        Tensor Executor(ElementType type) =>
            new NodeParity($"Reduce{name}", 18, [Tensors.Of(type, values, 2, 3), Tensors.Longs(1)]).Executor()[0];
    }

    [Fact]
    public void LogSumExp_OfLargeNumbers_IsFinite() => NodeParity.Require(
        "ReduceLogSumExp", 13, [Tensors.Floats([1000, 1000, -1000, -1000], 2, 2)], [("axes", new[] { 1 })], tolerance: 1e-3);

    /// <summary>The derivative of a product by one factor is the product of the others; a norm has none at zero, where 0 will do.</summary>
    [Theory]
    [InlineData("L1", new double[] { 0, 1, -2 }, new double[] { 0, 1, -1 })]
    [InlineData("L2", new double[] { 0, 0, 0 }, new double[] { 0, 0, 0 })]
    [InlineData("L2", new double[] { 0, 3, -4 }, new double[] { 0, 0.6, -0.8 })]
    [InlineData("Prod", new double[] { 0, 1, 2 }, new double[] { 2, 0, 0 })]
    [InlineData("Prod", new double[] { 0, 0, 2 }, new double[] { 0, 0, 0 })]
    public void Gradient_AtZero_IsFinite(string name, double[] values, double[] expected) =>
        Near.Equal(expected, new NodeParity($"Reduce{name}", 18, [Tensors.Of(ElementType.Float64, values, 1, 3)]).Gradient(), 1e-12);

    [Fact]
    public void Reduction_OfUnknownAttribute_IsRefused()
    {
        var node = new NodeParity("ReduceMax", 18, [Positive(ElementType.Float32)], [("axes", new[] { 1 })]);
        Assert.Contains("axes", Assert.Throws<UnsupportedModelException>(() => node.Executor()).Message);
    }

    [Fact]
    public void Reduction_OfImpossibleAxis_NamesNode()
    {
        var node = new NodeParity("ReduceMax", 18, [Positive(ElementType.Float32), Tensors.Longs(3)]);
        Assert.Contains("'node'", Assert.Throws<InputException>(() => node.Executor()).Message);
    }

    private static TensorProto Positive(ElementType type) =>
        type.IsFloat() ? Tensors.Random(type, 1, 0.5, 1.5, 2, 3, 4) : Tensors.Random(type, 1, 1, 4, 2, 3, 4);

    private static (string, object)[] Attributes(int[]? axes, int keep) =>
        axes is null ? [("keepdims", keep)] : [("keepdims", keep), ("axes", axes)];
}
