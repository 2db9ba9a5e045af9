using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.TransferSets;

/// <summary>
/// An ordered set of samples of one shape, labelled or not, read from disk on demand (memory use does not grow with the set), unless it is held.
/// Reading is thread-safe.
/// </summary>
public sealed class TransferSet : IDisposable
{
    private const int ChunkBytes = 1 << 20;
    private const long MostHeldBytes = 64L << 20;

    private readonly StoredTensor samples;
    private readonly SampleLabels? labels;
    private readonly long first;
    private readonly long[]? kept; // rows after the first one, where not all are used
    private readonly Lazy<string> samplesDigest;
    private readonly Lock checking = new();
    private IReadOnlyList<FileStatus> statuses;

    private TransferSet(StoredTensor samples, SampleLabels? labels, SampleLengths? lengths, string[] texts, long first, long count, long[]? kept)
    {
        this.samples = samples;
        statuses = samples.Statuses;
        this.labels = labels;
        Lengths = lengths;
        Texts = texts;
        (this.first, this.kept) = (first, kept);
        Count = kept?.Length ?? count;
        SampleShape = [.. samples.Shape.Skip(1).Select(size => (int)size)];
        SampleElements = samples.RowBytes / samples.Type.Size();
        samplesDigest = new(FirstDigest);
    }

    /// <summary>The file of samples, for messages.</summary>
    public string Name => samples.Path;

    /// <summary>How many samples there are.</summary>
    public long Count { get; }

    /// <summary>How many there are in the whole file, of which the set may be a part.</summary>
    public long StoredCount => samples.Shape[0];

    /// <summary>The shape of one sample, without the batch axis: [28, 28] for MNIST.</summary>
    public IReadOnlyList<int> SampleShape { get; }

    /// <summary>The names of a table's columns that a sample consists of, in their order; empty: it is no table, or one without names.</summary>
    public IReadOnlyList<string> Columns => samples.Columns;

    /// <summary>How the elements of a sample are stored.</summary>
    public ElementType Type => samples.Type;

