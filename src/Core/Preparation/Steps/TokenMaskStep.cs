using OnnxKd.Core.Randomness;

namespace OnnxKd.Core.Preparation.Steps;

/// <summary>Replaces token ids by a mask's id, each with the same probability. Draws: one word for each id, kept ones too.</summary>
/// <param name="Probability">How likely an id is replaced.</param>
/// <param name="Mask">The id that stands for hidden tokens.</param>
/// <param name="Keep">Ids that are never replaced (padding, separators); default none.</param>
public sealed record TokenMaskStep(double Probability, int Mask, IReadOnlyList<int> Keep) : SampleStep(Kind)
{
    internal const string Kind = "token_mask";

    // Ids are read as 32-bit floats, which hold whole numbers exactly up to here.
    private const int MaxId = 1 << 24;

    /// <inheritdoc/>
    internal override bool NeedsPlane => false;

    /// <inheritdoc/>
    public override StepProblem? Problem() =>
        StepRules.Probability("probability", Probability) ?? StepRules.AtLeast("mask", Mask, 0) ?? StepRules.AtMost("mask", Mask, MaxId);

    /// <inheritdoc/>
    internal override void Apply(Span<float> sample, Span<float> scratch, SampleLayout layout, ref CounterRandom random)
    {
        foreach (ref var id in sample)
            if (random.NextChance(Probability) && !IsKept(id))
                id = Mask;
    }

    /// <summary>Equality of values, list entries included.</summary>
    public bool Equals(TokenMaskStep? other) =>
        other is not null && Probability.Equals(other.Probability) && Mask == other.Mask && Keep.SequenceEqual(other.Keep);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Probability, Mask, Keep.Count);

    private bool IsKept(float id)
    {
        for (var i = 0; i < Keep.Count; i++)
            if (Keep[i] == id)
                return true;
        return false;
    }
}
