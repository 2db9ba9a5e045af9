using System.Runtime.InteropServices;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Safetensors;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.LogitCaches;

/// <summary>A finished logit cache, read at random. Thread-safe.</summary>
public sealed class LogitCache : IDisposable
{
    private readonly string folder;
    private readonly CacheManifest manifest;
    private readonly SafetensorsFile[] shards;

    private LogitCache(string folder, CacheManifest manifest)
    {
        this.folder = folder;
        this.manifest = manifest;
        Digest = Hashing.Sha256OfFile(Path.Combine(folder, CacheManifest.FileName));
        shards = [.. manifest.Shards.Select(shard => SafetensorsFile.Open(Path.Combine(folder, shard.File)))];
        foreach (var (file, shard) in shards.Zip(manifest.Shards))
        {
            RequireTensor(file, ShardLayout.LogitsTensor, ElementType.Float32, [shard.Rows, Identity.Classes]);
            RequireTensor(file, ShardLayout.IdsTensor, ElementType.Int64, [shard.Rows]);
        }
    }

    /// <summary>What the cache was made from.</summary>
    public CacheIdentity Identity => manifest.Identity;

    /// <summary>
    /// SHA-256 (lower-case hex) of <c>manifest.json</c>, which names the checksum of every shard: it stands for the whole cache.
    /// </summary>
    public string Digest { get; }

    /// <summary>The number of bytes that one row takes on disk (values and id), for reports.</summary>
    public int BytesPerRow => Identity.Classes * sizeof(float) + sizeof(long);

    /// <summary>Opens a cache and checks manifest, shard sizes and every checksum.</summary>
    /// <exception cref="CheckFailedException">A byte is not what the manifest says, or the cache is not finished.</exception>
    /// <exception cref="InputException">The folder is not a cache.</exception>
    public static LogitCache Open(string folder)
    {
        var manifest = CacheManifest.Read(folder);
        if (!manifest.Complete)
            throw new CheckFailedException(
                "A logit cache is not finished.",
                where: folder,
                found: $"{manifest.StoredRows} rows in finished shards",
                expected: $"{manifest.TotalRows} rows",
                remedy: "run the capture again: it goes on where it stopped");
        CacheChecks.RequireShards(folder, manifest);
        return new(folder, manifest);
    }

    /// <summary>Reads rows of one view, in the order asked for.</summary>
    /// <param name="samples">Sample rows of the transfer set.</param>
    /// <param name="view">In [0, views).</param>
    /// <param name="destination">At least <c>samples.Length × classes</c> values.</param>
    /// <exception cref="ArgumentOutOfRangeException">A sample or the view is outside the cache.</exception>
    public void Read(ReadOnlySpan<long> samples, int view, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(view);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(view, Identity.Views);
        var rowBytes = Identity.Classes * sizeof(float);
        for (var i = 0; i < samples.Length; i++)
        {
            if ((ulong)samples[i] >= (ulong)Identity.Samples)
                throw new ArgumentOutOfRangeException(nameof(samples), samples[i], $"The cache has {Identity.Samples} samples.");
            var row = view * Identity.Samples + samples[i];
            var (shard, index) = Math.DivRem(row, manifest.RowsPerShard);
            var logits = shards[shard].Bytes(ShardLayout.LogitsTensor, index * rowBytes, rowBytes);
            logits.CopyTo(MemoryMarshal.AsBytes(destination.Slice(i * Identity.Classes, Identity.Classes)));
        }
    }

    /// <summary>Checks that the cache was captured from exactly this set.</summary>
    /// <exception cref="CheckFailedException">It was not.</exception>
    public void RequireSamples(TransferSet set)
    {
        if (Identity.Samples != set.Count)
            throw CacheChecks.Differs(folder, "samples", $"{Identity.Samples}", $"{set.Count} ({set.Name})");
        if (Identity.FirstId != set.IdOf(0))
            throw CacheChecks.Differs(folder, "first_id", $"{Identity.FirstId}", $"{set.IdOf(0)} ({set.Name})");
        if (Identity.SamplesDigest != set.SamplesDigest)
            throw CacheChecks.Differs(folder, "samples_digest", Identity.SamplesDigest, $"{set.SamplesDigest} ({set.Name})");
    }

    /// <summary>Checks that the cache was made from exactly these teachers, with this preprocessing, of these samples and views.</summary>
    /// <exception cref="CheckFailedException">Names the first field that differs.</exception>
    public void RequireIdentity(CacheIdentity expected) => CacheChecks.RequireIdentity(folder, Identity, expected);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var shard in shards)
            shard.Dispose();
    }

    private static void RequireTensor(SafetensorsFile file, string name, ElementType type, long[] shape)
    {
        if (!file.Tensors.TryGetValue(name, out var entry) || entry.Type != type || !entry.Shape.SequenceEqual(shape))
            throw new CheckFailedException(
                "A shard of a logit cache does not fit its manifest.",
                where: file.Path,
                found: entry is null ? $"no '{name}'" : $"{name}: {entry.Type.Name()} {Shapes.Format(entry.Shape)}",
                expected: $"{name}: {type.Name()} {Shapes.Format(shape)}",
                remedy: "delete the cache's folder and capture again");
    }
}
