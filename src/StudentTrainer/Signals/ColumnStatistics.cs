using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Preparation;

namespace OnnxKd.StudentTrainer.Signals;

/// <summary>Mean and standard deviation of each column of a stream of values.</summary>
/// <param name="Means">One for each column.</param>
/// <param name="Scale">The deviations; 1 where a column never changes.</param>
internal sealed record ColumnStatistics(IReadOnlyList<float> Means, ValueScale Scale)
{
    /// <summary>The same after a logarithm of the columns that a few far values decide; <c>null</c>: there are none.</summary>
    public ColumnStatistics? PulledIn { get; private init; }

    // Enough that both are within a percent or two.
    private const int MostRows = 10_000;
    private const int RowsAtOnce = 256;

    // Steps of a third of the deviation are a hundredth of the variance: what is lost is no more than that of R².
    private const double LeastSteps = 3;

    /// <summary>Reads the first view of some rows, evenly spread.</summary>
    /// <exception cref="InputException">Rounding to 16 bits left too little of a column that lies far from 0 and varies little, or is tiny.</exception>
    public static ColumnStatistics Of(LogitCache cache, CacheStream stream)
    {
        var (means, variances) = Moments(cache, stream, stream.Classes);
        for (var column = 0; column < means.Length; column++)
            if (Math.Sqrt(variances[column]) is var deviation && StepAt(means[column], stream.Storage) is var step && deviation < LeastSteps * step)
                throw new InputException(
                    "Values were rounded so far when they were stored that little is left to learn.",
                    $"stream '{stream.Name}', stored as {stream.Storage.Name}",
                    FormattableString.Invariant($"column {column}: mean {means[column]:g4}, deviation {deviation:g3}; values there are {step:g3} apart"),
                    FormattableString.Invariant($"a deviation of at least {LeastSteps} steps"),
                    "set capture.storage: float32");
        double[] deviations = [.. variances.Select((variance, c) => Math.Sqrt(variance) is var deviation && deviation > 1e-6 * Math.Abs(means[c]) ? deviation : 1)];
        return From(means, deviations, null) with { PulledIn = PullIn(cache, stream, means, deviations) };
    }

    private static ColumnStatistics From(double[] means, double[] deviations, SymmetricLog? log) =>
        new([.. means.Select(mean => (float)mean)], new([.. deviations.Select(deviation => (float)deviation)], log));

    private static ColumnStatistics? PullIn(LogitCache cache, CacheStream stream, double[] means, double[] deviations)
    {
        if (stream.Positions > 1)
            return null; // of a map the few far values are what it shows: a peak among values near 0
        var rows = Some(cache, MostRows).SelectMany(some => Read(cache, stream, some).Chunk(stream.Classes)).ToArray();
        (means, deviations) = ([.. means], [.. deviations]);
        return LogFit.OfColumns(means, deviations, Sorted) is { } log ? From(means, deviations, log) : null;

        float[] Sorted(int column)
        {
            var values = Array.ConvertAll(rows, row => row[column]);
            Array.Sort(values);
            return values;
        }
    }

    /// <summary>Mean and variance of each of some columns, of the first view of some rows, evenly spread.</summary>
    /// <param name="cache">The cache.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="columns">How many values in a row come before the same column again.</param>
    internal static (double[] Means, double[] Variances) Moments(LogitCache cache, CacheStream stream, int columns)
    {
        var (count, means, squares) = (0L, new double[columns], new double[columns]);
        foreach (var some in Some(cache, MostRows))
        {
            foreach (var row in Read(cache, stream, some).Chunk(columns))
            {
                count++;
                for (var c = 0; c < columns; c++)
                {
                    var difference = row[c] - means[c]; // Welford 1962: no difference of large sums
                    means[c] += difference / count;
                    squares[c] += difference * (row[c] - means[c]);
                }
            }
        }

        return (means, [.. squares.Select(square => square / count)]);
    }

    /// <summary>Rows from all over the cache, a few at once.</summary>
    private static IEnumerable<long[]> Some(LogitCache cache, int most)
    {
        var (samples, count) = (cache.Identity.Samples, Math.Min(most, cache.Identity.Samples));
        return Enumerable.Range(0, (int)count).Select(i => i * samples / count).Chunk(RowsAtOnce);
    }

    private static float[] Read(LogitCache cache, CacheStream stream, long[] rows)
    {
        var values = new float[rows.Length * stream.Values];
        cache.Read(stream, rows, view: 0, values);
        return values;
    }

    /// <summary>How far apart numbers of that size are as they are stored; 0: no further than float32's, or nothing is there.</summary>
    private static double StepAt(double size, StreamStorage storage) => storage switch
    {
        _ when size == 0 => 0,
        Float16 => Math.ScaleB(1, Math.Max(Math.ILogB(size), -14) - 10),
        BFloat16 => Math.ScaleB(1, Math.ILogB(size) - 7),
        _ => 0,
    };
}
