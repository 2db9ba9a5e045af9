using System.Buffers;
using System.Runtime.InteropServices;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.TransferSets;

/// <summary>Tensors with a row for each sample, side by side: one row of float32 for each sample, whose layout says what lies where.</summary>
internal sealed class PackedTensor : StoredTensor
{
    // From here on float32 does not hold every whole number.
    internal const int LargestExact = 1 << 24;

    private readonly Source[] sources;

    private PackedTensor(string path, Source[] sources, SampleShape shape)
        : base(path, ElementType.Float32, [sources[0].Tensor.Shape[0], shape[0]]) =>
        (this.sources, SampleShape, Decimal, Rounded, Fillers, FillersOfValues) = (
            sources, shape, sources.Select(source => source.Tensor.Decimal).FirstOrDefault(sign => sign is not null),
            [.. sources.SelectMany(source => source.Tensor.Rounded)], [.. sources.SelectMany(source => source.Tensor.Fillers)], Placed(sources));

    private static (int, float)[] Placed(Source[] sources)
    {
        var (placed, start) = (new List<(int, float)>(), 0);
        foreach (var source in sources)
        {
            placed.AddRange(source.Tensor.FillersOfValues.Select(filler => (start + filler.Value, filler.Filler)));
            start += source.Elements;
        }
        return [.. placed];
    }

    /// <summary>A tensor, and the parts that its rows are, in their order.</summary>
    private sealed record Source(StoredTensor Tensor, IReadOnlyList<SamplePart> Parts)
    {
        public int Elements { get; } = Parts.Sum(part => part.Elements);

        /// <summary>The part that a value of a row belongs to.</summary>
        /// <param name="value">The value's place in the row; then in the part.</param>
        public SamplePart PartAt(ref int value)
        {
            foreach (var part in Parts)
            {
                if (value < part.Elements)
                    return part;
                value -= part.Elements;
            }

            throw new ArgumentOutOfRangeException(nameof(value));
        }

        /// <summary>What it holds and where, for messages.</summary>
        public string Place => $"{(Parts.Count > 1 ? "inputs" : "input")} {string.Join(", ", Parts.Select(part => $"'{part.Name}'"))} ({Tensor.Path})";
    }