    /// <summary>The number of elements in one sample.</summary>
    public int SampleElements { get; }

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
        OutputKind.Labels => IsLabelled && Lengths is null && LabelShape.SequenceEqual(shape.Where(size => size != 1)),
        _ => false,
    };

    /// <summary>The largest label; −1 for an unlabelled set.</summary>
    public int LargestLabel => labels?.Largest ?? SampleLabels.Unknown;

    /// <summary>
    /// SHA-256 (lower-case hex) over the text <c>onnxkd-samples-1 TYPE COUNTxAXISx…\n</c> and the samples' elements, little-endian, in
    /// order; the labels are not part of it. The same samples have the same digest in every format. Computed once, on first use.
    /// </summary>
    public string SamplesDigest => samplesDigest.Value;

    /// <summary>
    /// SHA-256 (lower-case hex) over the labels as little-endian 32-bit integers, with <see cref="LabelShape"/> before them;
    /// <c>null</c> for an unlabelled set.
    /// </summary>
    public string? LabelsDigest => labels?.Digest;

    /// <summary>
    /// SHA-256 (lower-case hex) over the size of the padded axis and the lengths, as little-endian 32-bit integers; <c>null</c> for a set
    /// without lengths.
    /// </summary>
    public string? LengthsDigest => Lengths?.Digest;

    /// <summary>How much of each sample is not padding; <c>null</c>: not known, or all of it.</summary>
    internal SampleLengths? Lengths { get; }

    /// <summary>What is written on each sample; empty where that is not known.</summary>
    public IReadOnlyList<string> Texts { get; }

    /// <summary>SHA-256 (lower-case hex) over the texts, each after its length in UTF-16 code units; <c>null</c> without texts.</summary>
    public string? TextsDigest => Texts.Count == 0
        ? null
        : Files.Hashing.Sha256(string.Concat(Texts.Select(text => $"{text.Length} {text}\n")));

    /// <summary>Opens a set; its headers, labels, lengths and texts are checked here, before any work starts.</summary>
    /// <exception cref="InputException">A file is missing, truncated, of another format, or does not fit the options.</exception>
    /// <exception cref="MachineException">The temporary folder has no room to decode a compressed file or a table.</exception>
    public static TransferSet Open(TransferSetOptions options)
    {
        if (options is { LabelsKey: not null, Labels: null })
            throw new InputException(
                "A key of labels is given, but no file of labels.",
                found: $"labels-key '{options.LabelsKey}'",
                remedy: "set labels to the file that holds them (it may be the file of samples)");
        if (options is { LengthsKey: not null, Lengths: null })
            throw new InputException(
                "A key of lengths is given, but no file of lengths.",
                found: $"lengths-key '{options.LengthsKey}'",
                remedy: "set lengths to the file that holds them (it may be the file of samples)");
        var samples = TensorFormat.OpenAny(new(options, SetPart.Samples));
        SampleLabels? labels = null;
        try
        {
            var stored = samples.Shape[0];
            if (options.First < 0 || options.First >= stored)
                throw new InputException(
                    "The first row lies outside the set.", samples.Path, $"first {options.First}", $"0 to {stored - 1}", "correct 'first'");
            var count = options.Count ?? stored - options.First;
            if (count < 1 || count > stored - options.First)
                throw new InputException(
                    "The number of rows does not fit the set.",
                    where: samples.Path,
                    found: $"count {count} from row {options.First} on",
                    expected: $"1 to {stored - options.First}",
                    remedy: "correct 'count', or leave it out to use all rows");
            labels = options.Labels is null ? null : SampleLabels.Open(options, stored, options.First, count);
            var lengths = options.Lengths is null ? null : SampleLengths.Read(options, samples.Shape, options.First, count);
            var texts = options.Texts is null ? [] : SampleTexts.Read(options.Texts, options.First, count);
            if (options.Classes is null)
                return new(samples, labels, lengths, texts, options.First, count, kept: null);
            var kept = RequireOneLabelEach(labels, options).Rows(labels.Held, samples.Path);
            return new(samples, labels.Of(kept), lengths?.Of(kept), texts.Length == 0 ? texts : [.. kept.Select(row => texts[row])], options.First, count, kept);
        }
        catch
        {
            samples.Dispose();
            labels?.Dispose();
            throw;
        }
    }

    /// <summary>
    /// The stable id of the sample in a row: the row's index in the whole file (so a part of a set keeps its ids); of a set from which classes
    /// are left out, its place among the samples that are used.
    /// </summary>
    public long IdOf(long row) => first + row;

    /// <summary>Whether samples are at hand in memory.</summary>
    public bool IsHeld => samples.IsHeld;

    /// <summary>
    /// Keeps the samples in memory from now on, as they are stored, if they take no more than 64 MiB: for who reads them over and over in random
    /// order. To be called before others read.
    /// </summary>
    /// <exception cref="InputException">The file ends too early.</exception>
    public void HoldIfSmall()
    {
        var (start, count) = (FileRow(0), FileRow(Count - 1) - FileRow(0) + 1);
        if (!IsHeld && count * samples.RowBytes <= MostHeldBytes)
            samples.Hold(start, count);
    }

    /// <summary>Reads samples as stored (no scaling), converted to float32, rows in the order asked for.</summary>
    /// <param name="rows">Row indices in [0, <see cref="Count"/>).</param>
    /// <param name="destination">At least <c>rows.Length × SampleElements</c> values.</param>
    /// <exception cref="ArgumentOutOfRangeException">A row is outside the set.</exception>
    public void Read(ReadOnlySpan<long> rows, Span<float> destination)
    {
        var places = ArrayPool<long>.Shared.Rent(rows.Length);
        for (var i = 0; i < rows.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(rows[i], nameof(rows));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(rows[i], Count, nameof(rows));
            places[i] = FileRow(rows[i]);
        }

        try
        {
            samples.Read(places.AsSpan(0, rows.Length), destination);
        }
        finally
        {
            ArrayPool<long>.Shared.Return(places);
        }
    }

    /// <summary>
    /// Checks that the samples are still those of <see cref="SamplesDigest"/>: what was read before this returns was. It costs a question to the
    /// file system, unless the file was touched: then all samples are hashed again.
    /// </summary>
    /// <exception cref="CheckFailedException">They are not.</exception>
    public void RequireUnchanged()
    {
        lock (checking)
        {
            var now = samples.Statuses;
            if (now.SequenceEqual(statuses))
                return;
            if (!now.Select(status => status.Length).SequenceEqual(statuses.Select(status => status.Length)) || DigestSamples() != SamplesDigest)
                throw new CheckFailedException(
                    "A transfer set changed while it was read.", Name, "other samples than at the start", $"SHA-256 {SamplesDigest}",
                    "let nothing write the file meanwhile, and run the same command again: what was stored before it changed is kept");
            statuses = now;
        }
    }

    /// <summary>Checks that every label is below the number of classes.</summary>
    /// <exception cref="InputException">Names a sample whose label is out of range.</exception>
    public void RequireLabelsBelow(int classes) => labels?.RequireBelow(classes, Name);

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
        labels?.Dispose();
    }

    private static ClassSelection RequireOneLabelEach([NotNull] SampleLabels? labels, TransferSetOptions options) =>
        options.Classes!.Problem is { } problem ? throw new InputException(
            "It is not clear which classes are used.", options.Samples, problem, "either keep or drop, with classes")
        : labels is { Shape.Count: 0 } ? options.Classes
        : throw new InputException(
            "Samples are to be chosen by their class, and it is not known.", options.Samples, labels is null ? "no labels" : "labels for each position",
            "one label for each sample", "set labels, or leave classes out");

    /// <summary>The row of a sample in the file of samples.</summary>
    /// <param name="row">Its row in the set.</param>
    public long FileRow(long row) => first + (kept is null ? row : kept[row]);

    /// <summary>The digest that counts; a file that is written meanwhile has none.</summary>
    private string FirstDigest()
    {
        var digest = DigestSamples();
        return samples.Statuses.SequenceEqual(statuses) ? digest : throw new CheckFailedException(
            "A transfer set changed while it was read.", Name, remedy: "let nothing write the file meanwhile, and run the same command again");
    }

    private string DigestSamples()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var shape = string.Join('x', SampleShape.Select(size => (long)size).Prepend(Count));
        hash.AppendData(Encoding.UTF8.GetBytes($"onnxkd-samples-1 {samples.Type.Name()} {shape}\n"));
        var chunk = Math.Max(1, ChunkBytes / samples.RowBytes);
        var buffer = new byte[chunk * samples.RowBytes];
        for (long row = 0, run; row < Count; row += run)
        {
            for (run = 1; run < chunk && row + run < Count && FileRow(row + run) == FileRow(row) + run;)
                run++;
            var raw = buffer.AsSpan(0, (int)run * samples.RowBytes);
            samples.ReadRows(FileRow(row), raw);
            hash.AppendData(raw);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
