namespace OnnxKd.Core.Preparation;

/// <summary>How many samples are run at once where no one says: the one rule, by what a batch takes.</summary>
public static class BatchSize
{
    private const int Most = 256;
    private const int MostValues = 1 << 22;

    /// <summary>Fewer where a sample, or what a model gives for it, is large, so that either takes some megabytes for a batch.</summary>
    /// <param name="sampleValues">Values of one sample.</param>
    /// <param name="outputValues">Values that a model gives for it.</param>
    /// <param name="most">The most that are wanted.</param>
    public static int For(int sampleValues, int outputValues, int most = Most) =>
        Math.Clamp(MostValues / Math.Max(1, Math.Max(sampleValues, outputValues)), 1, most);
}
