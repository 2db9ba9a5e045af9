namespace OnnxKd.Core.Metrics;

/// <summary>How far values are from those that are right, column by column, beside how far these are from their mean.</summary>
/// <param name="columns">The number of columns.</param>
internal sealed class ColumnErrors(int columns)
{
    private readonly double[] squared = new double[columns];
    private readonly double[] means = new double[columns];
    private readonly double[] spread = new double[columns];
    private readonly long[] counts = new long[columns];

    /// <summary>The sum of all squared differences.</summary>
    public double Squared => squared.Sum();

    /// <summary>Of each column the squared differences, over those of the right values to their mean; <c>null</c>: these do not differ.</summary>
    public IReadOnlyList<double?> Shares => [.. squared.Zip(spread, (difference, all) => all > 0 ? difference / all : (double?)null)];

    /// <summary>Adds a value.</summary>
    /// <param name="column">Its column.</param>
    /// <param name="right">What it should be.</param>
    /// <param name="value">What it is.</param>
    public void Add(int column, double right, double value)
    {
        squared[column] += (value - right) * (value - right);
        var offset = right - means[column]; // Welford 1962: no difference of large sums
        means[column] += offset / ++counts[column];
        spread[column] += offset * (right - means[column]);
    }
}
