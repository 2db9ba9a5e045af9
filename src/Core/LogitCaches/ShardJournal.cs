using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;

namespace OnnxKd.Core.LogitCaches;

/// <summary>
/// The rows of a shard in progress, batch by batch: a header, then one record per batch (first row as int64, the rows' bytes, CRC-32C of
/// both). Records have known sizes, so nothing read from the file sizes anything. A process that is killed leaves at most a torn last
/// record. The open file is also the lock of its shard.
/// </summary>
internal sealed class ShardJournal : IDisposable
{
    private const int PrefixBytes = sizeof(long);
    private const int ChecksumBytes = sizeof(uint);

    // Much larger arrays would be memory that nobody has touched yet, for each shard anew.
    private const int CopyBytes = 1 << 18;

    private readonly string path;
    private readonly SafeFileHandle handle;
    private readonly int batchSize;
    private readonly int rowBytes;
    private readonly byte[] header;
    private readonly byte[] record;

    private ShardJournal(
        string path, SafeFileHandle handle, CacheIdentity identity, RowRange rows, int batchSize, int rowBytes, byte[] record)
    {
        this.path = path;
        this.handle = handle;
        this.batchSize = batchSize;
        this.rowBytes = rowBytes;
        this.record = record;
        Rows = rows;
        NextRow = rows.First;
        header = [.. "ONNXKDJ2"u8, .. SHA256.HashData(Encoding.UTF8.GetBytes($"{rows}\n{batchSize}\n{identity.Key}"))];
    }

    /// <summary>The rows of the shard.</summary>
    public RowRange Rows { get; }

    /// <summary>The first row that is not in the journal yet.</summary>
    public long NextRow { get; private set; }

    /// <summary>Whether every row of the shard is there.</summary>
    public bool IsFull => NextRow == Rows.End;

    /// <summary>The bytes of a record with a whole batch.</summary>
    public static int RecordBytes(int batchSize, int rowBytes) => checked(PrefixBytes + batchSize * rowBytes + ChecksumBytes);

    /// <summary>Opens or creates the journal of a shard; a torn tail is cut off.</summary>
    /// <param name="folder">The cache's folder.</param>
    /// <param name="identity">What the cache is made from.</param>
    /// <param name="rows">The rows of the shard.</param>
    /// <param name="batchSize">Rows per batch.</param>
    /// <param name="rowBytes">Bytes per row.</param>
    /// <param name="record">Room for a record; journals that are used in turn can share it.</param>
    /// <exception cref="InputException">Another process is writing it.</exception>
    public static ShardJournal Open(string folder, CacheIdentity identity, RowRange rows, int batchSize, int rowBytes, byte[] record)
    {
        var path = Path.Combine(folder, ShardLayout.JournalName(rows));
        ShardJournal? journal = null;
        DiskErrors.Guard(path, () =>
        {
            var handle = OpenAlone(path);
            try
            {
                journal = new(path, handle, identity, rows, batchSize, rowBytes, record);
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

    /// <summary>Where the bytes of the next batch go, before <see cref="Commit"/>.</summary>
    public Memory<byte> NextBatch() => record.AsMemory(PrefixBytes, RowsAt(NextRow) * rowBytes);

    /// <summary>Appends the next batch in one write.</summary>
    public void Commit()
    {
        var bytes = record.AsSpan(0, RecordBytes(NextRow));
        BinaryPrimitives.WriteInt64LittleEndian(bytes, NextRow);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[^ChecksumBytes..], Crc32C.Of(bytes[..^ChecksumBytes]));
        var length = bytes.Length;
        DiskErrors.Guard(path, () => RandomAccess.Write(handle, record.AsSpan(0, length), Offset(NextRow)), length);
        NextRow += RowsAt(NextRow);
    }

    /// <summary>Copies one field of all rows, in order.</summary>
    public void Copy(StoredField field, Stream destination)
    {
        var rowsAtOnce = Math.Clamp(CopyBytes / field.Bytes, 1, batchSize);
        var values = new byte[rowsAtOnce * field.Bytes];
        for (var row = Rows.First; row < NextRow; row += RowsAt(row))
        {
            if (!TryRead(row))
                throw new IOException($"{path} changed while it was read.");
            foreach (var some in RowRange.Batches(0, RowsAt(row), rowsAtOnce))
                destination.Write(Gather(field, some, values));
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

    private static SafeFileHandle OpenAlone(string path)
    {
        try
        {
            return File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error) when (DiskErrors.IsHeldByAnother(error))
        {
            throw new InputException(
                "Another onnxkd is running in this folder.",
                where: path,
                found: error.Message,
                remedy: "wait for it to finish, stop it, or choose another folder or part",
                inner: error);
        }
    }

    /// <summary>Puts a field of some rows of <see cref="record"/> side by side.</summary>
    private ReadOnlySpan<byte> Gather(StoredField field, RowRange rows, Span<byte> values)
    {
        for (var i = 0; i < rows.Count; i++)
            record.AsSpan(PrefixBytes + (int)(rows.First + i) * rowBytes + field.Offset, field.Bytes).CopyTo(values[(i * field.Bytes)..]);
        return values[..((int)rows.Count * field.Bytes)];
    }

    private void Replay()
    {
        var found = new byte[header.Length];
        if (handle.ReadWhole(found, 0) != found.Length || !found.AsSpan().SequenceEqual(header))
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
        return handle.ReadWhole(bytes, Offset(row)) == bytes.Length
            && BinaryPrimitives.ReadInt64LittleEndian(bytes) == row
            && BinaryPrimitives.ReadUInt32LittleEndian(bytes[^ChecksumBytes..]) == Crc32C.Of(bytes[..^ChecksumBytes]);
    }

    private int RowsAt(long row) => (int)Math.Min(batchSize, Rows.End - row);

    private int RecordBytes(long row) => RecordBytes(RowsAt(row), rowBytes);

    /// <summary>Only the last record of all can be shorter than the others.</summary>
    private long Offset(long row)
    {
        var whole = (row - Rows.First) / batchSize;
        var rest = (row - Rows.First) % batchSize;
        var offset = header.Length + whole * (PrefixBytes + (long)batchSize * rowBytes + ChecksumBytes);
        return rest == 0 ? offset : offset + RecordBytes(row - rest);
    }
}
