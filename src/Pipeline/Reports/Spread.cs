namespace OnnxKd.Pipeline.Reports;

/// <summary>A figure over seeds.</summary>
/// <param name="Mean">Its mean.</param>
/// <param name="Deviation">Its standard deviation, of a sample; 0 of one seed.</param>
/// <param name="Least">The smallest.</param>
/// <param name="Most">The largest.</param>
/// <param name="Count">How many seeds it is of.</param>
internal sealed record Spread(double Mean, double Deviation, double Least, double Most, int Count)
{
    private const double Normal95 = 1.959964;

    // Student's t at 97.5 %, from one degree of freedom on.
    private static readonly double[] Students95 =
    [
        12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281, 2.2010, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860,
    ];

    /// <summary>Measures it.</summary>
    /// <param name="values">The figure of each seed, one at least.</param>
    public static Spread Of(IReadOnlyList<double> values)
    {
        // What does not vary is not rounded.
        var mean = values.All(value => value == values[0]) ? values[0] : values.Average();
        var squares = values.Sum(value => (value - mean) * (value - mean));
        return new(mean, values.Count < 2 ? 0 : Math.Sqrt(squares / (values.Count - 1)), values.Min(), values.Max(), values.Count);
    }

    /// <summary>Half the 95 % interval of the mean, by Student's t; infinite of one seed.</summary>
    public double HalfInterval()
    {
        var freedom = Count - 1;
        if (freedom == 0)
            return double.PositiveInfinity;
        // Beyond the table, the first terms of its expansion around the normal distribution.
        var t = freedom <= Students95.Length ? Students95[freedom - 1] : Normal95 + (Normal95 * Normal95 * Normal95 + Normal95) / (4 * freedom);
        return t * Deviation / Math.Sqrt(Count);
    }

    /// <summary>For people: mean ± deviation; the value alone, where all look alike.</summary>
    /// <param name="show">How a value is shown.</param>
    public string Show(Func<double, string> show) => show(Least) == show(Most) ? show(Mean) : $"{show(Mean)} ± {show(Deviation)}";
}
