namespace OnnxKd.Pipeline.Stages;

/// <summary>How many samples are verified or measured at once.</summary>
internal static class BatchSize
{
    private const int Most = 256;
    private const int MostValues = 1 << 22;

    /// <summary>Fewer where each has many class scores, so that a batch takes some megabytes.</summary>
    /// <param name="values">The class scores of one sample.</param>
    public static int For(int values) => Math.Clamp(MostValues / values, 1, Most);
}
