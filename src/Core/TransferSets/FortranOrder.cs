namespace OnnxKd.Core.TransferSets;

/// <summary>Arrays in Fortran order, all samples' first values, then their second ones: how numpy.save writes the values of a pandas table.</summary>
internal static class FortranOrder
{
    private const long BlockBytes = 1 << 26;

    /// <summary>Writes sample after sample to a nameless temporary file, a block of samples at a time.</summary>
    /// <param name="file">The array's file, whose length was checked.</param>
    /// <param name="offset">Where the first element lies.</param>
    /// <param name="size">The bytes of an element.</param>
    /// <param name="shape">All axes, samples first.</param>
    public static SourceFile Transpose(SourceFile file, long offset, int size, IReadOnlyList<long> shape) => SourceFile.Decode(file.Path, output =>
    {
        var (samples, values) = (shape[0], shape.Skip(1).Aggregate(1L, (product, length) => product * length));
        var rows = (int)Math.Clamp(BlockBytes / (values * size), 1, samples);
        var (column, block) = (new byte[rows * size], new byte[rows * values * size]);
        for (long first = 0; first < samples; first += rows)
        {
            var count = (int)Math.Min(rows, samples - first);
            for (long value = 0; value < values; value++)
            {
                var read = column.AsSpan(0, count * size);
                file.Read(offset + (value * samples + first) * size, read);
                for (var (row, place) = (0, PlaceOf(value, shape)); row < count; row++, place += values)
                    read.Slice(row * size, size).CopyTo(block.AsSpan((int)(place * size)));
            }
            output.Write(block, 0, (int)(count * values * size));
        }
    });

    /// <summary>Where a value stands in a sample in C order.</summary>
    private static long PlaceOf(long value, IReadOnlyList<long> shape)
    {
        var (place, stride) = (0L, shape.Skip(1).Aggregate(1L, (product, length) => product * length));
        for (var axis = 1; axis < shape.Count; axis++)
        {
            stride /= shape[axis];
            place += value % shape[axis] * stride;
            value /= shape[axis];
        }
        return place;
    }
}
