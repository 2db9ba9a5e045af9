using OnnxKd.Core.Randomness;
using OnnxKd.Core.Settings;

namespace OnnxKd.Core.Preparation.Steps;

/// <summary>Replaces token ids by a mask's id, each with the same probability. Draws: one word for each id, kept ones too.</summary>
/// <param name="Probability">How likely an id is replaced.</param>
/// <param name="Mask">The id that stands for hidden tokens.</param>
/// <param name="Keep">Ids that are never replaced (padding, separators); default none.</param>
public sealed record TokenMaskStep(
    [property: Setting("how likely an id is replaced", AtLeast = 0, AtMost = 1)] double Probability,
    [property: Setting("id that stands for hidden tokens", AtLeast = 0, AtMost = TokenMaskStep.MaxId, IsRequired = true)] int Mask,
    [property: Setting("ids that are never replaced", AtLeast = 0)] IReadOnlyList<int> Keep) : SampleStep(Kind)
{
    internal const string Kind = "token_mask";

    /// <summary>The defaults of recipes.</summary>
    internal TokenMaskStep()
        : this(0.15, 0, [])
    {
    }

    // Ids are read as 32-bit floats, which hold whole numbers exactly up to here.
    private const int MaxId = 1 << 24;

    /// <inheritdoc/>
    internal override bool NeedsPlane => false;

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
