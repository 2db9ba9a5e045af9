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
                new NodeCase(opset, $"Reduce{name}", Attributes(axes, keep))
                    .Inputs(Positive(ElementType.Float32)).RequireParity(1e-4);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Reduction_ByInput_EqualsOnnxRuntime(string name)
    {
        foreach (var (axes, keep) in Forms)
        {
            var input = axes is null ? null : Tensors.Longs([.. axes]);
            new NodeCase(18, $"Reduce{name}", Attributes(null, keep))
                .Inputs(Positive(ElementType.Float32), input).RequireParity(1e-4);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Reduction_OfEmptyAxes_EqualsOnnxRuntime(string name)
    {
        var input = name == "LogSum" ? Positive(ElementType.Float32) : Tensors.Random(1, 2, 3);
        foreach (var none in (int[])[0, 1])
            new NodeCase(18, $"Reduce{name}", ("noop_with_empty_axes", none))
                .Inputs(input, Tensors.Longs()).RequireParity(1e-4);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Reduction_OfNumber_EqualsOnnxRuntime(string name) =>
        new NodeCase(18, $"Reduce{name}").Inputs(Tensors.Floats([2.5])).RequireParity(1e-5);

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
            new NodeCase(18, $"Reduce{name}", Attributes(null, keep)).Inputs(Positive(type), input).RequireParity(1e-9);
        }
    }

    [Fact]
    public void Mean_OfNegativeIntegers_DropsFraction() =>
        new NodeCase(18, "ReduceMean")
            .Inputs(Tensors.Of(ElementType.Int32, [-7, 2, -4, 7, 2, 4], 2, 3), Tensors.Longs(1)).RequireParity();

    [Theory]
    [InlineData("Max")]
    [InlineData("Min")]
    public void Extreme_OfBools_EqualsOnnxRuntime(string name) =>
        new NodeCase(20, $"Reduce{name}")
            .Inputs(Tensors.Of(ElementType.Bool, [0, 1, 0, 0, 1, 1], 3, 2), Tensors.Longs(1)).RequireParity();

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
            new NodeCase(18, $"Reduce{name}").Inputs(Tensors.Of(type, values, 2, 3), Tensors.Longs(1)).Execute();
    }

    [Fact]
    public void LogSumExp_OfLargeNumbers_IsFinite() =>
        new NodeCase(13, "ReduceLogSumExp", ("axes", new[] { 1 }))
            .Inputs(Tensors.Floats([1000, 1000, -1000, -1000], 2, 2)).RequireParity(1e-3);

    /// <summary>The derivative of a product by one factor is the product of the others; a norm has none at zero, where 0 will do.</summary>
    [Theory]
    [InlineData("L1", new double[] { 0, 1, -2 }, new double[] { 0, 1, -1 })]
    [InlineData("L2", new double[] { 0, 0, 0 }, new double[] { 0, 0, 0 })]
    [InlineData("L2", new double[] { 0, 3, -4 }, new double[] { 0, 0.6, -0.8 })]
    [InlineData("Prod", new double[] { 0, 1, 2 }, new double[] { 2, 0, 0 })]
    [InlineData("Prod", new double[] { 0, 0, 2 }, new double[] { 0, 0, 0 })]
    public void Gradient_AtZero_IsFinite(string name, double[] values, double[] expected) =>
        Near.Equal(expected, new NodeCase(18, $"Reduce{name}")
            .Inputs(Tensors.Of(ElementType.Float64, values, 1, 3)).Gradient(), 1e-12);

    [Fact]
    public void Reduction_OfUnknownAttribute_IsRefused()
    {
        var node = new NodeCase(18, "ReduceMax", ("axes", new[] { 1 })).Inputs(Positive(ElementType.Float32));
        Assert.Contains("axes", Assert.Throws<UnsupportedModelException>(() => node.Execute()).Message);
    }

    [Fact]
    public void Reduction_OfImpossibleAxis_NamesNode()
    {
        var node = new NodeCase(18, "ReduceMax").Inputs(Positive(ElementType.Float32), Tensors.Longs(3));
        Assert.Contains("'node'", Assert.Throws<InputException>(() => node.Execute()).Message);
    }

    private static TensorProto Positive(ElementType type) =>
        type.IsFloat() ? Tensors.Random(type, 1, 0.5, 1.5, 2, 3, 4) : Tensors.Random(type, 1, 1, 4, 2, 3, 4);

    private static (string, object)[] Attributes(int[]? axes, int keep) =>
        axes is null ? [("keepdims", keep)] : [("keepdims", keep), ("axes", axes)];
}
