using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Preparation;

/// <summary>Holds every sample of a set against what models take, before one of them runs: an error names file, sample, input and position.</summary>
internal sealed class SampleChecks
{
    private readonly TransferSet set;
    private readonly InputRule[] rules;
    private readonly SamplePart? mask;
    private readonly bool needsTokens;
    private readonly IReadOnlyList<SampleChecks> modalities;

    private SampleChecks(TransferSet set, IReadOnlyList<SampleUse> uses, string? modality)
    {
        (this.set, mask) = (set, set.SampleShape.Mask is { } named ? set.SampleShape.Find(named) : null);
        needsTokens = uses.Any(use => use.Modality == modality && use.NeedsTokens);
        // Pictures and sequences of numbers are no ids, and teachers may be large.
        rules = set.SampleShape is { Parts.Count: 0, Count: > 1 } ? [] : [.. uses.Where(use => use.Modality == modality).SelectMany(use => InputRule.Of(use, set.SampleShape))];
        modalities = modality is null ? [.. set.Modalities.Select(name => new SampleChecks(set.Modality(name), uses, name))] : [];
    }

    /// <summary>Whether there is more to look at than whether values are finite.</summary>
    public bool AreAny => rules.Length > 0 || mask is not null || modalities.Any(other => other.AreAny);

    /// <summary>Finds what there is to look at.</summary>
    /// <param name="set">The samples.</param>
    /// <param name="uses">The models that read them.</param>
    /// <exception cref="OnnxKdException">A model cannot be loaded, or its inputs and the samples do not belong together.</exception>
    public static SampleChecks Of(TransferSet set, IReadOnlyList<SampleUse> uses) => new(set, uses, null);

    /// <summary>Reads the set once.</summary>
    /// <param name="token">Stops between reads.</param>
    /// <exception cref="InputException">A value is no finite number, a mask holds something else than 0 and 1 (or no 1, where tokens are pooled), an id is beyond a model's table, or a number is none of an input's type.</exception>
    public void Require(CancellationToken token)
    {
        if (!AreAny)
        {
            FiniteValues.Require(set, token);
            return;
        }

        long first = 0;
        foreach (var chunk in FiniteValues.Chunks(set, token))
        {
            var rows = chunk.Length / set.SampleElements;
            for (var row = 0; row < rows; row++)
                Require(first + row, chunk.Span.Slice(row * set.SampleElements, set.SampleElements));
            first += rows;
        }

        foreach (var other in modalities)
            other.Require(token);
    }

    private void Require(long row, ReadOnlySpan<float> sample)
    {
        if (mask is not null && sample.Slice(mask.Offset, mask.Elements).IndexOfAnyExcept(0f, 1f) is >= 0 and var at)
            throw MaskChoice.Refuse(sample[mask.Offset + at], set.PlaceOf(row, mask.Offset + at));
        if (mask is not null && needsTokens && !sample.Slice(mask.Offset, mask.Elements).Contains(1f))
            throw new InputException(
                "A text has no token that counts, so that there is nothing to make its embedding of.", set.PlaceOf(row, mask.Offset), "a mask of zeros alone", "a 1 at least",
                "leave the sample out, or correct its mask");
        foreach (var rule in rules)
            if (rule.FirstWrong(sample.Slice(rule.Part.Offset, rule.Part.Elements)) is >= 0 and var wrong)
                throw rule.Refuse(sample[rule.Part.Offset + wrong], set.PlaceOf(row, rule.Part.Offset + wrong));
    }
}
