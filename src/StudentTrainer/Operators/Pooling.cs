using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>
/// Pooling over one to three spatial axes. Where libtorch's padding (symmetric, at most half the kernel) or its windows differ from
/// ONNX's, the padding is explicit.
/// </summary>
internal static class Pooling
{
    public static Kernel MaxPool(NodeContext node)
    {
        var kernel = KernelShape(node);
        var window = Window.Read(node, kernel.Length, pooling: true);
        var columnMajor = node.Attributes.GetInt("storage_order", 0) != 0;
        var withIndices = node.IsRead(1);
        return x =>
        {
            var placed = Placement.Of(window.Fit(x[0].shape.AsSpan(2), kernel));
            var input = x[0].is_floating_point() ? x[0] : x[0].to(float32); // holds every int8 and uint8
            var padded = placed.Pad(input, double.NegativeInfinity);
            if (!withIndices)
                return [MaxPool(padded, placed).to(x[0].dtype)];
            var (values, indices) = MaxPoolWithIndices(padded, placed);
            return [values.to(x[0].dtype), MaxPoolIndices.ToOnnx(indices, placed, columnMajor)];
        };
    }

    public static Kernel AveragePool(NodeContext node)
    {
        var kernel = KernelShape(node);
        var window = Window.Read(node, kernel.Length, pooling: true);
        var countPadding = node.Attributes.GetInt("count_include_pad", 0) != 0;
        return x =>
        {
            var placed = Placement.Of(window.Fit(x[0].shape.AsSpan(2), kernel), average: true, countPadding);
            var average = Average(placed.Pad(x[0], 0), placed, countPadding);
            return [placed.IsExplicit ? average.div(CountedShare(x[0], placed, countPadding)) : average];
        };
    }

    public static Kernel GlobalMaxPool(NodeContext node) => x => [x[0].amax(SpatialAxes(x[0]), keepdim: true)];

    public static Kernel GlobalAveragePool(NodeContext node) => x => [x[0].mean(SpatialAxes(x[0]), keepdim: true)];

    /// <summary>
    /// The share of each window's places that count in its average: the input, and the declared padding if it is to count.
    /// </summary>
    private static Tensor CountedShare(Tensor x, Placement placed, bool countPadding)
    {
        var axes = placed.Axes;
        var input = ones([1, 1, .. axes.Of(axis => axis.Size)], x.dtype, x.device);
        var declared = nn.functional.pad(
            input, axes.Pads(axis => axis.Before, axis => Math.Min(axis.After, axis.NeededAfter)), value: countPadding ? 1 : 0);
        var overhang = axes.Pads(_ => 0, axis => Math.Max(0, axis.NeededAfter - axis.After));
        return Average(nn.functional.pad(declared, overhang), placed, countPadding);
    }

    private static Tensor MaxPool(Tensor x, Placement placed)
    {
        var (kernel, strides, dilations) = (placed.Kernel, placed.Strides, placed.Dilations);
        return placed.Axes.Length switch
        {
            1 => nn.functional.max_pool1d(x, kernel[0], strides[0], placed.Padding[0], dilations[0], placed.Ceil),
            2 => nn.functional.max_pool2d(x, kernel, strides, placed.Padding, dilations, placed.Ceil),
            _ => nn.functional.max_pool3d(x, kernel, strides, placed.Padding, dilations, placed.Ceil),
        };
    }

    private static (Tensor, Tensor) MaxPoolWithIndices(Tensor x, Placement placed)
    {
        var (kernel, strides, dilations) = (placed.Kernel, placed.Strides, placed.Dilations);
        return placed.Axes.Length switch
        {
            1 => nn.functional.max_pool1d_with_indices(x, kernel[0], strides[0], placed.Padding[0], dilations[0], placed.Ceil),
            2 => nn.functional.max_pool2d_with_indices(x, kernel, strides, placed.Padding, dilations, placed.Ceil),
            _ => nn.functional.max_pool3d_with_indices(x, kernel, strides, placed.Padding, dilations, placed.Ceil),
        };
    }

    private static Tensor Average(Tensor x, Placement placed, bool countPadding)
    {
        if (Array.Exists(placed.Axes, axis => axis.Dilation != 1))
            return DilatedAverage(x, placed.Axes);
        var (kernel, strides) = (placed.Kernel, placed.Strides);
        return placed.Axes.Length switch
        {
            1 => nn.functional.avg_pool1d(x, kernel[0], strides[0], placed.Padding[0], placed.Ceil, countPadding),
            2 => nn.functional.avg_pool2d(x, kernel, strides, placed.Padding, placed.Ceil, countPadding),
            _ => nn.functional.avg_pool3d(x, kernel, strides, placed.Padding, placed.Ceil, countPadding),
        };
    }

    /// <summary>libtorch has no dilated average: one axis after the other, the sum of the window's elements as strided slices.</summary>
    private static Tensor DilatedAverage(Tensor x, WindowAxis[] axes)
    {
        for (var i = 0; i < axes.Length; i++)
        {
            var (axis, input, dim) = (axes[i], x, i + 2);
            var reach = (axis.Windows - 1) * axis.Stride + 1;
            x = Enumerable.Range(0, (int)axis.Kernel).Select(k => k * axis.Dilation)
                .Select(start => input.slice(dim, start, start + reach, axis.Stride))
                .Aggregate((sum, slice) => sum.Add(slice)).Div(axis.Kernel);
        }
        return x;
    }

    private static long[] SpatialAxes(Tensor x) => x.ndim > 2
        ? [.. Enumerable.Range(2, (int)x.ndim - 2).Select(axis => (long)axis)]
        : throw new ArgumentException("the input has no spatial axes");

    private static long[] KernelShape(NodeContext node) =>
        Window.PerAxis(node, "kernel_shape", null, least: 1) ?? throw node.Unsupported("needs a kernel_shape", "none");
}
