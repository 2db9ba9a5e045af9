using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.Core.Preparation;

/// <summary>Holds every sample of a set against what models take, before one of them runs: an error names file, sample, input and position.</summary>
internal sealed class SampleChecks
{
    private readonly TransferSet set;
    private readonly InputRule[] rules;
    private readonly SamplePart? mask;
    private readonly bool needsTokens;
    private readonly InputException? lostDetail;
    private readonly IReadOnlyList<SampleChecks> modalities;

    private SampleChecks(TransferSet set, IReadOnlyList<SampleUse> uses, string? modality)
    {
        (this.set, mask) = (set, set.SampleShape.Mask is { } named ? set.SampleShape.Find(named) : null);
        needsTokens = uses.Any(use => use.Modality == modality && use.NeedsTokens);
        // Pictures and sequences of numbers are no ids, and teachers may be large.
        rules = set.SampleShape is { Parts.Count: 0, Count: > 1 } ? [] : [.. uses.Where(use => use.Modality == modality).SelectMany(use => InputRule.Of(use, set.SampleShape))];
        lostDetail = FindLost(uses.Where(use => use.Modality == modality));
        modalities = modality is null ? [.. set.Modalities.Select(name => new SampleChecks(set.Modality(name), uses, name))] : [];
    }

    /// <summary>Whether there is more to look at than whether values are finite.</summary>
    public bool AreAny => rules.Length > 0 || mask is not null || lostDetail is not null || modalities.Any(other => other.AreAny);

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
        if (lostDetail is not null)
            throw lostDetail;
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

    /// <summary>A model that takes 64-bit floats would be given other numbers than the user has; one of float32 rounds them itself.</summary>
    private InputException? FindLost(IEnumerable<SampleUse> uses)
    {
        if (set.FindLostDetails() is not { Count: > 0 } lost)
            return null;
        return (
            from use in uses
            from fed in InputMatch.Find(new GraphIndex(use.Load().Proto.Graph).Inputs, set.SampleShape, use.Feeds, use.Name)
            where fed.Type == (int)DataType.Double && fed.Part is not null
            from column in lost
            where column.Part is null || column.Part == fed.Part!.Name
            select new InputException(
                "A model takes 64-bit floats, and samples are read as float32, which does not hold what tells the numbers of a column apart.", $"{set.Name}, column '{column.Column}'", $"{column}",
                $"numbers that float32 (24 bits) holds: input '{fed.Input.Name}' of {use.Name} is DOUBLE",
                "subtract an offset near its mean from the column in the samples, and in the model what it subtracts itself less that offset; or leave the column out of both")).FirstOrDefault();
    }

    private void Require(long row, ReadOnlySpan<float> sample)
    {
        if (mask is not null && sample.Slice(mask.Offset, mask.Elements).IndexOfAnyExcept(0f, 1f) is >= 0 and var at)
            throw MaskChoice.Refuse(sample[mask.Offset + at], set.PlaceOf(row, mask.Offset + at));
        if (mask is not null && needsTokens && !sample.Slice(mask.Offset, mask.Elements).Contains(set.SampleShape.MarkOfCounted))
            throw new InputException(
                "A text has no token that counts, so that there is nothing to make its embedding of.", set.PlaceOf(row, mask.Offset), "a mask of padding alone", "one that counts at least",
                "leave the sample out, or correct its mask");
        foreach (var rule in rules)
            if (rule.FirstWrong(sample.Slice(rule.Part.Offset, rule.Part.Elements)) is >= 0 and var wrong)
                throw rule.Refuse(sample[rule.Part.Offset + wrong], set.PlaceOf(row, rule.Part.Offset + wrong));
    }
}
