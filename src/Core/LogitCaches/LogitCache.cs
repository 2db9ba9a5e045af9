using System.Buffers;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Safetensors;
using OnnxKd.Core.Threading;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.LogitCaches;

/// <summary>A finished logit cache, read at random. Thread-safe.</summary>
public sealed class LogitCache : IDisposable
{
    /// <summary>The largest cache that is mapped into memory.</summary>
    private const long MappedBytes = 64L << 20;

    private readonly string folder;
    private readonly CacheManifest manifest;
    private readonly RowFormat format;
    private readonly SafetensorsFile[] shards;
    private readonly bool isLarge;

    private LogitCache(string folder, CacheManifest manifest)
    {
        this.folder = folder;
        this.manifest = manifest;
        format = new(manifest.Identity);
        isLarge = manifest.Shards.Sum(shard => shard.Bytes) > MappedBytes;
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
        ArgumentNullException.ThrowIfNull(folder);
        var manifest = CacheManifest.Read(folder);
        if (!manifest.Complete)
            throw CacheMerge.NotComplete(folder, CacheMerge.Coverage(folder));
        Parts.Run(manifest.Shards.Count, Environment.ProcessorCount, i => ShardFile.Require(folder, manifest.Shards[i]));
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
        var scratch = ArrayPool<byte>.Shared.Rent(stored.Bytes);
        for (var i = 0; i < samples.Length; i++)
        {
            var row = Row(samples[i], view);
            foreach (var field in stored.Fields)
                Fetch(field, row, scratch.AsSpan(field.Offset - stored.Offset, field.Bytes));
            stream.Storage.Decode(stream, scratch.AsSpan(0, stored.Bytes), destination.Slice(i * values, values));
        }
        ArrayPool<byte>.Shared.Return(scratch);
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
            Fetch(stored, Row(samples[i], view), destination.Slice(i * stored.Bytes, stored.Bytes));
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

    /// <summary>Small caches are mapped, and stay in memory; of large ones nothing stays but what the caller holds.</summary>
    private void Fetch(StoredField field, long row, Span<byte> destination)
    {
        var (shard, index) = Math.DivRem(row, manifest.RowsPerShard);
        if (isLarge)
            shards[shard].Read(field.Tensor, index * field.Bytes, destination);
        else
            shards[shard].Bytes(field.Tensor, index * field.Bytes, field.Bytes).CopyTo(destination);
    }
}
