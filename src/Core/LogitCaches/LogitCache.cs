using System.Buffers;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Safetensors;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.LogitCaches;

/// <summary>A finished logit cache, read at random. Thread-safe.</summary>
public sealed class LogitCache : IDisposable
{
    /// <summary>How much of a large cache stays mapped at most.</summary>
    private const long ResidentBytes = 64L << 20;

    /// <summary>What the kernel maps around each byte that is touched.</summary>
    private const int FaultBytes = 64 << 10;

    private readonly string folder;
    private readonly CacheManifest manifest;
    private readonly RowFormat format;
    private readonly SafetensorsFile[] shards;
    private readonly bool isLarge;
    private long touchedBytes;

    private LogitCache(string folder, CacheManifest manifest)
    {
        this.folder = folder;
        this.manifest = manifest;
        format = new(manifest.Identity);
        isLarge = manifest.Shards.Sum(shard => shard.Bytes) > ResidentBytes;
        Digest = DigestOf(folder);
        shards = new SafetensorsFile[manifest.Shards.Count];
        try
        {
            for (var i = 0; i < shards.Length; i++)
                shards[i] = ShardFile.Open(Path.Combine(folder, manifest.Shards[i].File), format, manifest.Layout.Shard(i));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What the cache was made from.</summary>
    public CacheIdentity Identity => manifest.Identity;

    /// <summary>What is stored for each row.</summary>
    public IReadOnlyList<CacheStream> Streams => Identity.Streams;

    /// <summary>
    /// SHA-256 (lower-case hex) of <c>manifest.json</c>, which names the checksum of every shard: it stands for the whole cache.
    /// </summary>
    public string Digest { get; }

    /// <summary>The <see cref="Digest"/> of the cache that a folder holds, without a look at its shards.</summary>
    public static string DigestOf(string folder) => Hashing.Sha256OfFile(Path.Combine(folder, CacheManifest.FileName));

    /// <summary>Opens a cache and checks manifest, shard sizes and every checksum.</summary>
    /// <exception cref="CheckFailedException">A byte is not what the manifest says, or the cache is not finished.</exception>
    /// <exception cref="InputException">The folder is not a cache.</exception>
    public static LogitCache Open(string folder)
    {
        var manifest = CacheManifest.Read(folder);
        if (!manifest.Complete)
            throw CacheMerge.NotComplete(folder, CacheMerge.Coverage(folder));
        foreach (var shard in manifest.Shards)
            ShardFile.Require(folder, shard);
        return new(folder, manifest);
    }

    /// <summary>A stream by name; default: the only one that holds logits.</summary>
    /// <exception cref="InputException">There is no such stream, or none or several that hold logits; the message lists all.</exception>
    public CacheStream Stream(string? name = null)
    {
        var found = Streams.Where(stream => name is null ? stream.Kind != StreamKind.Feature : stream.Name == name).ToList();
        return found.Count == 1 ? found[0] : throw new InputException(
            name is null ? "It is not clear which stream of a logit cache is meant." : "A logit cache lacks a stream.",
            where: folder,
            found: string.Join(", ", Streams.Select(stream => $"{stream.Name} ({stream.Kind})")),
            expected: name ?? "one stream of logits",
            remedy: "name a stream of the cache");
    }

    /// <summary>Reads rows of one view, in the order asked for, as values.</summary>
    /// <param name="stream">A stream of this cache.</param>
    /// <param name="samples">Sample rows of the transfer set.</param>
    /// <param name="view">In [0, views).</param>
    /// <param name="destination">At least samples × values of the stream, shape of a row last axis fastest.</param>
    /// <exception cref="ArgumentOutOfRangeException">A sample or the view is outside the cache.</exception>
    /// <exception cref="CheckFailedException">What is stored contradicts itself.</exception>
    public void Read(CacheStream stream, ReadOnlySpan<long> samples, int view, Span<float> destination)
    {
        var stored = Find(stream);
        var values = stream.Values;
        var only = stored.Fields.Count == 1 ? stored.Fields[0] : null;
        var scratch = only is null ? ArrayPool<byte>.Shared.Rent(stored.Bytes) : null;
        for (var i = 0; i < samples.Length; i++)
        {
            var row = Row(samples[i], view);
            var bytes = only is null ? Gather(stored, row, scratch.AsSpan(0, stored.Bytes)) : Bytes(only, row);
            stream.Storage.Decode(stream, bytes, destination.Slice(i * values, values));
        }
        if (scratch is not null)
            ArrayPool<byte>.Shared.Return(scratch);
        BoundResident(samples.Length * ((long)stored.Bytes + stored.Fields.Count * FaultBytes));
    }

    /// <summary>Reads one field of rows as it is stored.</summary>
    /// <param name="stream">A stream of this cache.</param>
    /// <param name="field">The name of one of <c>stream.Storage.Fields(stream)</c>.</param>
    /// <param name="samples">Sample rows of the transfer set.</param>
    /// <param name="view">In [0, views).</param>
    /// <param name="destination">At least samples × the field's bytes; little-endian elements.</param>
    /// <exception cref="ArgumentOutOfRangeException">A sample or the view is outside the cache.</exception>
    /// <exception cref="ArgumentException">There is no such field.</exception>
    public void ReadField(CacheStream stream, string field, ReadOnlySpan<long> samples, int view, Span<byte> destination)
    {
        var stored = Find(stream).Fields.FirstOrDefault(f => f.Field.Name == field)
            ?? throw new ArgumentException($"Stream '{stream.Name}' has no field '{field}'.", nameof(field));
        for (var i = 0; i < samples.Length; i++)
            Bytes(stored, Row(samples[i], view)).CopyTo(destination.Slice(i * stored.Bytes, stored.Bytes));
        BoundResident(samples.Length * ((long)stored.Bytes + FaultBytes));
    }

    /// <summary>Checks that the cache was captured from exactly this set.</summary>
    /// <exception cref="CheckFailedException">It was not.</exception>
    public void RequireSamples(TransferSet set)
    {
        if (Identity.Samples != set.Count)
            throw CacheFolder.Differs(folder, "samples", $"{Identity.Samples}", $"{set.Count} ({set.Name})");
        if (Identity.FirstId != set.IdOf(0))
            throw CacheFolder.Differs(folder, "first_id", $"{Identity.FirstId}", $"{set.IdOf(0)} ({set.Name})");
        if (Identity.SamplesDigest != set.SamplesDigest)
            throw CacheFolder.Differs(folder, "samples_digest", Identity.SamplesDigest, $"{set.SamplesDigest} ({set.Name})");
    }

    /// <summary>Checks that the cache was made from exactly these teachers, with this preprocessing, of these samples and views.</summary>
    /// <exception cref="CheckFailedException">Names the first field that differs.</exception>
    public void RequireIdentity(CacheIdentity expected) => CacheFolder.RequireIdentity(folder, Identity, expected);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var shard in shards)
            shard?.Dispose();
    }

