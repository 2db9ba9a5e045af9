using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>
/// Where the maxima are: libtorch counts within a channel (padded, if the padding is explicit), ONNX through the whole input tensor.
/// </summary>
internal static class MaxPoolIndices
{
    /// <summary>Counts anew.</summary>
    /// <param name="indices">libtorch's, [N, C, ...].</param>
    /// <param name="placed">How the windows were laid.</param>
    /// <param name="columnMajor">Whether the first spatial axis runs fastest.</param>
    public static Tensor ToOnnx(Tensor indices, Placement placed, bool columnMajor)
    {
        var axes = placed.Axes;
        var strides = Strides(axes.Of(axis => axis.Size), columnMajor);
        var result = ChannelOffsets(indices, axes.Aggregate(1L, (size, axis) => size * axis.Size));
        for (var i = axes.Length - 1; i >= 0; i--)
        {
            var before = placed.IsExplicit ? axes[i].Before : 0;
            var length = axes[i].Size + (placed.IsExplicit ? axes[i].Before + axes[i].NeededAfter : 0);
            // Where all of a window is −∞, its first place, perhaps in the padding, counts as the maximum.
            var place = indices.Remainder(length).Sub(before).Clamp(min: 0, max: axes[i].Size - 1);
            result = result.Add(place.Mul(strides[i]));
            indices = indices.Div(length, RoundingMode.floor);
        }
        return result;
    }

    private static long[] Strides(long[] sizes, bool columnMajor)
    {
        var strides = new long[sizes.Length];
        var stride = 1L;
        for (var i = 0; i < sizes.Length; i++)
        {
            var axis = columnMajor ? i : sizes.Length - 1 - i;
            strides[axis] = stride;
            stride *= sizes[axis];
        }
        return strides;
    }

    private static Tensor ChannelOffsets(Tensor indices, long channelSize)
    {
        var (samples, channels) = (indices.shape[0], indices.shape[1]);
        var offsets = TensorNumbers.Range(samples * channels, int64, indices.device).Mul(channelSize);
        return offsets.reshape([samples, channels, .. Enumerable.Repeat(1L, (int)indices.ndim - 2)]);
    }
}
