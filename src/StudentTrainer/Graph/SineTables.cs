namespace OnnxKd.StudentTrainer.Graph;

/// <summary>Tables of positions as sines and cosines (Vaswani et al., "Attention is all you need", 2017, section 3.5), told by their values.</summary>
internal static class SineTables
{
    // Fewer may lie on a circle by chance, or because somebody normalised them.
    private const int FewestRows = 3;
    private const int FewestColumns = 4;

    // Half of it of the two squares, the rest of the sine and the cosine themselves.
    private const double Roundings = 8;
    private const double Float32 = 1.0 / (1 << 24);
    private const double Float16 = 1.0 / (1 << 11);
    private const double BFloat16 = 1.0 / (1 << 8);

    /// <summary>
    /// Whether the entries along one axis are pairs of a sine and a cosine of one angle, beside each other or in blocks (halves, or a quarter for each axis of an image), everywhere else in the
    /// table: sin² + cos² = 1 to the precision of the numbers. No gradient leaves them so. Rows of zeros, for padding or a class token, and a last entry of zeros do not count.
    /// </summary>
    /// <param name="values">The table.</param>
    /// <param name="shape">Its axes.</param>
    public static bool Is(float[] values, IReadOnlyList<long> shape)
    {
        if (!Array.TrueForAll(values, value => Math.Abs(value) <= 1 + BFloat16) || Array.TrueForAll(values, value => value is 0 or 1 or -1))
            return false;
        var tolerance = Roundings * PrecisionOf(values);
        return Enumerable.Range(0, shape.Count).Any(axis => new Table(values, (int)shape[axis], (int)shape.Skip(axis + 1).Aggregate(1L, (product, size) => product * size)).IsPaired(tolerance));
    }

    /// <summary>The rounding of the numbers as they were stored first: a graph is trained in float32 whatever its file holds.</summary>
    private static double PrecisionOf(float[] values) =>
        Array.TrueForAll(values, value => (BitConverter.SingleToUInt32Bits(value) & 0xFFFF) == 0) ? BFloat16
        : Array.TrueForAll(values, value => (float)(Half)value == value) ? Float16
        : Float32;

    /// <summary>A table along one of its axes: rows of columns.</summary>
    /// <param name="values">All values.</param>
    /// <param name="columns">The axis's length.</param>
    /// <param name="stride">The values from one column to the next.</param>
    private readonly struct Table(float[] values, int columns, int stride)
    {
        public bool IsPaired(double tolerance)
        {
            var (table, rows) = (this, Enumerable.Range(0, values.Length / columns).Where(IsHeld).ToArray());
            if (rows.Length < FewestRows)
                return false;
            var width = columns % 2 == 1 && Array.TrueForAll(rows, row => table.At(row, table.LastColumn) == 0) ? columns - 1 : columns;
            return width >= FewestColumns && width % 2 == 0
                && Enumerable.Range(1, width / 2).Where(block => width % (2 * block) == 0).Any(block => Array.TrueForAll(rows, row => table.IsPaired(row, width, block, tolerance)));
        }

        private int LastColumn => columns - 1;

        private float At(int row, int column) => values[row / stride * stride * columns + column * stride + row % stride];

        private bool IsHeld(int row)
        {
            for (var column = 0; column < columns; column++)
                if (At(row, column) != 0)
                    return true;
            return false;
        }

        private bool IsPaired(int row, int width, int block, double tolerance)
        {
            for (var start = 0; start < width; start += 2 * block)
                for (var column = start; column < start + block; column++)
                    if (!(Math.Abs((double)At(row, column) * At(row, column) + (double)At(row, column + block) * At(row, column + block) - 1) <= tolerance))
                        return false;
            return true;
        }
    }
}
