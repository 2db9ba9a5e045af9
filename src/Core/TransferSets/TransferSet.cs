using OnnxKd.Core.Errors;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.Text;

namespace OnnxKd.Core.TransferSets;

/// <summary>
/// An ordered set of samples of one shape, labelled or not, read from disk on demand (memory use does not grow with the set), unless it is held.
/// Reading is thread-safe.
/// </summary>
public sealed class TransferSet : IDisposable
{
    private readonly SampleRows samples;
    private readonly SampleLabels? labels;
    private readonly long first;
    private readonly bool isModality;
    private readonly Lazy<SampleLengths?> lengths;
    private readonly Dictionary<string, TransferSet> modalities = new(StringComparer.Ordinal);

    /// <summary>A set of what was opened, which it disposes of.</summary>
    /// <param name="samples">The samples.</param>
    /// <param name="labels">Their labels; <c>null</c>: none.</param>
    /// <param name="lengths">Their lengths; <c>null</c>: a mask tells them, or they are whole.</param>
    /// <param name="texts">What is written on each; none: not known.</param>
    /// <param name="first">The id of the first.</param>
    /// <param name="isModality">Whether it is another record of a set's samples, whose labels that set disposes of.</param>
    internal TransferSet(SampleRows samples, SampleLabels? labels, SampleLengths? lengths, string[] texts, long first, bool isModality = false)
    {
        (this.samples, this.labels, this.first, this.isModality) = (samples, labels, first, isModality);
        Texts = texts;
        SampleShape = samples.Stored.SampleShape;
        this.lengths = new(() => lengths ?? (SampleShape.Mask is { } mask ? SampleLengths.OfMask(samples, SampleShape.Find(mask)!, SampleShape.MarkOfCounted, PlaceOf) : null));
        LengthsDigest = lengths?.Digest ?? (SampleShape.Mask is { } named ? Files.Hashing.Sha256($"{(SampleShape.MarksPadding ? "padding" : "mask")} {named}") : null);
    }

    /// <summary>The file of samples, for messages.</summary>
    public string Name => samples.Stored.Path;

    /// <summary>How many samples there are.</summary>
    public long Count => samples.Count;

    /// <summary>How many there are in the whole file, of which the set may be a part.</summary>
    public long StoredCount => samples.Stored.Shape[0];

    /// <summary>The shape of one sample, without the batch axis: [28, 28] for MNIST. With named inputs it is a row of values, whose layout it knows.</summary>
    public SampleShape SampleShape { get; }

    /// <summary>The names of a table's columns that a sample consists of, in their order; empty: it is no table, or one without names.</summary>
    public IReadOnlyList<string> Columns => samples.Stored.Columns;

    /// <summary>The names of a sample's values, where it is of a table with names: a column of categories may have several. Else none.</summary>
    internal IReadOnlyList<string> ValueNames => samples.Stored.ValueNames;

    /// <summary>What the texts of a table's columns stand for, by the columns' names.</summary>
    public IReadOnlyList<ColumnCategories> Categories => samples.Stored.Categories;

    /// <summary>What missing numbers of a table's columns became, by the columns' names; of no others.</summary>
    public IReadOnlyList<ColumnMissing> Fillers => samples.Stored.Fillers;

    /// <summary>What a missing number becomes at each value of a sample; NaN: nothing was said; <c>null</c>: of none anything was.</summary>
    internal float[]? FillerOfValues()
    {
        float[] fillers = [.. Enumerable.Repeat(float.NaN, SampleElements)];
        foreach (var (value, filler) in samples.Stored.FillersOfValues.Where(filler => SampleShape.PartOf(filler.Value)?.IsText != true))
            fillers[value] = filler;
        return Array.TrueForAll(fillers, float.IsNaN) ? null : fillers;
    }

    /// <summary>Whether the first column of a table, which has no name, was taken for the names of rows and left out.</summary>
    public bool HasRowNames => samples.Stored.HasRowNames;

    /// <summary>The names of a table's columns that were passed over, as the set that this one belongs to does not have them.</summary>
    internal IReadOnlyList<string> LeftOut => samples.Stored.LeftOut;

