namespace OnnxKd.Core.Preparation;

/// <summary>The logarithm that brings a column's values nearest to a normal distribution.</summary>
/// <param name="Centre">What is subtracted before it.</param>
/// <param name="Unit">What is divided by.</param>
/// <param name="Mean">The mean afterwards.</param>
/// <param name="Std">The deviation afterwards.</param>
/// <remarks>
/// The distance from a normal distribution is that of the third and fourth L-moment ratios, which a few far values do not decide (Hosking, "L-moments: analysis and
/// estimation of distributions using linear combinations of order statistics", 1990).
/// </remarks>
internal sealed record LogFit(double Centre, double Unit, double Mean, double Std)
{
    // The fourth ratio of a normal distribution; its third is 0.
    private const double NormalKurtosis = 0.1226;

    // A uniform distribution is 0.12 away, an exponential one 0.34, a log-normal one with σ = 1 0.49.
    private const double NearEnough = 0.4;

    // What is gained by less is no matter of far values: of columns of mostly zeros, or of few numbers.
    private const double LeastGain = 0.2;

    // Fewer say little about a distribution.
    private const int LeastValues = 100;

    private static readonly double[] units = [0.01, 0.05, 0.25, 0.5];

    /// <summary>Finds it; <c>null</c>: none brings them much nearer, they are near enough, or there are fewer than a hundred.</summary>
    /// <param name="sorted">Values, in ascending order.</param>
    public static LogFit? Find(float[] sorted)
    {
        double[] values = Array.ConvertAll(sorted, value => (double)value);
        var distance = Distance(values);
        if (distance <= NearEnough || values.Length < LeastValues)
            return null;
        LogFit? best = null;
        var least = distance - LeastGain;
        foreach (var centre in new[] { values[0], values[values.Length / 2], values[^1] }.Distinct())
        {
            double[] away = [.. values.Select(value => Math.Abs(value - centre)).Where(size => size > 0).Order()];
            foreach (var unit in units.Select(share => away[(int)(share * away.Length)]).Distinct())
            {
                double[] logs = [.. values.Select(value => Of((value - centre) / unit))];
                if (Distance(logs) is var found && found >= least)
                    continue;
                var mean = logs.Average();
                (least, best) = (found, new(centre, unit, mean, Math.Sqrt(logs.Average(log => (log - mean) * (log - mean)))));
            }
        }

        return best;
    }

    /// <summary>Finds those of columns; the means and deviations of the logarithms take the place of the columns'.</summary>
    /// <param name="means">Of each column; changed.</param>
    /// <param name="deviations">Of each column; changed.</param>
    /// <param name="sorted">A column's values, in ascending order; <c>null</c>: it stays as it is.</param>
    /// <returns>The logarithms; <c>null</c>: in no column.</returns>
    public static SymmetricLog? OfColumns(double[] means, double[] deviations, Func<int, float[]?> sorted)
    {
        var (centres, units) = (new double[means.Length], new double[means.Length]);
        for (var column = 0; column < means.Length; column++)
            if (sorted(column) is { } values && Find(values) is { } fit)
                (centres[column], units[column], means[column], deviations[column]) = (Standardisation.Short(fit.Centre), Standardisation.Short(fit.Unit), fit.Mean, fit.Std);
        return units.Any(unit => unit > 0) ? new() { Centre = centres, Unit = units } : null;
    }

    private static double Of(double z) => Math.CopySign(Math.Log(1 + Math.Abs(z)), z);

    /// <summary>From a normal distribution, of sorted values; 0 where they are all the same.</summary>
    private static double Distance(double[] sorted)
    {
        double second = 0, third = 0, fourth = 0;
        for (var i = 0; i < sorted.Length; i++)
        {
            // The sums of the polynomials are 0 but for rounding, which a large value in common would multiply.
            var (p, value) = ((i + 0.5) / sorted.Length, sorted[i] - sorted[sorted.Length / 2]);
            second += (2 * p - 1) * value;
            third += (6 * p * p - 6 * p + 1) * value;
            fourth += (20 * p * p * p - 30 * p * p + 12 * p - 1) * value;
        }

        return second <= 0 ? 0 : Math.Sqrt(Math.Pow(third / second, 2) + Math.Pow(fourth / second - NormalKurtosis, 2));
    }
}
