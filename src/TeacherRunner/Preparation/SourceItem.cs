namespace OnnxKd.TeacherRunner.Preparation;

/// <summary>One sample, prepared.</summary>
/// <param name="Values">Its little-endian elements.</param>
/// <param name="Length">How much of it is content, not padding: tokens, sound samples, columns; <c>null</c> if nothing is padded.</param>
/// <param name="Text">The text on a picture, or of a line.</param>
/// <param name="Label">Its class, where that shows only now.</param>
internal sealed record PreparedSample(byte[] Values, long? Length = null, string? Text = null, long? Label = null);

/// <summary>Something that a sample can be made from.</summary>
/// <param name="Name">For people and for the table of sources: a file, a line.</param>
/// <param name="Label">Its class index; <c>null</c> if not known.</param>
/// <param name="Prepare">
/// Makes the sample, on any thread; an <see cref="Core.Errors.InputException"/> says that the source is damaged.
/// </param>
/// <param name="Stamp">Differs when the source has changed: so a preparation that was stopped does not go on with other sources.</param>
internal sealed record SourceItem(string Name, long? Label, Func<PreparedSample> Prepare, string Stamp = "");

/// <summary>All that a set is made from, in its order.</summary>
/// <param name="Kind">What the samples are: <c>images</c>, <c>text</c>, <c>audio</c>, <c>rendered-text</c>.</param>
/// <param name="Unit">The plural of what is counted, for progress.</param>
/// <param name="Items">The sources; walked once, so that they need not be in memory.</param>
/// <param name="Count">How many there are.</param>
/// <param name="Columns">Which of labels and lengths every sample has.</param>
/// <param name="Classes">The names of the classes, in the order of their indices; <c>null</c> if not known.</param>
internal sealed record SourceList(
    string Kind, string Unit, IEnumerable<SourceItem> Items, long Count, SampleColumns Columns, IReadOnlyList<string>? Classes);

/// <summary>Columns beside <c>ids</c>.</summary>
/// <param name="Labels">Class indices, named <c>labels</c>.</param>
/// <param name="Lengths">Lengths without padding, named <c>lengths</c>.</param>
internal readonly record struct SampleColumns(bool Labels = false, bool Lengths = false)
{
    /// <summary>The names of all columns, in the order of the file.</summary>
    public IReadOnlyList<string> Names =>
        [.. Labels ? ["labels"] : Array.Empty<string>(), .. Lengths ? ["lengths"] : Array.Empty<string>(), "ids"];
}