    /// <summary>Of each column of a table, the first whole number that float32 does not hold.</summary>
    internal IReadOnlyList<RoundedNumber> Rounded => samples.Stored.Rounded;

    /// <summary>Of an array of whole numbers the first that float32 does not hold; <c>null</c>: there is none.</summary>
    internal RoundedNumber? FindRounded() => SampleShape.Parts.Count > 0 ? null : samples.FindRounded();

    /// <summary>Columns of 64-bit floats, or of numbers in a table, of which float32 does not hold what tells samples apart.</summary>
    internal IReadOnlyList<LostDetail> FindLostDetails() => samples.FindLostDetails();

    /// <summary>How the elements of a sample are stored.</summary>
    public ElementType Type => samples.Stored.Type;

    /// <summary>The number of elements in one sample.</summary>
    public int SampleElements => samples.Stored.RowBytes / Type.Size();

    /// <summary>Class indices, one per sample; empty for an unlabelled set, and for one with labels for each position.</summary>
    public ReadOnlySpan<int> Labels => labels is null ? [] : labels.Held;

    /// <summary>Whether the set has labels, for samples or for their positions.</summary>
    public bool IsLabelled => labels is not null;

    /// <summary>
    /// What labels are for: empty, if for whole samples; else the positions of a sample ([frames], [height, width]), without axes of
    /// length 1.
    /// </summary>
    public IReadOnlyList<int> LabelShape => labels?.Shape ?? [];

    /// <summary>Whether there is a label for each sample, or each of its positions, as a model or a teacher gives class scores.</summary>
    /// <param name="shape">What it gives for a sample: [positions..., classes]; axes of length 1 do not matter.</param>
    public bool HasLabelsFor(IReadOnlyList<int> shape) => IsLabelled && LabelShape.SequenceEqual(shape.SkipLast(1).Where(size => size != 1));

    /// <summary>
    /// Whether there are labels as an output of a kind gives them: of independent labels 0 or 1 for each, of classes one for each position.
    /// Values and embeddings have none: labels are integers.
    /// </summary>
    /// <param name="shape">What it gives for a sample; the last axis counts classes or labels.</param>
    /// <param name="kind">The kind.</param>
    public bool HasLabelsFor(IReadOnlyList<int> shape, OutputKind kind) => kind switch
    {
        OutputKind.Classes => HasLabelsFor(shape),
        OutputKind.Labels when shape[^1] == 1 => HasLabelsFor(shape),
        OutputKind.Labels => IsLabelled && (SampleShape.Mask is not null && shape.Count == 1 || Lengths is null) && LabelShape.SequenceEqual(shape.Where(size => size != 1)),
        _ => false,
    };

    /// <summary>The largest label; −1 for an unlabelled set.</summary>
    public int LargestLabel => labels?.Largest ?? SampleLabels.Unknown;

    /// <summary>
    /// SHA-256 (lower-case hex) over the text <c>onnxkd-samples-1 TYPE COUNTxAXISx…\n</c> and the samples' elements, little-endian, in
    /// order; the labels are not part of it. The same samples have the same digest in every format. Computed once, on first use.
    /// </summary>
    public string SamplesDigest => samples.Digest;

    /// <summary>
    /// SHA-256 (lower-case hex) over the labels as little-endian 32-bit integers, with <see cref="LabelShape"/> before them;
    /// <c>null</c> for an unlabelled set.
    /// </summary>
    public string? LabelsDigest => labels?.Digest;

    /// <summary>
    /// SHA-256 (lower-case hex) over the size of the padded axis and the lengths, as little-endian 32-bit integers; over the name of the mask, whose
    /// values are part of the samples; <c>null</c> for a set without either.
    /// </summary>
    public string? LengthsDigest { get; }

    /// <summary>How much of each sample is not padding; <c>null</c>: not known, or all of it.</summary>
    /// <exception cref="InputException">A mask holds something else than 0 and 1.</exception>
    internal SampleLengths? Lengths => lengths.Value;

    /// <summary>Where each sample comes from; <c>null</c>: it does not matter.</summary>
    internal SampleGroups? Groups { get; init; }

