using OnnxKd.Core.Errors;

namespace OnnxKd.Core.LogitCaches;

/// <summary>
/// Writes a logit cache, or one part of it, batch by batch. A batch that was appended survives a kill; opening the same folder again goes
/// on after it. Several parts can be written at once by processes that know nothing of each other.
/// Rows are ordered by view, then sample: row = view × samples + sample.
/// </summary>
public sealed class LogitCacheWriter : IDisposable
{
    private readonly string folder;
    private readonly CacheManifest manifest;
    private readonly RowFormat format;
    private readonly RowRange part;
    private readonly Action<string>? afterStep;
    private readonly Dictionary<long, CacheShard> finished = [];
    private readonly Queue<RowRange> waiting = [];
    private readonly Dictionary<long, ShardJournal> begun = [];
    private byte[]? record; // of the journal in use
    private ShardJournal? journal;

    private LogitCacheWriter(string folder, CacheManifest manifest, CachePart part, Action<string>? afterStep)
    {
        this.folder = folder;
        this.manifest = manifest;
        this.part = manifest.Layout.Rows(part);
        this.afterStep = afterStep;
        format = new(manifest.Identity);
        Encoder = new(manifest.Identity, format);
    }

    /// <summary>Rows of this part: all rows, samples × views, if there is only one.</summary>
    public long Rows => part.Count;

    /// <summary>Rows of this part that are stored.</summary>
    public long StoredRows => Rows - Remaining().Sum(range => range.Count);

    /// <summary>The first row of the next batch to append; the row after this part's last if nothing is missing.</summary>
    public long NextRow => journal?.NextRow ?? part.End;

    /// <summary>The batches that are still to be appended, in order, as things stand.</summary>
    public IReadOnlyList<RowRange> PendingBatches() =>
        [.. Remaining().SelectMany(range => RowRange.Batches(range.First, range.End, manifest.BatchSize))];

    /// <summary>The batch size of the cache that a folder holds, finished or not; <c>null</c> if it holds none.</summary>
    /// <exception cref="CheckFailedException">The manifest is damaged.</exception>
    public static int? FindBatchSize(string folder) => CacheFolder.HasManifest(folder) ? CacheManifest.Read(folder).BatchSize : null;

    /// <summary>Starts a cache, or goes on with an unfinished (or finished) one of the same identity and batch size.</summary>
    /// <param name="folder">The cache's folder; created if need be.</param>
    /// <param name="identity">What the cache is made from.</param>
    /// <param name="batchSize">Rows per batch.</param>
    /// <param name="part">Which of the rows to write; default: all.</param>
    /// <exception cref="CheckFailedException">
    /// The folder holds a cache of another identity (the message names what differs), or a damaged one.
    /// </exception>
    /// <exception cref="InputException">Another process is writing the same rows.</exception>
    /// <exception cref="MachineException">The disk is full.</exception>
    public static LogitCacheWriter OpenOrResume(string folder, CacheIdentity identity, int batchSize, CachePart? part = null) =>
        OpenOrResume(folder, identity, batchSize, part ?? CachePart.Whole, rowsPerShard: null, afterStep: null);

    /// <summary>Makes the bytes of rows, on any thread and ahead of <see cref="Append(ReadOnlySpan{byte})"/>.</summary>
    public RowEncoder Encoder { get; }

    /// <summary>Appends the next batch, which is the first of <see cref="PendingBatches"/>.</summary>
    /// <param name="stored">What <see cref="Encoder"/> made of it.</param>
    /// <exception cref="ArgumentException">Not as many bytes as the batch has.</exception>
    /// <exception cref="MachineException">The disk is full; everything appended before is kept.</exception>
    public void Append(ReadOnlySpan<byte> stored)
    {
        if (journal?.NextBatch() is not { } next || next.Length != stored.Length)
            throw new ArgumentException($"{stored.Length} bytes are not those of the next batch.", nameof(stored));
        stored.CopyTo(next.Span);
        Commit(journal);
    }

    /// <summary>Encodes and appends the next batch.</summary>
    /// <param name="streams">Values of each stream, as <see cref="RowEncoder.Encode"/> takes them.</param>
    /// <exception cref="ArgumentException">Another number of streams or values.</exception>
    /// <exception cref="CheckFailedException">
    /// A value is NaN, infinite, or too large for its storage; the message names the sample.
    /// </exception>
    /// <exception cref="MachineException">The disk is full; everything appended before is kept.</exception>
    public void Append(params ReadOnlySpan<ReadOnlyMemory<float>> streams)
    {
        if (journal is null)
            throw new ArgumentException("No batch is missing.", nameof(streams));
        var stored = journal.NextBatch();
        Encoder.Encode(new(NextRow, stored.Length / format.RowBytes), streams.ToArray(), stored, threads: 1);
        Commit(journal);
    }

