using System.Buffers.Binary;
using Apache.Arrow;
using Apache.Arrow.Compression;
using Apache.Arrow.Ipc;

namespace OnnxKd.Core.TransferSets;

/// <summary>
/// Apache Arrow's IPC files (Feather 2 is one) and streams, by Apache.Arrow: columns of numbers, truth values and texts, dictionaries of them, and lists of
/// numbers that are equally long.
/// </summary>
internal sealed class ArrowTable : ColumnarTable
{
    private readonly ArrowStreamReader reader;
    private RecordBatch? batch;

    /// <summary>Reads the schema.</summary>
    /// <exception cref="Errors.InputException">The file is damaged.</exception>
    public ArrowTable(SourceFile file, TableOptions options)
        : base(file.Path, options)
    {
        var (stream, codecs) = (file.OpenStream(), new CompressionCodecFactory());
        reader = IsFile(file.Head) ? new ArrowFileReader(stream, codecs) : new ArrowStreamReader(stream, codecs);
        Header = Guard(() => reader.Schema.FieldsList.Select(field => field.Name).ToArray());
    }

    /// <inheritdoc/>
    public override string Kind => "an Arrow file";

    /// <inheritdoc/>
    public override int Columns => Header!.Length;

    /// <inheritdoc/>
    public override string[]? Header { get; }

    /// <summary>Tells Arrow from its beginning: a file's magic, or a stream's first message, a schema of a sensible length.</summary>
    public static bool Matches(ReadOnlySpan<byte> head) => IsFile(head)
        || head.Length > 8 && BinaryPrimitives.ReadUInt32LittleEndian(head) == uint.MaxValue && BinaryPrimitives.ReadInt32LittleEndian(head[4..]) is > 0 and < 1 << 24;

    /// <inheritdoc/>
    public override void Dispose()
    {
        batch?.Dispose();
        reader.Dispose();
    }

    /// <inheritdoc/>
    protected override long? FindBatch()
    {
        batch?.Dispose();
        batch = reader.ReadNextRecordBatch();
        return batch?.Length;
    }

    /// <inheritdoc/>
    protected override TableColumn ReadColumn(int column)
    {
        var (array, shape) = (batch!.Column(column), new List<int>());
        var (start, count, rows) = (0, array.Length, array.Length);
        var missing = new bool[rows];
        for (var i = 0; i < rows; i++)
            missing[i] = array.IsNull(i);
        while (array is FixedSizeListArray or ListArray)
        {
            var size = array is FixedSizeListArray list ? ((Apache.Arrow.Types.FixedSizeListType)list.Data.DataType).ListSize : SizeOf((ListArray)array, start, count, column);
            start = array is FixedSizeListArray ? (start + array.Data.Offset) * size : ((ListArray)array).ValueOffsets[start];
            array = array is FixedSizeListArray fixedSize ? fixedSize.Values : ((ListArray)array).Values;
            shape.Add(size);
            count = Checked((long)count * size);
        }

        if (shape.Count == 0 && TextsOf(array) is { } texts)
            return new([], [.. Enumerable.Range(0, rows).Select(i => texts(i) ?? "")], missing, []);
        var number = NumbersOf(array) ?? throw Unreadable(column, array.Data.DataType.Name);
        var values = new double[count];
        for (var i = 0; i < count; i++)
        {
            values[i] = number(start + i) ?? double.NaN;
            missing[i / Math.Max(1, count / rows)] |= number(start + i) is null;
        }

        return new(values, null, missing, shape);
    }

    private static bool IsFile(ReadOnlySpan<byte> head) => head.StartsWith("ARROW1\0\0"u8);

    private int SizeOf(ListArray lists, int start, int count, int column)
    {
        var offsets = lists.ValueOffsets;
        var size = offsets[start + 1] - offsets[start];
        for (var i = 0; i < count; i++)
            if (lists.IsNull(start + i) || offsets[start + i + 1] - offsets[start + i] != size)
                throw Unreadable(column, "lists of different lengths");
        return size;
    }

    private static Func<int, string?>? TextsOf(IArrowArray array)
    {
        switch (array)
        {
            case StringArray texts:
                return i => texts.GetString(i);
            case LargeStringArray texts:
                return i => texts.GetString(i);
            case DictionaryArray { Dictionary: var words, Indices: var indices } when TextsOf(words) is { } word && NumbersOf(indices) is { } index:
                return i => index(i) is { } place ? word((int)place) : null;
            default:
                return null;
        }
    }

    private static Func<int, double?>? NumbersOf(IArrowArray array) => array switch
    {
        BooleanArray values => i => values.GetValue(i) is { } value ? value ? 1 : 0 : null,
        Int8Array values => i => values.GetValue(i),
        UInt8Array values => i => values.GetValue(i),
        Int16Array values => i => values.GetValue(i),
        UInt16Array values => i => values.GetValue(i),
        Int32Array values => i => values.GetValue(i),
        UInt32Array values => i => values.GetValue(i),
        Int64Array values => i => values.GetValue(i),
        UInt64Array values => i => values.GetValue(i),
        HalfFloatArray values => i => (double?)values.GetValue(i),
        FloatArray values => i => values.GetValue(i),
        DoubleArray values => i => values.GetValue(i),
        Decimal128Array values => i => (double?)values.GetValue(i),
        DictionaryArray { Dictionary: var words, Indices: var indices } when NumbersOf(words) is { } word && NumbersOf(indices) is { } index =>
            i => index(i) is { } place ? word((int)place) : null,
        _ => null,
    };
}
