using System.Buffers;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.TransferSets;

/// <summary>
/// What every format becomes: a file with a dense tensor at an offset, the first axis being the samples. Read with positioned reads
/// rather than mapped, so that resident memory stays flat however large the file, and a file that is cut off does not bring the process down.
/// Thread-safe.
/// </summary>
internal sealed class TensorFile : IDisposable
{
    private const int ChunkBytes = 1 << 20;

    private readonly long offset;
    private readonly bool bigEndian;
    private (long FirstRow, byte[] Rows)? held;

    /// <summary>Checks a header against the file, which is then owned by the new object.</summary>
    /// <param name="file">The bytes.</param>
    /// <param name="offset">Where the first element lies.</param>
    /// <param name="available">Bytes from the offset to the end of the tensor's room; the tensor must fill them exactly.</param>
    /// <param name="type">The element type.</param>
    /// <param name="bigEndian">Whether elements are stored big-endian.</param>
    /// <param name="shape">All axes, samples first.</param>
    public TensorFile(SourceFile file, long offset, long available, ElementType type, bool bigEndian, IReadOnlyList<long> shape)
    {
        var path = file.Path;
        if (shape.Count == 0)
            throw new InputException("A tensor has no axis of samples.", where: path, found: "a scalar", expected: "at least one axis");
        if (!Shapes.TryBytes(type, shape, out var bytes))
            throw new InputException("A tensor's shape is impossible.", where: path, found: Shapes.Format(shape));
        if (bytes == 0)
            throw new InputException(
                "A set is empty.", where: path, found: $"shape {Shapes.Format(shape)}", expected: "at least one sample");
        if (bytes != available)
            throw new InputException(
                bytes > available ? "A data file is truncated." : "A data file is longer than its header says.",
                where: path,
                found: $"{available:N0} bytes of data",
                expected: $"{bytes:N0} bytes ({type.Name()} {Shapes.Format(shape)})",
                remedy: "fetch or write it again");
        if (bytes / shape[0] > Array.MaxLength / sizeof(float))
            throw new InputException("One sample is too large.", where: path, found: $"shape {Shapes.Format(shape)}");

        File = file;
        this.offset = offset;
        this.bigEndian = bigEndian && type.Size() > 1;
        Type = type;
        Shape = shape;
        RowBytes = (int)(bytes / shape[0]);
    }

    /// <summary>The bytes.</summary>
    public SourceFile File { get; }

    /// <summary>The file, for messages.</summary>
    public string Path => File.Path;

    /// <summary>The element type.</summary>
    public ElementType Type { get; }

    /// <summary>All axes, samples first.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>The size of one sample in bytes.</summary>
    public int RowBytes { get; }

    /// <summary>Whether <see cref="Hold"/> was called.</summary>
    public bool IsHeld => held is not null;

    /// <summary>Reads some rows into memory, where they stay. Afterwards only those may be asked for.</summary>
    public void Hold(long firstRow, long count)
    {
        var rows = GC.AllocateUninitializedArray<byte>(checked((int)(count * RowBytes)));
        ReadRows(firstRow, rows);
        held = (firstRow, rows);
    }

    /// <summary>Whole rows, as little-endian elements: where they lie in memory if they are held, else read.</summary>
    /// <param name="firstRow">The first one.</param>
    /// <param name="buffer">Room for them.</param>
    public ReadOnlySpan<byte> Rows(long firstRow, Span<byte> buffer)
    {
        if (held is var (first, rows))
            return rows.AsSpan((int)((firstRow - first) * RowBytes), buffer.Length);
        ReadRows(firstRow, buffer);
        return buffer;
    }

    /// <summary>Reads whole rows, as little-endian elements.</summary>
    public void ReadRows(long firstRow, Span<byte> destination)
    {
        File.Read(offset + firstRow * RowBytes, destination);
        if (bigEndian)
            Elements.ReverseEndianness(destination, Type.Size());
    }

    /// <summary>Reads rows in the order asked for, as float32; what follows one another is read at once.</summary>
    /// <param name="rows">Which.</param>
    /// <param name="destination">At least as many values as the rows have.</param>
    /// <exception cref="ArgumentOutOfRangeException">A row is outside.</exception>
    public void Read(ReadOnlySpan<long> rows, Span<float> destination)
    {
        var (longest, elements) = (Math.Max(1, ChunkBytes / RowBytes), RowBytes / Type.Size());
        var buffer = ArrayPool<byte>.Shared.Rent(Math.Min(longest, Math.Max(rows.Length, 1)) * RowBytes);
        try
        {
            while (!rows.IsEmpty)
            {
                var run = RunLength(rows, longest);
                var raw = Rows(rows[0], buffer.AsSpan(0, run * RowBytes));
                Elements.ToSingle(raw, Type, destination[..(run * elements)]);
                rows = rows[run..];
                destination = destination[(run * elements)..];
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => File.Dispose();

    /// <summary>How many rows from the first on follow one another, so that one read fetches them.</summary>
    private int RunLength(ReadOnlySpan<long> rows, int longest)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows[0], nameof(rows));
        var run = 1;
        while (run < rows.Length && run < longest && rows[run] == rows[0] + run)
            run++;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows[0] + run, Shape[0], nameof(rows));
        return run;
    }
}
