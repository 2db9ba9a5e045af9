using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Pipeline.Defaults;

/// <summary>What samples say of an input that may be a mask.</summary>
internal enum MaskMeaning
{
    /// <summary>Nothing: it may be something else.</summary>
    Unclear,

    /// <summary>It is 1 where a position counts, 0 where it is padding.</summary>
    Counted,

    /// <summary>It is 1 where a position is padding, as PyTorch's <c>key_padding_mask</c> is.</summary>
    Padding,
}

/// <summary>Tells masks of padding from the ids beside them: padding is one id, in one run at an end of each sample, of one length here and another there; text is many.</summary>
internal static class MaskEvidence
{
    private const int MostSamples = 256;

    // Padding may hold a slip or an end of text; text may hold one word again and again.
    private const double ShareOfPadding = 0.99;
    private const double MostOfText = 0.9;
    private const int FewestOfText = 3;

    /// <summary>Looks at samples from all over a set.</summary>
    /// <param name="set">The set, opened without a mask.</param>
    /// <param name="name">The input that may be one.</param>
    public static MaskMeaning Of(TransferSet set, string name)
    {
        var shape = SampleShape.Of(set.SampleShape.Parts, name);
        if (shape.Find(name) is not { } mask || shape.Tokens is not { } ids || ids.Elements != mask.Elements)
            return MaskMeaning.Unclear;
        var (zeros, ones, values) = (new Marked(0), new Marked(1), new float[set.SampleElements]);
        var samples = Math.Min(set.Count, MostSamples);
        for (long i = 0; i < samples; i++)
        {
            set.Read([i * set.Count / samples], values);
            var marks = values.AsSpan(mask.Offset, mask.Elements);
            if (marks.ContainsAnyExcept(0f, 1f))
                return MaskMeaning.Unclear;
            zeros.Add(marks, values.AsSpan(ids.Offset, ids.Elements));
            ones.Add(marks, values.AsSpan(ids.Offset, ids.Elements));
        }

        return zeros.IsPadding && ones.IsText ? MaskMeaning.Counted : ones.IsPadding && zeros.IsText ? MaskMeaning.Padding : MaskMeaning.Unclear;
    }

    /// <summary>The positions that have one mark.</summary>
    private sealed class Marked(float mark)
    {
        private readonly Dictionary<float, long> ids = [];
        private readonly HashSet<int> lengths = [];
        private bool areRuns = true;

        public bool IsPadding => areRuns && lengths.Count > 1 && ShareOfOne >= ShareOfPadding;

        public bool IsText => ids.Count >= FewestOfText && ShareOfOne <= MostOfText;

        private double ShareOfOne => (double)ids.Values.Max() / ids.Values.Sum();

        public void Add(ReadOnlySpan<float> marks, ReadOnlySpan<float> sample)
        {
            var length = marks.Count(mark);
            lengths.Add(length);
            areRuns &= !marks[..length].ContainsAnyExcept(mark) || !marks[^length..].ContainsAnyExcept(mark);
            for (var i = 0; i < marks.Length; i++)
                if (marks[i] == mark)
                    ids[sample[i]] = ids.GetValueOrDefault(sample[i]) + 1;
        }
    }
}
