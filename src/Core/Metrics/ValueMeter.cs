using OnnxKd.Core.Errors;

namespace OnnxKd.Core.Metrics;

/// <summary>How close values are to a teacher's.</summary>
/// <param name="Mse">Mean of the squared differences.</param>
/// <param name="Mae">Mean of the absolute differences.</param>
/// <param name="RSquared">
/// 1 − Σ (z − v)² ÷ Σ (v − mean v)², mean over the columns in which the teacher's values differ; <c>null</c>: in none.
/// </param>
internal sealed record ValueMetrics(double Mse, double Mae, double? RSquared)
{
    /// <summary>The same of each column; <c>null</c>: the teacher's values do not differ in it.</summary>
    public required IReadOnlyList<double?> Columns { get; init; }

    /// <summary>Of how many rows.</summary>
    public required long Rows { get; init; }
}

/// <summary>Accumulates <see cref="ValueMetrics"/> batch by batch, in double precision.</summary>
/// <param name="columns">Values per row.</param>
internal sealed class ValueMeter(int columns)
{
    private readonly ColumnErrors errors = new(columns);
    private double absolute;
    private long rows;

    /// <summary>Adds a batch.</summary>
    /// <param name="values">N × columns.</param>
    /// <param name="teacher">N × columns.</param>
    /// <exception cref="CheckFailedException">A value is NaN or infinite.</exception>
    public void Add(ReadOnlySpan<float> values, ReadOnlySpan<float> teacher)
    {
        for (var i = 0; i < values.Length; i++)
        {
            var c = i % columns;
            if (c == 0)
                rows++;
            var difference = (double)values[i] - teacher[i];
            if (!double.IsFinite(difference))
                throw new CheckFailedException("A value of the model is not a finite number.", $"sample {rows - 1} of those measured, column {c}", $"{values[i]}");
            errors.Add(c, teacher[i], values[i]);
            absolute += Math.Abs(difference);
        }
    }

    /// <summary>The figures so far.</summary>
    /// <exception cref="InvalidOperationException">Nothing was added.</exception>
    public ValueMetrics Result()
    {
        if (rows == 0)
            throw new InvalidOperationException("No sample was measured.");
        double?[] explained = [.. errors.Shares.Select(share => 1 - share)];
        return new(errors.Squared / (rows * columns), absolute / (rows * columns), explained.Average()) { Columns = explained, Rows = rows };
    }
}
