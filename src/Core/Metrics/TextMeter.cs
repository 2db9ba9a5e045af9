namespace OnnxKd.Core.Metrics;

/// <summary>How well a recogniser read lines of known text.</summary>
/// <param name="Lines">Lines measured.</param>
/// <param name="Characters">Unicode scalar values of the known texts.</param>
/// <param name="Edits">The sum of the lines' edit distances.</param>
/// <param name="Exact">Lines that were read without an error.</param>
internal sealed record TextMetrics(long Lines, long Characters, long Edits, long Exact)
{
    /// <summary>The character error rate, edits ÷ characters: 0 is perfect, and above 1 is possible.</summary>
    public double CharacterErrorRate => (double)Edits / Characters;

    /// <summary>The share of lines that were read without an error.</summary>
    public double ExactShare => (double)Exact / Lines;
}

/// <summary>Accumulates <see cref="TextMetrics"/> line by line.</summary>
internal sealed class TextMeter
{
    private TextMetrics sums = new(0, 0, 0, 0);

    /// <summary>Adds a line.</summary>
    /// <param name="read">What the recogniser read.</param>
    /// <param name="known">What is written.</param>
    public void Add(string read, string known)
    {
        var edits = EditDistance.Between(read, known);
        sums = new(
            sums.Lines + 1, sums.Characters + known.EnumerateRunes().Count(), sums.Edits + edits, sums.Exact + (edits == 0 ? 1 : 0));
    }

    /// <summary>The figures so far.</summary>
    /// <exception cref="InvalidOperationException">No character was measured.</exception>
    public TextMetrics Result() => sums.Characters > 0 ? sums : throw new InvalidOperationException("No character was measured.");
}
