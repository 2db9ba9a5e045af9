using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Preparation;

/// <summary>Rows from all over a set of rows of numbers.</summary>
internal sealed class ColumnSample
{
    private const int MostRows = 4096;

    private readonly float[] rows;
    private readonly int width;

    private ColumnSample(float[] rows, int width) => (this.rows, this.width) = (rows, width);

    /// <summary>Reads them; <c>null</c>: the set's samples have more axes than one.</summary>
    public static ColumnSample? Of(TransferSet set)
    {
        if (set.SampleShape.Count != 1)
            return null;
        var (count, width) = ((int)Math.Min(MostRows, set.Count), set.SampleElements);
        var rows = new float[count * width];
        set.Read([.. Enumerable.Range(0, count).Select(i => i * set.Count / count)], rows);
        return new(rows, width);
    }

    /// <summary>The values of a column, in ascending order.</summary>
    public float[] Sorted(int column)
    {
        var values = new float[rows.Length / width];
        for (var row = 0; row < values.Length; row++)
            values[row] = rows[row * width + column];
        Array.Sort(values);
        return values;
    }
}