    /// <inheritdoc/>
    public override SampleShape SampleShape { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<FileStatus> Statuses => [.. sources.SelectMany(source => source.Tensor.Statuses)];

    /// <inheritdoc/>
    public override string PathOf(SamplePart part)
    {
        var end = 0;
        return sources.First(source => (end += source.Elements) > part.Offset).Tensor.Path;
    }

    /// <summary>Opens samples: one tensor, or named inputs side by side.</summary>
    /// <inheritdoc cref="Open"/>
    public static StoredTensor OpenSamples(TransferSetOptions options, SampleShape? like)
    {
        if (options.Inputs.AreNone)
            return !NamesMask(options) ? OpenWhole(options) : throw new InputException(
                "A mask is named, and the samples have no named inputs.", options.Samples, $"{MaskChoice.KeyOf(options)} '{options.Padding ?? options.Mask}'",
                remedy: $"name the inputs (inputs), or remove '{MaskChoice.KeyOf(options)}'");
        if ((options.SamplesKey ?? options.Table.Features.Concat(options.Table.Drop).FirstOrDefault()) is { } useless)
            throw new InputException(
                "Samples of named inputs consist of these alone.", options.Samples, $"'{useless}' beside inputs", "inputs, or samples-key, table.features and table.drop", "remove one of the two");
        return options.Lengths is null || !NamesMask(options) ? Open(options, like) : throw new InputException(
            "Lengths and a mask say the same twice.", options.Samples, "both", "one of the two", $"remove lengths or {MaskChoice.KeyOf(options)}");
    }

    private static bool NamesMask(TransferSetOptions options) => options.Padding is not null || options.Mask is not (null or TransferSetOptions.NoMask);

    private static StoredTensor OpenWhole(TransferSetOptions options)
    {
        var samples = TensorFormat.OpenAny(new(options, SetPart.Samples));
        try
        {
            if (!samples.IsTable)
                TableNames.RequireNone(options);
            return samples;
        }
        catch
        {
            samples.Dispose();
            throw;
        }
    }

    /// <summary>Opens what the options name.</summary>
    /// <param name="options">The set's options, with inputs.</param>
    /// <param name="like">The layout of the set that this one belongs to: the same texts get the same numbers; <c>null</c>: it stands alone.</param>
    /// <exception cref="InputException">One is not there, or they differ in their number of rows.</exception>
    private static PackedTensor Open(TransferSetOptions options, SampleShape? like)
    {
        var inputs = options.Inputs.All;
        if (inputs.CountBy(input => input.Name).FirstOrDefault(name => name.Value > 1) is { Key: { } twice })
            throw new InputException("Two inputs of the samples have one name.", options.Samples, $"'{twice}'", remedy: "name each once");
        TableNames.RequireOfInputs(options);
        var sources = new List<Source>();
        try
        {
            foreach (var file in inputs.Where(input => !input.IsOfLengths).GroupBy(input => input.File ?? options.Samples))
                foreach (var (tensor, parts) in TensorFormat.OpenInputs(options with { Samples = file.Key, Inputs = new([.. file.SelectMany(input => input.Apart)]) }, like))
                    sources.Add(new(tensor, parts));
            SamplePart[] stored = [.. sources.SelectMany(source => source.Parts)];
            foreach (var input in inputs.Where(input => input.IsOfLengths))
            {
                var mask = LengthMask.Open(options, input, stored);
                sources.Add(new(mask, [new(input.Name, ElementType.Int64, mask.SampleShape)]));
            }

            var first = sources[0].Tensor;
            if (sources.Find(source => source.Tensor.Shape[0] != first.Shape[0]) is { } other)
                throw new InputException(
                    "Inputs of one set differ in their number of samples.", $"{sources[0].Place} and {other.Place}", $"{first.Shape[0]} and {other.Tensor.Shape[0]} samples",
                    "a row of each for each sample", "use files that belong together");
            var total = sources.Sum(source => (long)source.Elements);
            if (total > Array.MaxLength / sizeof(float))
                throw new InputException("One sample is too large.", options.Samples, $"{total} values");
            SamplePart[] joined = [.. Join(inputs, [.. sources.SelectMany(source => source.Parts)])];
            return new(options.Samples, [.. sources], SampleShape.Of(joined, MaskChoice.Find(options, joined), options.Padding is not null));
        }
        catch
        {
            sources.ForEach(source => source.Tensor.Dispose());
            throw;
        }
    }

    /// <inheritdoc/>
    public override void ReadRows(long firstRow, Span<byte> destination)
    {
        var (rows, width) = (destination.Length / RowBytes, RowBytes / sizeof(float));
        var values = MemoryMarshal.Cast<byte, float>(destination);
        var offset = 0;
        foreach (var source in sources)
        {
            var (raw, read) = (ArrayPool<byte>.Shared.Rent(rows * source.Tensor.RowBytes), ArrayPool<float>.Shared.Rent(rows * source.Elements));
            try
            {
                var stored = source.Tensor.Rows(firstRow, raw.AsSpan(0, rows * source.Tensor.RowBytes));
                var found = read.AsSpan(0, rows * source.Elements);
                Elements.ToSingle(stored, source.Tensor.Type, found);
                RequireExact(source, stored, found, firstRow);
                for (var row = 0; row < rows; row++)
                    found.Slice(row * source.Elements, source.Elements).CopyTo(values[(row * width + offset)..]);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(raw);
                ArrayPool<float>.Shared.Return(read);
            }
            offset += source.Elements;
        }
    }

    /// <inheritdoc/>
    public override IEnumerable<LostDetail> FindLostDetails(IReadOnlyList<long> places) =>
        from source in sources
        from lost in source.Tensor.FindLostDetails(places)
        select lost with { Part = source.Parts is [var only] ? only.Name : source.Parts.FirstOrDefault(part => part.Name == lost.Column)?.Name };

    /// <inheritdoc/>
    public override void Dispose() => Array.ForEach(sources, source => source.Tensor.Dispose());

    /// <summary>Columns that are one input stand together already.</summary>
    private static IEnumerable<SamplePart> Join(IReadOnlyList<InputSource> inputs, IReadOnlyList<SamplePart> parts)
    {
        var joined = inputs.Where(input => input.Columns.Count > 0).ToDictionary(input => $"{input.Name}/{input.Columns[0]}", StringComparer.Ordinal);
        for (var i = 0; i < parts.Count; i++)
            if (joined.TryGetValue(parts[i].Name, out var input))
            {
                SamplePart[] columns = [.. parts.Skip(i).Take(input.Columns.Count)];
                if (Array.Find(columns, column => column.IsText || column.Shape.Count > 0) is { } other)
                    throw new InputException("Columns that make up one input hold values that are not numbers.", $"input '{input.Name}'", $"{other}", "a number in each row", "give texts and lists inputs of their own");
                yield return new(input.Name, ElementType.Float32, [columns.Length]);
                i += columns.Length - 1;
            }
            else
                yield return parts[i];
    }

    private static void RequireExact(Source source, ReadOnlySpan<byte> stored, ReadOnlySpan<float> values, long firstRow)
    {
        var type = source.Tensor.Type;
        if (type.IsFloat() || type.Size() < sizeof(int) || values.IndexOfAnyExceptInRange(1 - LargestExact, LargestExact - 1) is not (>= 0 and var wrong))
            return;
        var exact = new long[1];
        var (row, at) = Math.DivRem(wrong, source.Elements);
        Elements.ToInt64(stored.Slice(wrong * type.Size(), type.Size()), type, exact);
        var part = source.PartAt(ref at);
        throw new InputException(
            "A whole number of an input is too large: samples are float32, which holds no more than 24 bits of it.",
            $"{source.Tensor.Path}, sample {firstRow + row}, input '{part.Name}'{(part.Elements > 1 ? $", position {at}" : "")}", $"{exact[0]}", $"below {LargestExact} (2^24)",
            "number what it stands for anew, or store amounts as floats");
    }
}
