using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Preparation;

/// <summary>A column whose deviation is that of a few values far from all others.</summary>
/// <param name="Channel">The column.</param>
/// <param name="Far">The farthest value.</param>
/// <param name="Low">A quarter of the values is below it.</param>
/// <param name="High">A quarter is above it.</param>
internal sealed record FarColumn(int Channel, float Far, float Low, float High);

/// <summary>Finds such columns: values that stand for a missing one look like that.</summary>
internal static class FarValues
{
    // Of a normal distribution the deviation is 0.74 of the distance between its quartiles, of a log-normal one with σ = 2 15 times that.
    private const double MostDeviation = 20;

    /// <summary>Looks at rows from all over a set of rows of numbers.</summary>
    /// <param name="set">The set; of samples of more axes nothing is found.</param>
    public static IEnumerable<FarColumn> Find(TransferSet set)
    {
        var sample = ColumnSample.Of(set);
        for (var column = 0; sample is not null && column < set.SampleElements; column++)
        {
            var values = sample.Sorted(column);
            var (low, high, mean) = (values[values.Length / 4], values[3 * values.Length / 4], values.Average(value => (double)value));
            var deviation = Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
            if (high > low && deviation > MostDeviation * ((double)high - low))
                yield return new(column, low - (double)values[0] > (double)values[^1] - high ? values[0] : values[^1], low, high);
        }
    }
}
