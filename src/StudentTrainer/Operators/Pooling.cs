using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>
/// Pooling over one to three spatial axes. Padding is explicit, since libtorch's is symmetric and at most half the kernel, and its
/// windows in ceil mode are others than ONNX's.
/// </summary>
internal static class Pooling
{
    public static Kernel MaxPool(NodeContext node)
    {
        var kernel = KernelShape(node);
        var window = Window.Read(node, pooling: true);
        _ = node.Attributes.GetInt("storage_order", 0); // orders the indices, which are not computed
        return x =>
        {
            var axes = window.Fit(x[0].shape.AsSpan(2), kernel);
            return [MaxPool(Pad(x[0], axes, axis => axis.NeededAfter, double.NegativeInfinity), axes)];
        };
    }

    public static Kernel AveragePool(NodeContext node)
    {
        var kernel = KernelShape(node);
        var window = Window.Read(node, pooling: true);
        var countPadding = node.Attributes.GetInt("count_include_pad", 0) != 0;
        if (window.Dilations?.Any(dilation => dilation != 1) == true)
            throw node.Unsupported("is not supported with dilations", $"[{string.Join(", ", window.Dilations)}]");
        return x =>
        {
            var axes = window.Fit(x[0].shape.AsSpan(2), kernel);
            var average = AveragePool(Pad(x[0], axes, axis => axis.NeededAfter, 0), axes);
            if (axes.All(axis => axis.Before == 0 && axis.NeededAfter == 0))
                return [average];
            return [average.div(CountedShare(x[0], axes, countPadding))];
        };
    }

    public static Kernel GlobalMaxPool(NodeContext node) => x => [x[0].amax(SpatialAxes(x[0]), keepdim: true)];

    public static Kernel GlobalAveragePool(NodeContext node) => x => [x[0].mean(SpatialAxes(x[0]), keepdim: true)];

    /// <summary>
    /// The share of each window's places that count in its average: the input, and the declared padding if it is to count.
    /// </summary>
    private static Tensor CountedShare(Tensor x, WindowAxis[] axes, bool countPadding)
    {
        var input = ones([1, 1, .. axes.Select(axis => axis.Size)], x.dtype, x.device);
        var declared = Pad(input, axes, axis => Math.Min(axis.After, axis.NeededAfter), countPadding ? 1 : 0);
        long[] overhang = [.. axes.Reverse().SelectMany(axis => new[] { 0, Math.Max(0, axis.NeededAfter - axis.After) })];
        return AveragePool(nn.functional.pad(declared, overhang), axes);
    }

    private static Tensor Pad(Tensor x, WindowAxis[] axes, Func<WindowAxis, long> after, double value)
    {
        long[] pads = [.. axes.Reverse().SelectMany(axis => new[] { axis.Before, after(axis) })];
        return Array.TrueForAll(pads, pad => pad == 0) ? x : nn.functional.pad(x, pads, value: value);
    }

    private static Tensor MaxPool(Tensor x, WindowAxis[] axes)
    {
        var (kernel, strides, dilations) = (Of(axes, a => a.Kernel), Of(axes, a => a.Stride), Of(axes, a => a.Dilation));
        return axes.Length switch
        {
            1 => nn.functional.max_pool1d(x, kernel[0], strides[0], 0, dilations[0]),
            2 => nn.functional.max_pool2d(x, kernel, strides, dilation: dilations),
            _ => nn.functional.max_pool3d(x, kernel, strides, dilation: dilations),
        };
    }

    private static Tensor AveragePool(Tensor x, WindowAxis[] axes)
    {
        var (kernel, strides) = (Of(axes, a => a.Kernel), Of(axes, a => a.Stride));
        return axes.Length switch
        {
            1 => nn.functional.avg_pool1d(x, kernel[0], strides[0]),
            2 => nn.functional.avg_pool2d(x, kernel, strides),
            _ => nn.functional.avg_pool3d(x, kernel, strides),
        };
    }

    private static long[] Of(WindowAxis[] axes, Func<WindowAxis, long> value) => Array.ConvertAll(axes, axis => value(axis));

    private static long[] SpatialAxes(Tensor x) => [.. Enumerable.Range(2, (int)x.ndim - 2).Select(axis => (long)axis)];

    private static long[] KernelShape(NodeContext node)
    {
        var kernel = node.Attributes.GetInts("kernel_shape") ?? throw node.Unsupported("needs a kernel_shape", "none");
        return kernel.Length is >= 1 and <= 3
            ? kernel
            : throw node.Unsupported("is supported over one to three spatial axes", $"{kernel.Length}");
    }
}
