using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>
/// Transposed convolution: every input element adds the kernel, times its value, to the output. Pads cut that sum at both ends; what an
/// output padding or shape asks for beyond its end holds the bias alone.
/// </summary>
internal static class TransposedConvolution
{
    public static Kernel ConvTranspose(NodeContext node)
    {
        var rank = Window.KernelRank(node);
        var window = Window.Read(node, rank, pooling: false);
        var extra = Window.PerAxis(node, "output_padding", rank, least: 0);
        var shape = Window.PerAxis(node, "output_shape", rank, least: 1);
        var group = node.Attributes.GetInt("group", 1);
        return x => [ConvTranspose(x[0], x[1], x.Optional(2), new(window, extra, shape), group)];
    }

    private static Tensor ConvTranspose(Tensor input, Tensor weight, Tensor? bias, Target target, long group)
    {
        var axes = target.Fit(input.shape.AsSpan(2), weight.shape.AsSpan(2));
        var (strides, dilations) = (Array.ConvertAll(axes, axis => axis.Stride), Array.ConvertAll(axes, axis => axis.Dilation));
        if (Array.TrueForAll(axes, axis => axis.FitsSymmetric))
            return Full(input, weight, bias, Array.ConvertAll(axes, axis => axis.Head), Array.ConvertAll(axes, axis => axis.Rest));

        var zeros = new long[axes.Length];
        var full = Full(input, weight, null, zeros, zeros);
        var cut = nn.functional.pad(full, (long[])[.. axes.Reverse().SelectMany(axis => new[] { -axis.Head, axis.Tail })]);
        return bias is null ? cut : cut.Add(bias.reshape([-1, .. zeros.Select(_ => 1L)]));

        Tensor Full(Tensor input, Tensor weight, Tensor? bias, long[] padding, long[] extra) => axes.Length switch
        {
            1 => nn.functional.conv_transpose1d(input, weight, bias, strides[0], padding[0], extra[0], dilations[0], group),
            2 => nn.functional.conv_transpose2d(input, weight, bias, strides, padding, extra, dilations, group),
            _ => nn.functional.conv_transpose3d(input, weight, bias, strides, padding, extra, dilations, group),
        };
    }

    /// <summary>What the attributes say of the output.</summary>
    private sealed record Target(Window Window, long[]? OutputPadding, long[]? OutputShape)
    {
        public Axis[] Fit(ReadOnlySpan<long> sizes, ReadOnlySpan<long> kernel)
        {
            if (sizes.Length != kernel.Length || sizes.Length is < 1 or > 3)
                throw new ArgumentException($"a kernel of {kernel.Length} axes (1 to 3) does not fit an input of {sizes.Length}");
            Window.RequireDeclared(kernel);
            RequireCounts(sizes.Length);
            var axes = new Axis[sizes.Length];
            for (var i = 0; i < axes.Length; i++)
            {
                var (stride, dilation) = (Window.Strides?[i] ?? 1, Window.Dilations?[i] ?? 1);
                var full = (sizes[i] - 1) * stride + (kernel[i] - 1) * dilation + 1;
                axes[i] = Place(i, axes.Length, sizes[i], new(stride, dilation, full, 0, 0));
            }
            return axes;
        }

        /// <summary>Where the kernel's rank is known from a run only, nothing has compared it with the attributes yet.</summary>
        private void RequireCounts(int rank)
        {
            var counts = new[] { Window.Strides?.Length, Window.Dilations?.Length, Window.Pads?.Length / 2, OutputPadding?.Length, OutputShape?.Length };
            if (Array.Exists(counts, count => count is not null && count != rank) || Window.Pads?.Length % 2 == 1)
                throw new ArgumentException($"an attribute does not have a number for each of {rank} axes");
        }

        /// <summary>The output is full + output padding − pads; a given (or "same") size says what the pads are together.</summary>
        private Axis Place(int i, int rank, long size, Axis axis)
        {
            var longest = axis.Full + (OutputPadding?[i] ?? 0);
            var same = Window.AutoPad is "SAME_UPPER" or "SAME_LOWER";
            if ((OutputShape?[i] ?? (same ? Math.Min(longest, size * axis.Stride) : null)) is { } length)
            {
                var total = Math.Max(0, longest - length);
                var head = Window.AutoPad == "SAME_UPPER" ? total / 2 : total - total / 2;
                return axis with { Head = head, Length = length };
            }
            var pads = Window.AutoPad == "NOTSET" ? Window.Pads : null;
            return axis with { Head = pads?[i] ?? 0, Length = longest - (pads?[i] ?? 0) - (pads?[rank + i] ?? 0) };
        }
    }

    /// <summary>One axis of the output.</summary>
    /// <param name="Stride">The distance between the kernels' places.</param>
    /// <param name="Dilation">The distance between a kernel's elements.</param>
    /// <param name="Full">The length that all kernels cover.</param>
    /// <param name="Head">What is cut off at the beginning.</param>
    /// <param name="Length">What remains, or more.</param>
    private readonly record struct Axis(long Stride, long Dilation, long Full, long Head, long Length)
    {
        /// <summary>What is added at the end; negative: cut off.</summary>
        public long Tail => Length + Head - Full;

        /// <summary>libtorch's output padding, if its padding, the same at both ends, is the head.</summary>
        public long Rest => Tail + Head;

        /// <summary>Whether libtorch takes that output padding.</summary>
        public bool FitsSymmetric => Rest >= 0 && Rest < Math.Max(Stride, Dilation);
    }
}