    /// <summary>What is written on each sample; empty where that is not known.</summary>
    public IReadOnlyList<string> Texts { get; }

    /// <summary>SHA-256 (lower-case hex) over the texts, each after its length in UTF-16 code units; <c>null</c> without texts.</summary>
    public string? TextsDigest => Texts.Count == 0
        ? null
        : Files.Hashing.Sha256(string.Concat(Texts.Select(text => $"{text.Length} {text}\n")));

    /// <summary>Opens a set; its headers, labels, lengths and texts are checked here, before any work starts.</summary>
    /// <exception cref="InputException">A file is missing, truncated, of another format, or does not fit the options.</exception>
    /// <exception cref="MachineException">The temporary folder has no room to decode a compressed file or a table.</exception>
    public static TransferSet Open(TransferSetOptions options) => Open(options, (SampleShape?)null);

    /// <summary>The same for a set that belongs to another one: in columns of texts, the same text gets the same number.</summary>
    /// <param name="options">Where it is.</param>
    /// <param name="like">The other one's samples; <c>null</c>: it stands alone.</param>
    /// <inheritdoc cref="Open(TransferSetOptions)"/>
    public static TransferSet Open(TransferSetOptions options, SampleShape? like) => SetOpening.Open(options, like);

    /// <summary>The same, and the columns of a table are those of the other one's, found by their names, unless the options name features; so are its categories.</summary>
    /// <param name="options">Where it is.</param>
    /// <param name="other">The set that it belongs to.</param>
    /// <inheritdoc cref="Open(TransferSetOptions)"/>
    internal static TransferSet Open(TransferSetOptions options, TransferSet other) =>
        Open(
            options with
            {
                Table = options.Table with
                {
                    MissingByColumn = options.Table.SaysMissing ? options.Table.MissingByColumn : other.Fillers,
                    Alike = other.Columns, Categories = options.Table.Categories is { Count: > 0 } own ? own : other.Categories, AlikeDecimal = other.samples.Stored.Decimal,
                },
            },
            other.SampleShape);

    /// <summary>Some of its samples, with labels of their own. They are read through this set, which must outlive it.</summary>
    /// <param name="rows">Which, in the order wanted.</param>
    /// <param name="label">The new label for an old one; there is one for each sample.</param>
    internal TransferSet Select(long[] rows, Func<int, int> label) =>
        new(samples.Of(rows), labels!.As(rows, label), SampleShape.Mask is null ? Lengths?.Of(rows) : null, [], first);

    /// <summary>The names of its modalities: other records of the same samples.</summary>
    public IReadOnlyCollection<string> Modalities => modalities.Keys;

    /// <summary>The same samples in another modality, with the same ids and labels; it is disposed with this set.</summary>
    /// <param name="name">Its name; <c>null</c>: this set.</param>
    /// <exception cref="InputException">There is none of that name.</exception>
    public TransferSet Modality(string? name) => name is null ? this : modalities.TryGetValue(name, out var found) ? found : throw new InputException(
        "A teacher reads a modality that a set does not have.", Name, $"modality '{name}'",
        modalities.Count == 0 ? "it under the set's 'modalities', of which there are none" : $"one of {string.Join(", ", modalities.Keys)}",
        Suggestions.Nearest(name, modalities.Keys) is { } nearest ? $"did you mean '{nearest}'?" : $"add it: modalities: {{ {YamlWord.Of(name)}: {{ samples: FILE }} }}");

    /// <summary>Gives it a modality.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="modality">The same samples in another file.</param>
    internal void Add(string name, TransferSet modality) => modalities.Add(name, modality);

    /// <summary>
    /// The stable id of the sample in a row: the row's index in the whole file (so a part of a set keeps its ids); of a set from which classes
    /// are left out, its place among the samples that are used.
    /// </summary>
    public long IdOf(long row) => first + row;

