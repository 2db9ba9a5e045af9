namespace OnnxKd.Core.LogitCaches;

/// <summary>What must hold of an identity, whether it comes from a caller or from a file.</summary>
internal static class CacheIdentityRules
{
    private const double WeightTolerance = 1e-9;
    private const int MaxBatchBytes = 1 << 30;

    /// <summary>What is wrong; <c>null</c> if nothing is.</summary>
    public static string? Problem(CacheIdentity identity, int batchSize)
    {
        if (identity.Classes < 1 || batchSize < 1 || identity.Classes > MaxBatchBytes / sizeof(float) / batchSize)
            return $"classes is {identity.Classes} and the batch size {batchSize}: a batch has 1 value to 1 GiB";
        if (identity.Samples < 1 || identity.Views < 1 || identity.Samples > long.MaxValue / identity.Views)
            return $"samples is {identity.Samples} and views is {identity.Views}";
        if (identity.FirstId < 0)
            return $"first_id is {identity.FirstId}";
        if (!IsDigest(identity.SamplesDigest))
            return "samples_digest is not a SHA-256 in lower-case hexadecimal";
        if (identity.Augmentation.Shift < 0)
            return $"augmentation.shift is {identity.Augmentation.Shift}";
        if (identity.Teachers.Count == 0 || identity.Teachers.Contains(null!)
            || (identity.Combination == Combination.Single) != (identity.Teachers.Count == 1))
            return $"combination is {identity.Combination} with {identity.Teachers.Count} teachers";
        if (identity.Teachers.Any(teacher => !IsDigest(teacher.Digest)))
            return "the digest of a teacher is not a SHA-256 in lower-case hexadecimal";
        if (identity.Teachers.Any(teacher => !(teacher.Weight > 0)) || Math.Abs(identity.Teachers.Sum(t => t.Weight) - 1) > WeightTolerance)
            return "the weights of the teachers are not positive with sum 1";
        return null;
    }

    private static bool IsDigest(string text) => text.Length == 64 && text.All(char.IsAsciiHexDigitLower);
}
