namespace OnnxKd.TeacherRunner.Tests;

/// <summary>Compares arrays of numbers and says where they differ most.</summary>
internal static class Near
{
    public static void Equal(ReadOnlySpan<double> expected, ReadOnlySpan<float> actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        var (worst, at) = (0.0, 0);
        for (var i = 0; i < expected.Length; i++)
        {
            var error = Math.Abs(expected[i] - actual[i]);
            if (!(error <= worst)) // NaN is the worst of all
                (worst, at) = (error, i);
        }

        Assert.True(
            worst <= tolerance,
            $"max error {worst:g3} (tolerance {tolerance:g3}) at {at}: expected {expected.ToArray().ElementAtOrDefault(at)}, found {actual.ToArray().ElementAtOrDefault(at)}");
    }
}
