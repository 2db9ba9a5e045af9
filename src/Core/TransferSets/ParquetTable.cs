using System.Globalization;
using OnnxKd.Core.Errors;
using Parquet;
using Parquet.Schema;

namespace OnnxKd.Core.TransferSets;

/// <summary>Apache Parquet, by Parquet.Net: columns of numbers, truth values and texts, and lists of numbers that are equally long.</summary>
internal sealed class ParquetTable : ColumnarTable
{
    private readonly ParquetReader reader;
    private readonly Stream stream;
    private ParquetRowGroupReader? group;
    private int groups;

    /// <summary>Reads the schema.</summary>
    /// <exception cref="InputException">The file is damaged.</exception>
    public ParquetTable(SourceFile file, TableOptions options)
        : base(file.Path, options)
    {
        stream = new InlineStream(file.OpenStream());
        reader = Guard(() => ReadSchema(file.Path));
        Header = Guard(() => reader.Schema.Fields.Select(field => field.Name).ToArray());
    }

    // The library takes milliseconds, and for ever where a damaged footer says that there is more than there is.
    private static readonly TimeSpan mostTime = TimeSpan.FromSeconds(10);

    /// <summary>Opens the file, within a time; what is still reading then is left behind.</summary>
    private ParquetReader ReadSchema(string path)
    {
        var opening = Task.Factory.StartNew(
            () => ParquetReader.CreateAsync(stream).GetAwaiter().GetResult(), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        return Task.WaitAny([opening], mostTime) == 0 ? opening.GetAwaiter().GetResult() : throw new InputException(
            "The end of a Parquet file cannot be read.", path, $"nothing within {mostTime.TotalSeconds:0} s", remedy: "it is damaged, or the machine is very busy: fetch or write it again");
    }

    /// <inheritdoc/>
    public override string Kind => "a Parquet file";

    /// <inheritdoc/>
    public override int Columns => Header!.Length;

    /// <inheritdoc/>
    public override string[]? Header { get; }

    /// <summary>Tells Parquet from its beginning.</summary>
    public static bool Matches(ReadOnlySpan<byte> head) => head.StartsWith("PAR1"u8);

    /// <inheritdoc/>
    public override void Dispose()
    {
        group?.Dispose();
        reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
        stream.Dispose();
    }

    /// <inheritdoc/>
    protected override long? FindBatch()
    {
        group?.Dispose();
        group = groups < reader.RowGroupCount ? reader.OpenRowGroupReader(groups++) : null;
        return group?.RowCount;
    }

    /// <inheritdoc/>
    protected override TableColumn ReadColumn(int column)
    {
        var field = reader.Schema.Fields[column];
        var leaves = reader.Schema.DataFields.Where(leaf => leaf.Path.FirstPart == field.Name).ToArray();
        if (leaves is not [var leaf] || field is not (DataField or ListField))
            throw Unreadable(column, $"{field.SchemaType}");
        var count = Checked(group!.GetMetadata(leaf)?.MetaData?.NumValues ?? group.RowCount);
        if (leaf.ClrType == typeof(ReadOnlyMemory<char>) && leaf.MaxRepetitionLevel == 0)
            return TextsOf(leaf, count);
        var (definitions, repetitions) = (leaf.MaxDefinitionLevel > 0 ? new int[count] : null, leaf.MaxRepetitionLevel > 0 ? new int[count] : null);
        var values = NumbersOf(leaf, count, definitions, repetitions) ?? throw Unreadable(column, leaf.ClrType.Name);
        var rows = Checked(group.RowCount);
        var shape = repetitions is null ? [] : ListShape.Find(repetitions, leaf.MaxRepetitionLevel, rows) ?? throw Unreadable(column, "lists of different lengths");
        var missing = new bool[rows];
        var perRow = rows == 0 ? 1 : count / rows;
        // Values that are not there are not stored: those that are move to their places, from the last on.
        if (definitions is not null)
            for (int place = count - 1, stored = definitions.Count(level => level == leaf.MaxDefinitionLevel) - 1; place >= 0; place--)
            {
                var isThere = definitions[place] == leaf.MaxDefinitionLevel;
                missing[place / perRow] |= !isThere;
                values[place] = isThere ? values[stored--] : double.NaN;
            }

        return new(values, null, missing, shape);
    }

    private TableColumn TextsOf(DataField leaf, int count)
    {
        var texts = new string?[count];
        Wait(group!.ReadAsync(leaf, texts.AsMemory()));
        return new([], [.. texts.Select(text => text ?? "")], [.. texts.Select(text => text is null)], []);
    }

    private double[]? NumbersOf(DataField leaf, int count, int[]? definitions, int[]? repetitions)
    {
        var type = leaf.ClrType;
        return type == typeof(bool) ? Read<bool>(value => value ? 1 : 0)
            : type == typeof(sbyte) ? Of<sbyte>() : type == typeof(byte) ? Of<byte>() : type == typeof(short) ? Of<short>() : type == typeof(ushort) ? Of<ushort>()
            : type == typeof(int) ? Of<int>() : type == typeof(uint) ? Of<uint>() : type == typeof(long) ? Of<long>() : type == typeof(ulong) ? Of<ulong>()
            : type == typeof(float) ? Of<float>() : type == typeof(double) ? Of<double>() : type == typeof(decimal) ? Of<decimal>()
            : null;

        double[] Of<T>()
            where T : struct, IConvertible => Read<T>(value => value.ToDouble(CultureInfo.InvariantCulture));

        double[] Read<T>(Func<T, double> convert)
            where T : struct
        {
            var raw = new T[count];
            Wait(group!.ReadRawAsync(leaf, raw.AsMemory(), MemoryOf(definitions), MemoryOf(repetitions)));
            return Array.ConvertAll(raw, value => convert(value));
        }
    }

    private static Memory<int>? MemoryOf(int[]? levels) => levels is null ? (Memory<int>?)null : levels.AsMemory();

    private static void Wait(ValueTask reading) => reading.AsTask().GetAwaiter().GetResult();
}

/// <summary>The shape of lists, from where they begin.</summary>
internal static class ListShape
{
    /// <summary>Finds it.</summary>
    /// <param name="levels">For each value 0 where a row begins, 1 where a list within it, and so on (Parquet's repetition levels).</param>
    /// <param name="depth">How deep lists lie in one another.</param>
    /// <param name="rows">How many rows there are.</param>
    /// <returns>A size for each depth; <c>null</c>: lists are not equally long.</returns>
    public static int[]? Find(int[] levels, int depth, int rows)
    {
        var strides = new int[depth + 1];
        for (var level = 0; level <= depth; level++)
        {
            var next = Array.FindIndex(levels, 1, found => found <= level);
            strides[level] = next < 0 ? levels.Length : next;
        }

        for (var i = 0; i < levels.Length; i++)
        {
            var begins = 0;
            while (i % strides[begins] != 0)
                begins++;
            if (levels[i] != begins)
                return null;
        }

        return levels.Length == (long)rows * strides[0] ? [.. Enumerable.Range(1, depth).Select(level => strides[level - 1] / strides[level])] : null;
    }
}
