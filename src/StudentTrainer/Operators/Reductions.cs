using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Many elements to one, along some axes or all. Results have the type of the input.</summary>
internal static class Reductions
{
    /// <summary>Reduces.</summary>
    /// <param name="x">The input.</param>
    /// <param name="axes">Along these; negative ones count from the end.</param>
    /// <param name="keep">Whether the axes stay, with size 1.</param>
    internal delegate Tensor Reduction(Tensor x, long[] axes, bool keep);

    /// <summary>The axes are an attribute: before version 18, for ReduceSum before 13.</summary>
    public static Func<NodeContext, Kernel> ByAttribute(Reduction reduce) => node =>
    {
        var axes = node.Attributes.GetInts("axes", []);
        var keep = node.Attributes.GetInt("keepdims", 1) != 0;
        return x => [Apply(reduce, x[0], axes, keep)];
    };

    /// <summary>
    /// The axes are an input; without any, all are reduced, or with <c>noop_with_empty_axes</c> none: then each element is a group of its
    /// own, as if along a new axis (so that ReduceSumSquare still squares).
    /// </summary>
    public static Func<NodeContext, Kernel> ByInput(Reduction reduce) => node =>
    {
        var axes = node.OptionalLongs(1);
        var keep = node.Attributes.GetInt("keepdims", 1) != 0;
        var none = node.Attributes.GetInt("noop_with_empty_axes", 0) != 0;
        return x =>
        {
            var along = axes?.Invoke(x) ?? [];
            return [none && along.Length == 0 ? Apply(reduce, x[0].unsqueeze(-1), [-1], keep: false) : Apply(reduce, x[0], along, keep)];
        };
    };

    public static Tensor Sum(Tensor x, long[] axes, bool keep) => x.sum(axes, keep, x.dtype);

    /// <summary>Of integers: the sum, divided as in C.</summary>
    public static Tensor Mean(Tensor x, long[] axes, bool keep) =>
        x.is_integral()
            ? Sum(x, axes, keep).Div(Count(x, axes), RoundingMode.trunc)
            : x.mean(axes, keep);

    public static Tensor Max(Tensor x, long[] axes, bool keep) => x.amax(axes, keep);

    public static Tensor Min(Tensor x, long[] axes, bool keep) => x.amin(axes, keep);

    public static Tensor Prod(Tensor x, long[] axes, bool keep) =>
        AxisByAxis(x, axes, keep, static (x, axis, keep) => x.prod(axis, keep, x.dtype));

    public static Tensor L1(Tensor x, long[] axes, bool keep) => Sum(x.abs(), axes, keep);

    /// <summary>The norm of norms is the norm of all; libtorch's has a gradient at zero, which a square root has not.</summary>
    public static Tensor L2(Tensor x, long[] axes, bool keep) => IntegersAsDoubles(
        x, x => AxisByAxis(x, axes, keep, static (x, axis, keep) => x.norm((int)axis, keep, 2)));

    public static Tensor SumSquare(Tensor x, long[] axes, bool keep) => Sum(x.mul(x), axes, keep);

    public static Tensor LogSum(Tensor x, long[] axes, bool keep) => IntegersAsDoubles(x, x => Sum(x, axes, keep).log());

    public static Tensor LogSumExp(Tensor x, long[] axes, bool keep) => IntegersAsDoubles(
        x, x => AxisByAxis(x, axes, keep, static (x, axis, keep) => x.logsumexp(axis, keep)));

    private static Tensor Apply(Reduction reduce, Tensor x, long[] axes, bool keep)
    {
        if (axes.Length == 0)
            axes = [.. Enumerable.Range(0, (int)x.ndim)];
        return reduce(x, axes, keep);
    }

    /// <summary>For functions that libtorch has along one axis only: the last axis first, so that the numbers of the others stay.</summary>
    private static Tensor AxisByAxis(Tensor x, long[] axes, bool keep, Func<Tensor, long, bool, Tensor> reduce)
    {
        if (axes.Length == 1)
            return reduce(x, axes[0], keep);
        var result = x.alias();
        foreach (var axis in axes.Select(axis => axis < 0 ? axis + x.ndim : axis).OrderDescending())
            result = reduce(result, axis, keep);
        return result;
    }

    /// <summary>libtorch has these functions for floats only; the fraction is dropped.</summary>
    private static Tensor IntegersAsDoubles(Tensor x, Func<Tensor, Tensor> function) =>
        x.is_integral() ? function(x.to(float64)).to(x.dtype) : function(x);

    private static long Count(Tensor x, long[] axes) => axes.Aggregate(1L, (count, axis) => count * x.size((int)axis));
}
