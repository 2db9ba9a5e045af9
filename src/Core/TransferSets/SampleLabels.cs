using System.Runtime.InteropServices;
using System.Security.Cryptography;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Text;

namespace OnnxKd.Core.TransferSets;

/// <summary>
/// The class indices of a set: one for each sample, which are held, or one for each position of a sample, which are read on demand. All
/// are read once when they are opened, for their digest and their range.
/// </summary>
internal sealed class SampleLabels : IDisposable
{
    /// <summary>The label of a position whose class is not known.</summary>
    public const int Unknown = -1;

    private const int MostNames = 20;
    private const int ChunkLabels = 1 << 18;

    private readonly SampleIntegers file;
    private readonly int ignored;
    private readonly long first;
    private readonly int perSample;
    private readonly int[] held;
    private readonly bool isBorrowed;
    private long largestAt;
    private int smallest = int.MaxValue;

    private SampleLabels(SampleIntegers file, int ignored, long first, long count)
    {
        (this.file, this.ignored, this.first) = (file, ignored, first);
        Shape = [.. file.Shape.Where(size => size != 1)];
        perSample = Shape.Aggregate(1, (product, size) => checked(product * size));
        held = Shape.Count > 0 ? []
            : count <= Array.MaxLength / sizeof(long)
                ? new int[count]
                : throw new InputException("There are too many labels.", where: file.Path, found: $"{count}");
        Digest = Scan(count);
        if (Largest == Unknown)
            throw new InputException(
                "Not one label of a set is known.", file.Path, $"{ignored} everywhere", "class indices from 0", "correct ignore-label");
    }

    private SampleLabels(SampleLabels all, ReadOnlySpan<long> rows)
    {
        (file, ignored, first, perSample, Shape, Largest, largestAt, smallest) = (all.file, all.ignored, all.first, all.perSample, all.Shape, all.Largest, all.largestAt, all.smallest);
        held = new int[rows.Length];
        for (var i = 0; i < rows.Length; i++)
            held[i] = all.held[rows[i]];
        Digest = DigestOf(held);
    }

    private SampleLabels(SampleLabels all, int[] own)
    {
        (file, ignored, perSample, Shape, held, isBorrowed) = (all.file, all.ignored, all.perSample, all.Shape, own, true);
        (Largest, smallest) = (own.Max(), own.Min());
        largestAt = Array.IndexOf(own, Largest);
        Digest = DigestOf(own);
    }

    /// <summary>The shape of a sample's labels, without axes of length 1; empty: one label for each sample.</summary>
    public IReadOnlyList<int> Shape { get; }

    /// <summary>The labels, where there is one for each sample.</summary>
    public ReadOnlySpan<int> Held => held;

    /// <summary>The largest.</summary>
    public int Largest { get; private set; } = Unknown;

    /// <summary>SHA-256 (lower-case hex) over the labels as little-endian 32-bit integers; before them the shape, if it has axes.</summary>
    public string Digest { get; }

    /// <summary>Opens a part of the labels.</summary>
    /// <param name="options">Where they are.</param>
    /// <param name="samples">Samples in the whole file: there must be labels for each.</param>
    /// <param name="first">The first row of the part.</param>
    /// <param name="count">Rows of the part.</param>
    /// <exception cref="InputException">One is no class index.</exception>
    public static SampleLabels Open(TransferSetOptions options, long samples, long first, long count)
    {
        var file = SampleIntegers.Open(options, SetPart.Labels, samples);
        try
        {
            return new(file, options.IgnoreLabel, first, count);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The labels of some rows, in place of these; how many classes there are stays as it is.</summary>
    /// <param name="rows">The rows, of which each has one label.</param>
    public SampleLabels Of(ReadOnlySpan<long> rows) => new(this, rows);

    /// <summary>Other labels for some rows, beside these.</summary>
    /// <param name="rows">The rows, of which each has one label.</param>
    /// <param name="label">The new label for an old one.</param>
    public SampleLabels As(ReadOnlySpan<long> rows, Func<int, int> label)
    {
        var own = new int[rows.Length];
        for (var i = 0; i < rows.Length; i++)
            own[i] = label(held[rows[i]]);
        return new(this, own);
    }

    /// <summary>Reads the labels of rows that follow one another.</summary>
    /// <param name="row">The first.</param>
    /// <param name="destination">Room for some rows.</param>
    public void Read(long row, Span<int> destination)
    {
        if (Shape.Count == 0)
        {
            held.AsSpan((int)row, destination.Length).CopyTo(destination);
            return;
        }
        file.Read(first + row, destination);
        destination.Replace(ignored, Unknown);
    }

    /// <summary>Checks that every label is below a number of classes.</summary>
    /// <param name="classes">How many.</param>
    /// <param name="set">The set, for messages.</param>
    /// <param name="names">What the model calls its classes; <c>null</c>: that is not known.</param>
    /// <exception cref="InputException">Names a sample with one that is not.</exception>
    public void RequireBelow(int classes, string set, IReadOnlyList<string>? names = null)
    {
        if (Largest >= classes)
            throw new InputException(
                "A label is out of range.",
                where: $"{set}, labels of sample {first + largestAt}",
                found: $"class {Largest}",
                expected: $"0 to {classes - 1} ({classes} classes)",
                remedy: names?.Contains($"{Largest}") == true
                    ? $"labels are indices, and these are the names that the model gives its classes ({Printable.Some(names, MostNames)}, in the order of the indices): write the indices, "
                        + $"or in a table name them, table.classes: [{Printable.Some([.. names.Select(name => $"\"{name}\"")], MostNames)}]"
                    : Largest == classes && smallest == 1
                    ? $"labels count from 0, and these from 1: subtract 1 from each, or in a table name them in their order, table.classes: [\"1\", \"2\", ...]"
                    : "correct the label, or use models with as many classes as the labels have");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!isBorrowed)
            file.Dispose();
    }

    private static string DigestOf(ReadOnlySpan<int> labels) => Hashing.Sha256(MemoryMarshal.AsBytes(labels));

    private string Scan(long count)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(MemoryMarshal.AsBytes<int>(Shape.ToArray()));
        var chunk = Math.Max(1, ChunkLabels / perSample);
        var buffer = new int[Math.Min(chunk, count) * perSample];
        for (long row = 0; row < count; row += chunk)
        {
            var labels = buffer.AsSpan(0, (int)Math.Min(chunk, count - row) * perSample);
            file.Read(first + row, labels);
            if (Shape.Count == 0)
                labels.CopyTo(held.AsSpan((int)row));
            else
                labels.Replace(ignored, Unknown);
            Check(row, labels);
            hash.AppendData(MemoryMarshal.AsBytes(labels));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private void Check(long row, ReadOnlySpan<int> labels)
    {
        var lowest = Shape.Count == 0 ? 0 : Unknown;
        var wrong = labels.IndexOfAnyExceptInRange(lowest, int.MaxValue - 1);
        if (wrong >= 0)
            throw new InputException(
                "A label is not a class index.",
                where: $"{file.Path}, sample {first + row + wrong / perSample}",
                found: $"{labels[wrong]}",
                expected: lowest == 0 ? "an integer from 0" : $"an integer from 0, or {ignored} where the class is not known",
                remedy: lowest == 0 ? "number the classes from 0" : "number the classes from 0, or set ignore-label");
        for (var i = 0; i < labels.Length; i++)
        {
            if (labels[i] > Largest)
                (Largest, largestAt) = (labels[i], row + i / perSample);
            if (labels[i] != Unknown)
                smallest = Math.Min(smallest, labels[i]);
        }
    }
}
