namespace OnnxKd.Core.LogitCaches;

/// <summary>
/// Writes a logit cache batch by batch. A batch that was appended survives a kill; opening the same folder again goes on after it.
/// Rows are ordered by view, then sample: row = view × samples + sample.
/// </summary>
public sealed class LogitCacheWriter : IDisposable
{
    /// <summary>Starts a cache, or goes on with an unfinished (or finished) one of the same identity and batch size.</summary>
    /// <exception cref="Errors.CheckFailedException">The folder holds a cache of another identity; the message names what differs.</exception>
    public static LogitCacheWriter OpenOrResume(string folder, CacheIdentity identity, int batchSize) => throw new NotImplementedException();

    /// <summary>Rows in all: samples × views.</summary>
    public long Rows => throw new NotImplementedException();

    /// <summary>The first row that is not stored yet; always a multiple of the batch size, or <see cref="Rows"/>.</summary>
    public long NextRow => throw new NotImplementedException();

    /// <summary>Appends the next batch: <c>min(batch size, Rows − NextRow)</c> rows of finite values.</summary>
    public void Append(ReadOnlySpan<float> logits) => throw new NotImplementedException();

    /// <summary>Finishes: every shard is in place and the manifest says so.</summary>
    public void Complete() => throw new NotImplementedException();

    /// <inheritdoc/>
    public void Dispose() => throw new NotImplementedException();
}
