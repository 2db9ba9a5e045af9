using System.Buffers.Binary;
using System.Numerics.Tensors;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Safetensors;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.LogitCaches;

/// <summary>
/// Writes a logit cache batch by batch. A batch that was appended survives a kill; opening the same folder again goes on after it.
/// Rows are ordered by view, then sample: row = view × samples + sample.
/// </summary>
public sealed class LogitCacheWriter : IDisposable
{
    private readonly string folder;
    private readonly FolderLock folderLock;
    private readonly Action<string>? afterStep;
    private CacheManifest manifest;
    private ShardJournal? journal;

    private LogitCacheWriter(string folder, FolderLock folderLock, CacheManifest manifest, Action<string>? afterStep)
    {
        this.folder = folder;
        this.folderLock = folderLock;
        this.manifest = manifest;
        this.afterStep = afterStep;
    }

    /// <summary>Rows in all: samples × views.</summary>
    public long Rows => manifest.TotalRows;

    /// <summary>The first row that is not stored yet; always a multiple of the batch size, or <see cref="Rows"/>.</summary>
    public long NextRow => journal?.NextRow ?? manifest.StoredRows;

    /// <summary>Starts a cache, or goes on with an unfinished (or finished) one of the same identity and batch size.</summary>
    /// <param name="folder">The cache's folder; created if need be.</param>
    /// <param name="identity">What the cache is made from.</param>
    /// <param name="batchSize">Rows per batch.</param>
    /// <exception cref="CheckFailedException">
    /// The folder holds a cache of another identity (the message names what differs), or a damaged one.
    /// </exception>
    /// <exception cref="InputException">Another process is writing in the folder.</exception>
    /// <exception cref="MachineException">The disk is full.</exception>
    public static LogitCacheWriter OpenOrResume(string folder, CacheIdentity identity, int batchSize) =>
        OpenOrResume(folder, identity, batchSize, rowsPerShard: null, afterStep: null);

    /// <summary>Appends the next batch: <c>min(batch size, Rows − NextRow)</c> rows of finite values.</summary>
    /// <exception cref="ArgumentException">Another number of values.</exception>
    /// <exception cref="CheckFailedException">A value is NaN or infinite; the message names the sample.</exception>
    /// <exception cref="MachineException">The disk is full; everything appended before is kept.</exception>
    public void Append(ReadOnlySpan<float> logits)
    {
        var rows = Math.Min(manifest.BatchSize, Rows - NextRow);
        if (journal is null || logits.Length != rows * manifest.Identity.Classes)
            throw new ArgumentException(
                $"{logits.Length} values are not the next {rows} rows of {manifest.Identity.Classes}.", nameof(logits));
        RequireFinite(logits);
        journal.Append(logits);
        afterStep?.Invoke("batch appended");
        FinishFullShard();
    }

    /// <summary>Finishes: every shard is in place and the manifest says so.</summary>
    /// <exception cref="InvalidOperationException">Rows are missing.</exception>
    public void Complete()
    {
        if (NextRow != Rows)
            throw new InvalidOperationException($"Only {NextRow} of {Rows} rows were appended.");
        if (manifest.Complete)
            return;
        manifest = manifest with { Complete = true };
        manifest.Write(folder);
        afterStep?.Invoke("manifest completed");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        journal?.Dispose();
        folderLock.Dispose();
    }

    /// <param name="folder">The cache's folder.</param>
    /// <param name="identity">What the cache is made from.</param>
    /// <param name="batchSize">Rows per batch.</param>
    /// <param name="rowsPerShard">A multiple of the batch size, for a new cache; default: <see cref="ShardLayout.RowsPerShard"/>.</param>
    /// <param name="afterStep">Called after each step that changed a file; tests stop the writer there.</param>
    internal static LogitCacheWriter OpenOrResume(
        string folder, CacheIdentity identity, int batchSize, long? rowsPerShard, Action<string>? afterStep)
    {
        if (CacheIdentityRules.Problem(identity, batchSize) is { } problem)
            throw new ArgumentException($"The identity of a cache is inconsistent: {problem}.", nameof(identity));
        var folderLock = FolderLock.Acquire(folder);
        LogitCacheWriter? writer = null;
        try
        {
            var fresh = CacheManifest.Start(identity, batchSize, rowsPerShard ?? ShardLayout.RowsPerShard(identity.Classes, batchSize));
            writer = new(folder, folderLock, OpenManifest(folder, fresh, afterStep), afterStep);
            writer.Recover();
            return writer;
        }
        catch
        {
            writer?.journal?.Dispose();
            folderLock.Dispose();
            throw;
        }
    }

