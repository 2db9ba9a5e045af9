namespace OnnxKd.Tests;

/// <summary>Compares arrays of numbers and says where they differ most; NaN equals nothing.</summary>
internal static class Near
{
    public static void Equal(ReadOnlySpan<double> expected, ReadOnlySpan<double> actual, double tolerance, string what = "values")
    {
        Assert.Equal(expected.Length, actual.Length);
        var (worst, at) = (0.0, 0);
        for (var i = 0; i < expected.Length; i++)
        {
            var error = Math.Abs(expected[i] - actual[i]);
            if (!(error <= worst))
                (worst, at) = (error, i);
        }
        if (!(worst <= tolerance))
            Assert.Fail($"{what}: error {worst:g3} above {tolerance:g3} at {at}: expected {expected[at]}, found {actual[at]}");
    }

    public static void Equal(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double tolerance, string what = "values") =>
        Equal(Wide(expected), Wide(actual), tolerance, what);

    public static void Equal(ReadOnlySpan<double> expected, ReadOnlySpan<float> actual, double tolerance, string what = "values") =>
        Equal(expected, Wide(actual), tolerance, what);

    private static double[] Wide(ReadOnlySpan<float> values) => Array.ConvertAll(values.ToArray(), value => (double)value);
}