    /// <summary>Finishes this part. Whichever part is finished last also completes the cache.</summary>
    /// <returns>Whether the cache is complete.</returns>
    /// <exception cref="InvalidOperationException">Rows of this part are missing.</exception>
    /// <exception cref="CheckFailedException">A shard is damaged.</exception>
    public bool Complete()
    {
        if (journal is not null)
            throw new InvalidOperationException($"Only {StoredRows} of {Rows} rows were appended.");
        if (!CacheMerge.TryComplete(folder, manifest, format, finished))
            return false;
        afterStep?.Invoke("manifest completed");
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        journal?.Dispose();
        foreach (var other in begun.Values)
            other.Dispose();
    }

    /// <param name="folder">The cache's folder.</param>
    /// <param name="identity">What the cache is made from.</param>
    /// <param name="batchSize">Rows per batch.</param>
    /// <param name="part">Which of the rows to write.</param>
    /// <param name="rowsPerShard">A multiple of the batch size, for a new cache; default: <see cref="ShardLayout.Choose"/>.</param>
    /// <param name="afterStep">Called after each step that changed a file; tests stop the writer there.</param>
    internal static LogitCacheWriter OpenOrResume(
        string folder, CacheIdentity identity, int batchSize, CachePart part, long? rowsPerShard, Action<string>? afterStep)
    {
        if (CacheIdentityRules.Problem(identity, batchSize) is { } problem)
            throw new ArgumentException($"The identity of a cache is inconsistent: {problem}.", nameof(identity));
        var layout = rowsPerShard is { } rows
            ? new ShardLayout(identity.Rows, batchSize, rows)
            : ShardLayout.Choose(identity.Rows, batchSize, identity.BytesPerRow);
        var (manifest, isNew) = CacheFolder.OpenOrStart(folder, CacheManifest.Start(identity, layout));
        if (isNew)
            afterStep?.Invoke("manifest started");
        CacheFolder.RequireIdentity(folder, manifest.Identity, identity);
        if (manifest.BatchSize != batchSize)
            throw CacheFolder.Differs(folder, "batch_size", $"{manifest.BatchSize}", $"{batchSize}");
        var writer = new LogitCacheWriter(folder, manifest, part, afterStep);
        try
        {
            writer.Recover();
            return writer;
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }

    /// <summary>Looks at each shard of the part: finished, begun (its journal is opened, and thereby locked), or not there yet.</summary>
    private void Recover()
    {
        for (var row = part.First; row < part.End; row += manifest.RowsPerShard)
        {
            var rows = manifest.Layout.Shard(row / manifest.RowsPerShard);
            var journalFile = Path.Combine(folder, ShardLayout.JournalName(rows));
            if (File.Exists(Path.Combine(folder, ShardLayout.FileName(rows))))
            {
                finished[row] = ShardFile.Verify(folder, manifest.Identity, format, rows);
                File.Delete(journalFile);
                continue;
            }
            waiting.Enqueue(rows);
            if (File.Exists(journalFile))
                begun[row] = OpenJournal(rows);
        }
        OpenNext();
        FinishFullShard();
    }

    private void Commit(ShardJournal current)
    {
        current.Commit();
        afterStep?.Invoke("batch appended");
        FinishFullShard();
    }

    /// <summary>Shard, then the end of the journal: stopped after either, the next start repeats the rest.</summary>
    private void FinishFullShard()
    {
        while (journal is { IsFull: true } full)
        {
            finished[full.Rows.First] = ShardFile.Write(folder, manifest.Identity, format, full);
            afterStep?.Invoke("shard written");
            full.Delete();
            afterStep?.Invoke("journal deleted");
            OpenNext();
        }
    }

    private void OpenNext()
    {
        journal = null;
        if (waiting.TryDequeue(out var rows))
            journal = begun.Remove(rows.First, out var open) ? open : OpenJournal(rows);
    }

    private ShardJournal OpenJournal(RowRange rows)
    {
        record ??= new byte[ShardJournal.RecordBytes((int)Math.Min(manifest.BatchSize, part.Count), format.RowBytes)];
        var opened = ShardJournal.Open(folder, manifest.Identity, rows, manifest.BatchSize, format.RowBytes, record);
        CacheFolder.DeleteAttempts(folder, rows);
        return opened;
    }

    private IEnumerable<RowRange> Remaining()
    {
        if (journal is null)
            yield break;
        yield return new(journal.NextRow, journal.Rows.End - journal.NextRow);
        foreach (var rows in waiting)
        {
            var next = begun.TryGetValue(rows.First, out var open) ? open.NextRow : rows.First;
            yield return new(next, rows.End - next);
        }
    }
}