    private StoredStream Find(CacheStream stream) => format.Streams.FirstOrDefault(stored => stored.Stream.Name == stream.Name)
        ?? throw new ArgumentException($"The cache has no stream '{stream.Name}'.", nameof(stream));

    private long Row(long sample, int view)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(view);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(view, Identity.Views);
        if ((ulong)sample >= (ulong)Identity.Samples)
            throw new ArgumentOutOfRangeException(nameof(sample), sample, $"The cache has {Identity.Samples} samples.");
        return view * Identity.Samples + sample;
    }

    private ReadOnlySpan<byte> Bytes(StoredField field, long row)
    {
        var (shard, index) = Math.DivRem(row, manifest.RowsPerShard);
        return shards[shard].Bytes(field.Tensor, index * field.Bytes, field.Bytes);
    }

    /// <summary>Lets go of what was read, now and then, so that a large cache does not fill the memory; small ones stay.</summary>
    private void BoundResident(long touched)
    {
        if (!isLarge || Interlocked.Add(ref touchedBytes, touched) < ResidentBytes)
            return;
        Interlocked.Exchange(ref touchedBytes, 0);
        foreach (var shard in shards)
            shard.Release();
    }

    private Span<byte> Gather(StoredStream stored, long row, Span<byte> scratch)
    {
        foreach (var field in stored.Fields)
            Bytes(field, row).CopyTo(scratch.Slice(field.Offset - stored.Offset, field.Bytes));
        return scratch;
    }
}
