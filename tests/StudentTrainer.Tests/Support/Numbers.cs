namespace OnnxKd.StudentTrainer.Tests.Support;

/// <summary>Seeded numbers.</summary>
internal static class Numbers
{
    /// <summary>Uniform numbers.</summary>
    public static float[] Uniform(int seed, int count, double low = -1, double high = 1)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(low + (high - low) * random.NextDouble()))];
    }
}
