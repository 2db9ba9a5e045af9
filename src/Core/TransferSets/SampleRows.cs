using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Progress;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.TransferSets;

/// <summary>The samples of a set: rows of what is stored, one after the other, or here and there. Thread-safe.</summary>
internal sealed class SampleRows : IDisposable
{
    private const int ChunkBytes = 1 << 20;
    private const long MostHeldBytes = 64L << 20;

    private readonly long first;
    private readonly long[]? places;
    private readonly bool isBorrowed;
    private readonly Lazy<string> digest;
    private readonly Lock checking = new();
    private IReadOnlyList<FileStatus> statuses;

    /// <summary>Rows that follow one another.</summary>
    /// <param name="stored">What is stored, which is owned.</param>
    /// <param name="first">The first of them.</param>
    /// <param name="count">How many.</param>
    public SampleRows(StoredTensor stored, long first, long count)
    {
        (Stored, this.first, Count, statuses) = (stored, first, count, stored.Statuses);
        digest = new(FirstDigest);
    }

    /// <summary>Rows in any order.</summary>
    /// <param name="stored">What is stored, which is owned.</param>
    /// <param name="places">Where each sample lies in it.</param>
    public SampleRows(StoredTensor stored, long[] places)
        : this(stored, 0, places.Length) => this.places = places;

    private SampleRows(SampleRows all, ReadOnlySpan<long> rows)
        : this(all.Stored, new long[rows.Length])
    {
        isBorrowed = true;
        for (var i = 0; i < rows.Length; i++)
            places![i] = all.PlaceOf(rows[i]);
    }

    /// <summary>What is stored.</summary>
    public StoredTensor Stored { get; }

    /// <summary>How many samples there are.</summary>
    public long Count { get; }

    /// <inheritdoc cref="TransferSet.SamplesDigest"/>
    public string Digest => digest.Value;

    /// <summary>Some of these samples, read from what these own.</summary>
    /// <param name="rows">Which, in the order wanted.</param>
    public SampleRows Of(ReadOnlySpan<long> rows) => new(this, rows);

    /// <summary>Where a sample lies in what is stored.</summary>
    public long PlaceOf(long row) => places is null ? first + row : places[row];

    /// <inheritdoc cref="TransferSet.FindRounded"/>
    public RoundedNumber? FindRounded() =>
        places is null ? RoundedIntegers.Find(Stored, first, Count) : places.Select(place => RoundedIntegers.Find(Stored, place, 1)).FirstOrDefault(found => found is not null);

    /// <summary>What is lost of some thousand samples from all over, as they are read as float32.</summary>
    public IReadOnlyList<LostDetail> FindLostDetails()
    {
        var rows = Math.Min(Count, Math.Clamp(MostHeldBytes / Math.Max(1, Stored.RowBytes), 2, ColumnDetail.MostRows));
        return [.. Stored.FindLostDetails([.. Enumerable.Range(0, (int)rows).Select(i => PlaceOf(i * Count / rows))])];
    }

    /// <inheritdoc cref="TransferSet.HoldIfSmall"/>
    public void HoldIfSmall()
    {
        var (start, last) = places is null ? (first, first + Count - 1) : (places.Min(), places.Max());
        if (!Stored.IsHeld && (last - start + 1) * Stored.RowBytes <= MostHeldBytes)
            Stored.Hold(start, last - start + 1);
    }

    /// <inheritdoc cref="TransferSet.Read"/>
    public void Read(ReadOnlySpan<long> rows, Span<float> destination)
    {
        var asked = ArrayPool<long>.Shared.Rent(rows.Length);
        try
        {
            for (var i = 0; i < rows.Length; i++)
            {
                ArgumentOutOfRangeException.ThrowIfNegative(rows[i], nameof(rows));
                ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(rows[i], Count, nameof(rows));
                asked[i] = PlaceOf(rows[i]);
            }

            Stored.Read(asked.AsSpan(0, rows.Length), destination);
        }
        finally
        {
            ArrayPool<long>.Shared.Return(asked);
        }
    }

    /// <inheritdoc cref="TransferSet.RequireUnchanged"/>
    public void RequireUnchanged()
    {
        lock (checking)
        {
            var now = Stored.Statuses;
            if (now.SequenceEqual(statuses))
                return;
            if (!now.Select(status => status.Length).SequenceEqual(statuses.Select(status => status.Length)) || DigestSamples() != Digest)
                throw new CheckFailedException(
                    "A transfer set changed while it was read.", Stored.Path, "other samples than at the start", $"SHA-256 {Digest}",
                    "let nothing write the file meanwhile, and run the same command again: what was stored before it changed is kept");
            statuses = now;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!isBorrowed)
            Stored.Dispose();
    }

    /// <summary>The digest that counts; a file that is written meanwhile has none.</summary>
    private string FirstDigest()
    {
        var digest = DigestSamples();
        return Stored.Statuses.SequenceEqual(statuses) ? digest : throw new CheckFailedException(
            "A transfer set changed while it was read.", Stored.Path, remedy: "let nothing write the file meanwhile, and run the same command again");
    }

    private string DigestSamples()
    {
        using var span = Profile.Start("digest");
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var shape = string.Join('x', Stored.Shape.Skip(1).Prepend(Count));
        hash.AppendData(Encoding.UTF8.GetBytes($"onnxkd-samples-1 {Stored.Type.Name()} {shape}\n{Stored.SampleShape.Layout}"));
        var chunk = Math.Max(1, ChunkBytes / Stored.RowBytes);
        var buffer = new byte[chunk * Stored.RowBytes];
        for (long row = 0, run; row < Count; row += run)
        {
            for (run = 1; run < chunk && row + run < Count && PlaceOf(row + run) == PlaceOf(row) + run;)
                run++;
            var raw = buffer.AsSpan(0, (int)run * Stored.RowBytes);
            Stored.ReadRows(PlaceOf(row), raw);
            hash.AppendData(raw);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
