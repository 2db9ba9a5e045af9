using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;
using OnnxKd.Core.Files;

namespace OnnxKd.Core.LogitCaches;

/// <summary>
/// The rows of the shard in progress, batch by batch: a header, then one record per batch (first row as int64, logits, SHA-256 of both).
/// Records have known sizes, so nothing read from the file sizes anything. A process that is killed leaves at most a torn last record.
/// </summary>
internal sealed class ShardJournal : IDisposable
{
    private const int RowBytes = sizeof(long);

    private readonly string path;
    private readonly SafeFileHandle handle;
    private readonly CacheManifest manifest;
    private readonly byte[] header;
    private readonly byte[] record;

    private ShardJournal(string path, SafeFileHandle handle, CacheManifest manifest)
    {
        this.path = path;
        this.handle = handle;
        this.manifest = manifest;
        FirstRow = manifest.StoredRows;
        EndRow = FirstRow + Math.Min(manifest.RowsPerShard, manifest.TotalRows - FirstRow);
        NextRow = FirstRow;
        header = [.. "ONNXKDJ1"u8, .. SHA256.HashData(Encoding.UTF8.GetBytes($"{FirstRow}\n{manifest.Identity.Key}"))];
        record = new byte[RecordBytes(FirstRow)];
    }

    /// <summary>The shard's first row.</summary>
    public long FirstRow { get; }

    /// <summary>The row after the shard's last.</summary>
    public long EndRow { get; }

    /// <summary>The first row that is not in the journal yet.</summary>
    public long NextRow { get; private set; }

    /// <summary>Whether every row of the shard is there.</summary>
    public bool IsFull => NextRow == EndRow;

    /// <summary>Opens or creates the journal of the shard after those in the manifest; a torn tail is cut off.</summary>
    public static ShardJournal Open(string folder, CacheManifest manifest)
    {
        var path = Path.Combine(folder, ShardLayout.JournalName(manifest.StoredRows));
        ShardJournal? journal = null;
        DiskErrors.Guard(path, () =>
        {
            var handle = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
            try
            {
                journal = new(path, handle, manifest);
                journal.Replay();
            }
            catch
            {
                handle.Dispose();
                throw;
            }
        });
        return journal!;
    }

    /// <summary>Appends the next batch in one write.</summary>
    public void Append(ReadOnlySpan<float> logits)
    {
        var bytes = record.AsSpan(0, RecordBytes(NextRow));
        BinaryPrimitives.WriteInt64LittleEndian(bytes, NextRow);
        MemoryMarshal.AsBytes(logits).CopyTo(bytes[RowBytes..]);
        SHA256.HashData(bytes[..^SHA256.HashSizeInBytes], bytes[^SHA256.HashSizeInBytes..]);
        var length = bytes.Length;
        DiskErrors.Guard(path, () => RandomAccess.Write(handle, record.AsSpan(0, length), Offset(NextRow)), length);
        NextRow += RowsAt(NextRow);
    }

    /// <summary>Copies all logits, in order.</summary>
    public void CopyLogits(Stream destination)
    {
        for (var row = FirstRow; row < NextRow; row += RowsAt(row))
        {
            if (!TryRead(row))
                throw new IOException($"{path} changed while it was read.");
            destination.Write(record.AsSpan(RowBytes, RecordBytes(row) - RowBytes - SHA256.HashSizeInBytes));
        }
    }

    /// <summary>Removes the file.</summary>
    public void Delete()
    {
        Dispose();
        File.Delete(path);
    }

    /// <inheritdoc/>
    public void Dispose() => handle.Dispose();

    private void Replay()
    {
        var found = new byte[header.Length];
        if (RandomAccess.Read(handle, found, 0) != found.Length || !found.AsSpan().SequenceEqual(header))
        {
            RandomAccess.SetLength(handle, 0);
            RandomAccess.Write(handle, header, 0);
        }
        while (!IsFull && TryRead(NextRow))
            NextRow += RowsAt(NextRow);
        RandomAccess.SetLength(handle, Offset(NextRow));
    }

    /// <summary>Reads the record of a batch into <see cref="record"/>.</summary>
    /// <returns>Whether it is there, whole and unchanged.</returns>
    private bool TryRead(long row)
    {
        var bytes = record.AsSpan(0, RecordBytes(row));
        if (RandomAccess.Read(handle, bytes, Offset(row)) != bytes.Length || BinaryPrimitives.ReadInt64LittleEndian(bytes) != row)
            return false;
        Span<byte> checksum = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes[..^SHA256.HashSizeInBytes], checksum);
        return checksum.SequenceEqual(bytes[^SHA256.HashSizeInBytes..]);
    }

    private int RowsAt(long row) => (int)Math.Min(manifest.BatchSize, manifest.TotalRows - row);

    private int RecordBytes(long row) =>
        checked(RowBytes + RowsAt(row) * manifest.Identity.Classes * sizeof(float) + SHA256.HashSizeInBytes);

    /// <summary>Only the last record of all can be shorter than the others.</summary>
    private long Offset(long row)
    {
        var whole = (row - FirstRow) / manifest.BatchSize;
        var rest = (row - FirstRow) % manifest.BatchSize;
        var fullRecord = RowBytes + (long)manifest.BatchSize * manifest.Identity.Classes * sizeof(float) + SHA256.HashSizeInBytes;
        var offset = header.Length + whole * fullRecord;
        return rest == 0 ? offset : offset + RecordBytes(row - rest);
    }
}
