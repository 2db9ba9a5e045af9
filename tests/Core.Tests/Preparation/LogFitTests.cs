using OnnxKd.Core.Preparation;

namespace OnnxKd.Core.Tests.Preparation;

public class LogFitTests
{
    private const int Count = 4096;

    /// <summary>Made of normal numbers, which the logarithm gives back but for a factor and a summand.</summary>
    [Theory]
    [InlineData(1.5, 1, 0)]
    [InlineData(2.5, 1e-6, 0)]
    [InlineData(1.5, 1, 1000)]
    [InlineData(1.5, -3, -20)] // far values below
    public void Find_OfLogNormalValues_MakesThemNormal(double sigma, double size, double offset)
    {
        var normal = Normal(1);
        var values = Sorted(normal.Select(z => offset + size * Math.Exp(sigma * z)));

        var fit = LogFit.Find(values)!;

        var logs = values.Select(value => (value - fit.Centre) / fit.Unit).Select(z => (Math.Sign(z) * Math.Log(1 + Math.Abs(z)) - fit.Mean) / fit.Std).ToArray();
        var expected = normal.Order().ToArray();
        Assert.InRange(Correlation(logs, expected), 0.995, 1);
        Assert.Equal(0, logs.Average(), 1e-9);
        Assert.Equal(1, logs.Average(log => log * log), 1e-9);
    }

    [Fact]
    public void Find_OfTailsOnBothSides_IsCentredBetweenThem()
    {
        var random = new Random(2);
        var values = Sorted(Enumerable.Range(0, Count).Select(_ => Math.Tan(Math.PI * (random.NextDouble() - 0.5)))); // Cauchy's distribution

        var fit = LogFit.Find(values)!;

        Assert.Equal(0, fit.Centre, 0.1);
        Assert.True((values[^1] - fit.Centre) / fit.Unit > 100);
    }

    public static TheoryData<string, double[]> Harmless => new()
    {
        { "normal", Normal(3) },
        { "uniform", [.. Enumerable.Range(0, Count).Select(i => (double)i)] },
        { "exponential", [.. Enumerable.Range(0, Count).Select(i => -Math.Log(1 - (i + 0.5) / Count))] },
        { "two values", [.. Enumerable.Range(0, Count).Select(i => i % 50 == 0 ? 1.0 : 0)] },
        { "pixels", [.. Enumerable.Range(0, Count).Select(i => i % 10 == 0 ? i % 255 : 0.0)] },
        { "constant", [.. Enumerable.Repeat(7.0, Count)] },
        { "one", [3] },
    };

    [Theory]
    [MemberData(nameof(Harmless))]
    public void Find_WhereFarValuesDoNotDecide_IsNull(string what, double[] values) => Assert.True(LogFit.Find(Sorted(values)) is null, what);

    private static double[] Normal(int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, Count).Select(_ => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()))];
    }

    private static float[] Sorted(IEnumerable<double> values) => [.. values.Select(value => (float)value).Order()];

    private static double Correlation(double[] x, double[] y)
    {
        var (mx, my) = (x.Average(), y.Average());
        return x.Zip(y, (a, b) => (a - mx) * (b - my)).Sum() / Math.Sqrt(x.Sum(a => (a - mx) * (a - mx)) * y.Sum(b => (b - my) * (b - my)));
    }
}
