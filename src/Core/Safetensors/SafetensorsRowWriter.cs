using System.Buffers.Binary;
using System.Runtime.InteropServices;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.Safetensors;

/// <summary>
/// Writes a safetensors file row by row, when the number of rows is known only at the end: one large tensor, and columns of int64 with
/// one entry a row. Memory holds the columns alone. Equal rows and limits give equal bytes.
/// </summary>
/// <remarks>
/// Room for header and columns of the most rows is left at the start; in the end the columns are put right before the rows, and what is
/// left over becomes spaces in the header. So the file is written once, and every tensor is aligned to 8 bytes.
/// </remarks>
internal sealed class SafetensorsRowWriter
{
    private readonly Stream stream;
    private readonly string name;
    private readonly ElementType type;
    private readonly IReadOnlyList<int> shape;
    private readonly IReadOnlyList<string> columnNames;
    private readonly List<long>[] columns;
    private readonly int rowBytes;
    private readonly long dataStart;

    /// <summary>Prepares the stream.</summary>
    /// <param name="stream">A stream that can seek: empty, or with the rows that <see cref="Restore"/> goes on behind.</param>
    /// <param name="name">The name of the large tensor.</param>
    /// <param name="type">Its element type.</param>
    /// <param name="shape">The shape of one row of it.</param>
    /// <param name="columns">The names of the columns.</param>
    /// <param name="maximum">No more rows than these will come.</param>
    public SafetensorsRowWriter(
        Stream stream, string name, ElementType type, IReadOnlyList<int> shape, IReadOnlyList<string> columns, long maximum)
    {
        (this.stream, this.name, this.type, this.shape, columnNames) = (stream, name, type, shape, columns);
        this.columns = [.. columns.Select(_ => new List<long>())];
        rowBytes = shape.Aggregate(type.Size(), (product, size) => checked(product * size));
        Maximum = maximum;
        dataStart = SafetensorsHeader.LengthBytes + SafetensorsWriter.Header(Tensors(maximum), null).Length + ColumnBytes(maximum);
        stream.Position = dataStart;
    }

    /// <summary>The most rows.</summary>
    public long Maximum { get; }

    /// <summary>Rows so far.</summary>
    public long Rows { get; private set; }

    /// <summary>How far the stream reaches with so many rows, before it is complete.</summary>
    public long BytesOf(long rows) => dataStart + rows * rowBytes;

    /// <summary>Goes on behind rows that are in the stream already; what lies behind them is cut off.</summary>
    /// <param name="entries">The entries of each row in the columns.</param>
    public void Restore(IEnumerable<long[]> entries)
    {
        foreach (var row in entries)
        {
            for (var i = 0; i < row.Length; i++)
                columns[i].Add(row[i]);
            Rows++;
        }
        stream.SetLength(BytesOf(Rows));
        stream.Position = stream.Length;
    }

    /// <summary>Adds a row.</summary>
    /// <param name="values">Its little-endian elements.</param>
    /// <param name="entries">Its entry in each column.</param>
    /// <exception cref="ArgumentException">The numbers of bytes or entries are wrong, or there are too many rows.</exception>
    public void Append(ReadOnlySpan<byte> values, ReadOnlySpan<long> entries)
    {
        if (values.Length != rowBytes || entries.Length != columns.Length || Rows == Maximum)
            throw new ArgumentException($"Row {Rows} of {Maximum} has {values.Length} of {rowBytes} bytes, {entries.Length} entries.");
        stream.Write(values);
        for (var i = 0; i < entries.Length; i++)
            columns[i].Add(entries[i]);
        Rows++;
    }

    /// <summary>Writes header and columns; the file is complete.</summary>
    public void Complete()
    {
        var header = SafetensorsWriter.Header(Tensors(Rows), null, dataStart - SafetensorsHeader.LengthBytes - ColumnBytes(Rows));
        Span<byte> length = stackalloc byte[SafetensorsHeader.LengthBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        stream.Position = 0;
        stream.Write(length);
        stream.Write(header);
        foreach (var column in columns)
            stream.Write(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(column)));
    }

    private long ColumnBytes(long rows) => rows * columns.Length * sizeof(long);

    private SafetensorsTensor[] Tensors(long rows) =>
    [
        .. columnNames.Select(column => new SafetensorsTensor(column, ElementType.Int64, [rows], _ => { })),
        new(name, type, [rows, .. shape.Select(size => (long)size)], _ => { }),
    ];
}
