using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Preparation;

/// <summary>A column whose deviation is that of a few values far from all others.</summary>
/// <param name="Channel">The column.</param>
/// <param name="Far">The farthest value.</param>
/// <param name="Low">A quarter of the values is below it.</param>
/// <param name="High">A quarter is above it.</param>
internal sealed record FarColumn(int Channel, float Far, float Low, float High);

/// <summary>Finds such columns: standardised by that deviation, all that the others say is squeezed together.</summary>
internal static class FarValues
{
    private const int MostRows = 4096;

    // Of a normal distribution the deviation is 0.74 of the distance between its quartiles, of a log-normal one with σ = 2 15 times that.
    private const double MostDeviation = 20;

    /// <summary>Looks at rows from all over a set of rows of numbers.</summary>
    /// <param name="set">The set; a sample has one axis.</param>
    /// <param name="fitted">The preprocessing that was fitted to it, with a deviation for each column.</param>
    public static IReadOnlyList<FarColumn> Find(TransferSet set, Preprocessing fitted)
    {
        if (set.SampleShape.Count != 1 || fitted.Std.Count != set.SampleElements)
            return [];
        var (count, width) = ((int)Math.Min(MostRows, set.Count), set.SampleElements);
        var rows = new float[count * width];
        set.Read([.. Enumerable.Range(0, count).Select(i => i * set.Count / count)], rows);
        var (found, column) = (new List<FarColumn>(), new float[count]);
        for (var channel = 0; channel < width; channel++)
        {
            for (var row = 0; row < count; row++)
                column[row] = rows[row * width + channel];
            Array.Sort(column);
            var (low, high) = (column[count / 4], column[3 * count / 4]);
            if (high > low && fitted.Std[channel] > MostDeviation * ((double)high - low))
                found.Add(new(channel, low - (double)column[0] > (double)column[^1] - high ? column[0] : column[^1], low, high));
        }
        return found;
    }
}
