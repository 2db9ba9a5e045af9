namespace OnnxKd.Core.Preparation.Steps;

/// <summary>
/// How a sample's values lie: blocks × height × width × depth, last fastest. [channels, height, width] has a block per channel and depth
/// 1, [height, width, channels] has one block and a depth of channels. Frames have time as height and frequency as width.
/// </summary>
/// <param name="Blocks">Planes that lie one after the other.</param>
/// <param name="Height">Rows of a plane.</param>
/// <param name="Width">Columns of a plane.</param>
/// <param name="Depth">Values of a pixel that lie side by side.</param>
/// <param name="IsPlane">Whether there are a height and a width at all.</param>
/// <param name="IsNearest">Whether values are names, of which there is nothing in between: a moved pixel is the nearest one.</param>
internal readonly record struct SampleLayout(int Blocks, int Height, int Width, int Depth, bool IsPlane, bool IsNearest = false)
{
    /// <summary>Values of a row.</summary>
    public int RowLength => Width * Depth;

    /// <summary>Values of a block.</summary>
    public int BlockLength => Height * RowLength;

    /// <summary>Values of a pixel.</summary>
    public int Channels => Blocks * Depth;

    /// <summary>From a channel's value to the next channel's, of the same pixel.</summary>
    public int ChannelStride => Blocks > 1 ? BlockLength : 1;

    /// <summary>Finds the layout of samples.</summary>
    public static SampleLayout Of(IReadOnlyList<int> shape, int channelAxis)
    {
        var isLast = shape.Count == 3 && channelAxis == 2;
        var isPlane = isLast || shape.Count == 2 || (shape.Count > 2 && channelAxis < shape.Count - 2);
        var elements = shape.Aggregate(1, (product, size) => product * size);
        if (!isPlane)
            return new(1, 1, elements, 1, IsPlane: false);
        var (height, width) = isLast ? (shape[0], shape[1]) : (shape[^2], shape[^1]);
        return isLast
            ? new(1, height, width, shape[2], IsPlane: true)
            : new(elements / (height * width), height, width, 1, IsPlane: true);
    }

    /// <summary>Sets every value of a region, in all channels.</summary>
    public void Fill(Span<float> sample, Region region, float value)
    {
        for (var block = 0; block < Blocks; block++)
            for (var y = region.Top; y < region.Bottom; y++)
                Row(sample, block, y, region).Fill(value);
    }

    /// <summary>Copies a region to the same place of another sample.</summary>
    public void Copy(Span<float> source, Span<float> target, Region region)
    {
        for (var block = 0; block < Blocks; block++)
            for (var y = region.Top; y < region.Bottom; y++)
                Row(source, block, y, region).CopyTo(Row(target, block, y, region));
    }

    private Span<float> Row(Span<float> sample, int block, int y, Region region) =>
        sample.Slice(block * BlockLength + y * RowLength + region.Left * Depth, region.Width * Depth);
}