    private static CacheManifest OpenManifest(string folder, CacheManifest fresh, Action<string>? afterStep)
    {
        if (!File.Exists(Path.Combine(folder, CacheManifest.FileName)))
        {
            if (Directory.EnumerateFiles(folder, "rows-*").Any())
                throw new CheckFailedException(
                    "A logit cache has lost its manifest.",
                    where: folder,
                    found: $"shards, but no {CacheManifest.FileName}",
                    remedy: "delete the folder and capture again");
            fresh.Write(folder);
            afterStep?.Invoke("manifest started");
            return fresh;
        }
        var manifest = CacheManifest.Read(folder);
        CacheChecks.RequireIdentity(folder, manifest.Identity, fresh.Identity);
        if (manifest.BatchSize != fresh.BatchSize)
            throw CacheChecks.Differs(folder, "batch_size", $"{manifest.BatchSize}", $"{fresh.BatchSize}");
        CacheChecks.RequireShards(folder, manifest);
        return manifest;
    }

    /// <summary>Removes what a killed process left, reopens the shard in progress, and finishes it if only that was missing.</summary>
    private void Recover()
    {
        var current = ShardLayout.JournalName(manifest.StoredRows);
        foreach (var file in Directory.EnumerateFiles(folder, $"*{AtomicFile.TemporarySuffix}")
            .Concat(Directory.EnumerateFiles(folder, $"*{ShardLayout.JournalSuffix}").Where(f => Path.GetFileName(f) != current)).ToList())
            File.Delete(file);
        OpenJournal();
        FinishFullShard();
    }

    private void OpenJournal() => journal = manifest.StoredRows < manifest.TotalRows ? ShardJournal.Open(folder, manifest) : null;

    /// <summary>Shard, then manifest, then the end of the journal: stopped after any step, the next start repeats the rest.</summary>
    private void FinishFullShard()
    {
        if (journal is not { IsFull: true } full)
            return;
        var rows = full.EndRow - full.FirstRow;
        var name = ShardLayout.FileName(full.FirstRow, rows);
        var path = Path.Combine(folder, name);
        SafetensorsWriter.Write(
            path,
            [
                new(ShardLayout.LogitsTensor, ElementType.Float32, [rows, manifest.Identity.Classes], full.CopyLogits),
                new(ShardLayout.IdsTensor, ElementType.Int64, [rows], stream => WriteIds(stream, full.FirstRow, full.EndRow)),
            ],
            new Dictionary<string, string> { ["first_row"] = $"{full.FirstRow}" });
        afterStep?.Invoke("shard written");
        manifest = manifest with
        {
            Shards = [.. manifest.Shards, new(name, full.FirstRow, rows, new FileInfo(path).Length, Hashing.Sha256OfFile(path))],
        };
        manifest.Write(folder);
        afterStep?.Invoke("manifest extended");
        full.Delete();
        afterStep?.Invoke("journal deleted");
        OpenJournal();
    }

    private void WriteIds(Stream stream, long firstRow, long endRow)
    {
        Span<byte> id = stackalloc byte[sizeof(long)];
        for (var row = firstRow; row < endRow; row++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(id, manifest.Identity.FirstId + row % manifest.Identity.Samples);
            stream.Write(id);
        }
    }

    private void RequireFinite(ReadOnlySpan<float> logits)
    {
        // The largest magnitude is NaN or infinite if any value is.
        if (float.IsFinite(TensorPrimitives.MaxMagnitude(logits)))
            return;
        var index = 0;
        while (float.IsFinite(logits[index]))
            index++;
        var (identity, row) = (manifest.Identity, NextRow + index / manifest.Identity.Classes);
        throw new CheckFailedException(
            "A teacher's output is not a finite number.",
            where: $"sample {identity.FirstId + row % identity.Samples}, view {row / identity.Samples}, class {index % identity.Classes}",
            found: $"{logits[index]}",
            expected: "finite logits",
            remedy: "look at this sample and at its preprocessing, or use another teacher; rows captured so far are kept");
    }
}
