using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.LogitCaches;

/// <summary>A finished logit cache, read at random. Thread-safe.</summary>
public sealed class LogitCache : IDisposable
{
    /// <summary>Opens a cache and checks manifest, shard sizes and every checksum.</summary>
    /// <exception cref="Errors.CheckFailedException">A byte is not what the manifest says, or the cache is not finished.</exception>
    /// <exception cref="Errors.InputException">The folder is not a cache.</exception>
    public static LogitCache Open(string folder) => throw new NotImplementedException();

    /// <summary>What the cache was made from.</summary>
    public CacheIdentity Identity => throw new NotImplementedException();

    /// <summary>SHA-256 (lower-case hex) of <c>manifest.json</c>, which names the checksum of every shard: it stands for the whole cache.</summary>
    public string Digest => throw new NotImplementedException();

    /// <summary>The largest number of bytes that one row takes on disk, for reports.</summary>
    public int BytesPerRow => throw new NotImplementedException();

    /// <summary>Reads rows of one view, in the order asked for.</summary>
    /// <param name="samples">Sample rows of the transfer set.</param>
    /// <param name="view">In [0, views).</param>
    /// <param name="destination">At least <c>samples.Length × classes</c> values.</param>
    public void Read(ReadOnlySpan<long> samples, int view, Span<float> destination) => throw new NotImplementedException();

    /// <summary>Checks that the cache was captured from exactly this set.</summary>
    /// <exception cref="Errors.CheckFailedException">It was not.</exception>
    public void RequireSamples(TransferSet set) => throw new NotImplementedException();

    /// <inheritdoc/>
    public void Dispose() => throw new NotImplementedException();
}