    /// <summary>Where a value of a sample lies, for messages: the file, the sample, and of named inputs the input and the position in it.</summary>
    /// <param name="row">The sample's row in the set.</param>
    /// <param name="value">The value's place in the row.</param>
    internal string PlaceOf(long row, int value) => SampleShape.PartOf(value) is not { } found
        ? $"{Name}, sample {FileRow(row)}, value {value}"
        : $"{samples.Stored.PathOf(found)}, sample {FileRow(row)}, input '{found.Name}'"
            + (found.Elements == 1 ? "" : $", {(found.IsRow ? "position" : "value")} {value - found.Offset}");

    /// <summary>The row of a sample in the file of samples, from which classes may be left out; what messages call it by.</summary>
    /// <param name="row">Its row in the set.</param>
    public long FileRow(long row) => samples.PlaceOf(row);

    /// <summary>
    /// Keeps the samples in memory from now on, as they are stored, if they take no more than 64 MiB: for who reads them over and over in random
    /// order. To be called before others read.
    /// </summary>
    /// <exception cref="InputException">The file ends too early.</exception>
    public void HoldIfSmall() => samples.HoldIfSmall();

    /// <summary>Whether samples are at hand in memory.</summary>
    public bool IsHeld => samples.Stored.IsHeld;

    /// <summary>Reads samples as stored (no scaling), converted to float32, rows in the order asked for.</summary>
    /// <param name="rows">Row indices in [0, <see cref="Count"/>).</param>
    /// <param name="destination">At least <c>rows.Length × SampleElements</c> values.</param>
    /// <exception cref="ArgumentOutOfRangeException">A row is outside the set.</exception>
    public void Read(ReadOnlySpan<long> rows, Span<float> destination) => samples.Read(rows, destination);

    /// <summary>
    /// Checks that the samples are still those of <see cref="SamplesDigest"/>: what was read before this returns was. It costs a question to the
    /// file system, unless the file was touched: then all samples are hashed again.
    /// </summary>
    /// <exception cref="CheckFailedException">They are not.</exception>
    public void RequireUnchanged()
    {
        samples.RequireUnchanged();
        foreach (var modality in modalities.Values)
            modality.RequireUnchanged();
    }

    /// <summary>Checks that groups are known only where something is sought by them.</summary>
    /// <param name="kind">What a model gives.</param>
    /// <exception cref="InputException">It is no embedding, and there are groups.</exception>
    internal void RequireSought(OutputKind kind)
    {
        if (Groups is not null && kind != OutputKind.Embedding)
            throw new InputException(
                "Groups say among which samples those are sought that an embedding finds.", Name, $"groups, and a model of {kind.Word()}", "a model that gives embeddings", "remove groups");
    }

    /// <summary>Checks that every label is below the number of classes.</summary>
    /// <exception cref="InputException">Names a sample whose label is out of range.</exception>
    public void RequireLabelsBelow(int classes) => labels?.RequireBelow(classes, Name);

    /// <inheritdoc cref="RequireLabelsBelow(int)"/>
    /// <param name="classes">How many.</param>
    /// <param name="names">What the model calls its classes; <c>null</c>: that is not known.</param>
    internal void RequireLabelsBelow(int classes, IReadOnlyList<string>? names) => labels?.RequireBelow(classes, Name, names);

    /// <summary>Reads the labels of rows that follow one another; −1 where a position's class is not known.</summary>
    /// <param name="row">The first row.</param>
    /// <param name="destination">Some rows × one label, or one for each position of <see cref="LabelShape"/>.</param>
    /// <exception cref="InvalidOperationException">The set has none.</exception>
    public void ReadLabels(long row, Span<int> destination)
    {
        if (labels is null)
            throw new InvalidOperationException($"{Name} has no labels.");
        labels.Read(row, destination);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        samples.Dispose();
        foreach (var modality in modalities.Values)
            modality.Dispose();
        if (!isModality)
            labels?.Dispose();
    }

    /// <summary>The names of what a file of samples holds: tensors, or columns of a table; none: it holds one tensor, or no names.</summary>
    /// <param name="options">The file, and how a table is read.</param>
    /// <exception cref="InputException">Missing, damaged, or of no known format.</exception>
    public static (IReadOnlyList<string> Names, bool IsTable) NamesIn(TransferSetOptions options) => TensorFormat.NamesIn(options.Samples, options.Table);
}
