namespace OnnxKd.Core.Preparation;

/// <summary>
/// Room for the labels of views: rows × positions of each, where a label that is for a whole sample has one position. −1: not known.
/// </summary>
public readonly ref struct RowLabels
{
    /// <summary>The class of each position, moved as the view moves it.</summary>
    public Span<long> Classes { get; init; }

    /// <summary>The class of the sample that is mixed in; empty, if it is not wanted.</summary>
    public Span<long> Partners { get; init; }

    /// <summary>The share of <see cref="Classes"/>, 0 to 1; the rest is the partner's. Empty, if partners are not wanted.</summary>
    public Span<float> Shares { get; init; }
}
