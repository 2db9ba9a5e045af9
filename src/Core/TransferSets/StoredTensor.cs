using System.Buffers;
using OnnxKd.Core.Files;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.TransferSets;

/// <summary>A dense tensor on disk, the first axis being the samples. Thread-safe.</summary>
internal abstract class StoredTensor : IDisposable
{
    private const int ChunkBytes = 1 << 20;

    private (long FirstRow, byte[] Rows)? held;

    /// <summary>Takes what is known of it.</summary>
    /// <param name="path">Where it is, for messages.</param>
    /// <param name="type">The element type.</param>
    /// <param name="shape">All axes, samples first.</param>
    protected StoredTensor(string path, ElementType type, IReadOnlyList<long> shape) =>
        (Path, Type, Shape, RowBytes) = (path, type, shape, unchecked((int)shape.Skip(1).Aggregate((long)type.Size(), (product, size) => product * size)));

    /// <summary>Where it is, for messages: a file, or a pattern.</summary>
    public string Path { get; }

    /// <summary>The element type.</summary>
    public ElementType Type { get; }

    /// <summary>All axes, samples first.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>The shape of one sample.</summary>
    public virtual SampleShape SampleShape => new(Shape.Skip(1).Select(size => (int)size));

    /// <summary>The size of one sample in bytes.</summary>
    public int RowBytes { get; }

    /// <summary>The names of the columns that a row's values come from, where it is a table with names; else none.</summary>
    public IReadOnlyList<string> Columns { get; init; } = [];

    /// <summary>The names of a row's values, where it is a table with names; else none.</summary>
    public IReadOnlyList<string> ValueNames { get; init; } = [];

    /// <summary>What the texts of a table's columns stand for, by the columns' names.</summary>
    public IReadOnlyList<ColumnCategories> Categories { get; init; } = [];

    /// <summary>What missing numbers of a table's columns became, by the columns' names; of no others.</summary>
    public IReadOnlyList<ColumnMissing> Fillers { get; init; } = [];

    /// <summary>The same by their places in a row's values.</summary>
    public IReadOnlyList<(int Value, float Filler)> FillersOfValues { get; init; } = [];

    /// <summary>The decimal sign of a table of texts; <c>null</c>: it is none, or nothing tells.</summary>
    public char? Decimal { get; init; }

    /// <summary>Whether it is a table.</summary>
    public bool IsTable { get; init; }

    /// <summary>Whether it is a table whose first column was taken for the names of rows.</summary>
    public bool HasRowNames { get; init; }

    /// <summary>The names of a table's columns that were passed over, as the set that this one belongs to does not have them.</summary>
    public IReadOnlyList<string> LeftOut { get; init; } = [];

    /// <summary>Of each column of a table, the first whole number that float32 does not hold.</summary>
    public IReadOnlyList<RoundedNumber> Rounded { get; init; } = [];

    /// <summary>The columns of a table of which float32 does not hold what tells their numbers apart.</summary>
    public IReadOnlyList<LostDetail> LostDetails { get; init; } = [];

    /// <summary>What is lost as samples are read as float32.</summary>
    /// <param name="places">Some of the rows, for arrays.</param>
    public virtual IEnumerable<LostDetail> FindLostDetails(IReadOnlyList<long> places) => ColumnDetail.Find(this, places) is { } lost ? [lost] : LostDetails;

    /// <summary>What the file system says about when the content was changed, file by file.</summary>
    public abstract IReadOnlyList<FileStatus> Statuses { get; }

    /// <summary>Where a named input is, for messages.</summary>
    public virtual string PathOf(SamplePart part) => Path;

    /// <summary>Whether <see cref="Hold"/> was called.</summary>
    public bool IsHeld => held is not null;

    /// <summary>Reads some rows into memory, where they stay.</summary>
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
        if (held is var (first, rows) && firstRow >= first && (firstRow - first) * RowBytes + buffer.Length <= rows.Length)
            return rows.AsSpan((int)((firstRow - first) * RowBytes), buffer.Length);
        ReadRows(firstRow, buffer);
        return buffer;
    }

    /// <summary>Reads whole rows, as little-endian elements.</summary>
    public abstract void ReadRows(long firstRow, Span<byte> destination);

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
    public abstract void Dispose();

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
