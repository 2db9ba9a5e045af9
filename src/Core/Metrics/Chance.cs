namespace OnnxKd.Core.Metrics;

/// <summary>What a constant answer, or chance, may look like.</summary>
internal static class Chance
{
    /// <summary>A model knows something if its divergence from the teacher is below this share of that of the best constant answer.</summary>
    public const double Closer = 0.9;

    // Standard deviations: in 1 of 44 sets a share is that much too large by chance.
    private const double Deviations = 2;

    /// <summary>Whether a share of rows may be no more than a constant answer's, but for the choice of the rows.</summary>
    /// <param name="constant">The constant answer's.</param>
    /// <param name="share">The share.</param>
    /// <param name="rows">Of how many rows.</param>
    public static bool MayBe(double constant, double share, long rows) => share <= constant + Deviations * Math.Sqrt(constant * (1 - constant) / rows);
}
