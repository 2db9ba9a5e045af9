using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.TransferSets;

/// <summary>A file format that a set can come in.</summary>
/// <param name="Name">For people.</param>
/// <param name="Matches">Tells the format from the first bytes and the length.</param>
/// <param name="Open">Finds the wanted tensor.</param>
/// <param name="LengthOf">The length of a file, from its beginning; <c>null</c> where the format does not declare it there.</param>
internal sealed record TensorFormat(
    string Name, Func<byte[], long, bool> Matches, Func<SourceFile, TensorRequest, TensorFile> Open, Func<SourceFile, long?>? LengthOf = null)
{
    /// <summary>Every format; the first that matches is taken.</summary>
    private static readonly TensorFormat[] All =
    [
        new("NPY", (head, _) => NpyFormat.Matches(head), (file, request) => NpyFormat.Open(file, request.Part), NpyFormat.LengthOf),
        new("NPZ", (head, _) => NpzFormat.Matches(head), NpzFormat.Open) { Names = NpzFormat.Names },
        new("safetensors", SafetensorsFormat.Matches, SafetensorsFormat.Open) { Names = SafetensorsFormat.Names },
        new("IDX", (head, _) => IdxFormat.Matches(head), (file, _) => IdxFormat.Open(file), IdxFormat.LengthOf),
        OfTables("Parquet", (head, _) => ParquetTable.Matches(head), (file, options) => new ParquetTable(file, options)),
        OfTables("Arrow", (head, _) => ArrowTable.Matches(head), (file, options) => new ArrowTable(file, options)),
        OfTables("CSV", (head, _) => CsvTable.Matches(head), (file, options) => new CsvTable(file, options)),
    ];

    /// <summary>The names of a file's tensors; <c>null</c>: it holds one without a name, or is a table.</summary>
    private Func<SourceFile, IReadOnlyList<string>>? Names { get; init; }

    /// <summary>Opens a table; <c>null</c>: the format is none of tables.</summary>
    private Func<SourceFile, TableOptions, Table>? OpenTable { get; init; }

    private bool HasNames => Names is not null || OpenTable is not null;

    /// <summary>Opens the file of a request, whatever its format, or all files that it stands for.</summary>
    /// <exception cref="InputException">Missing, damaged, of no known format, or of several some do not fit together.</exception>
    public static StoredTensor OpenAny(TensorRequest request) => FilePattern.Is(request.Path)
        ? JoinedTensor.Open(request.Path, OpenAll(request))
        : OpenOne(request);

    /// <summary>Opens the files of a pattern one by one; what a point means, tables that leave it open take from those before them.</summary>
    private static IEnumerable<TensorFile> OpenAll(TensorRequest request)
    {
        foreach (var file in FilePattern.Expand(request.Path))
        {
            var opened = OpenOne(request.Of(file));
            if (request.Options.Table.AlikeDecimal is null && opened.Decimal is { } sign)
                request = request with { Options = request.Options with { Table = request.Options.Table with { AlikeDecimal = sign } } };
            yield return opened;
        }
    }

    /// <summary>The names of what a file holds: tensors, or columns; none: it holds one tensor without a name, or a table without names.</summary>
    /// <param name="path">The file, or a pattern for several, of which the first counts.</param>
    /// <param name="options">How a table is read.</param>
    /// <exception cref="InputException">Missing, damaged, or of no known format.</exception>
    public static (IReadOnlyList<string> Names, bool IsTable) NamesIn(string path, TableOptions options) =>
        With(FilePattern.Is(path) ? FilePattern.Expand(path).First() : path, (file, format) =>
        {
            using var table = format.OpenTable?.Invoke(file, options);
            return (table is null ? format.Names?.Invoke(file) ?? [] : table.Header ?? [], table is not null);
        });

    /// <summary>The texts that the labels in a table are.</summary>
    /// <param name="options">A set with labels.</param>
    /// <returns>None: they are numbers, or lie in no table.</returns>
    /// <exception cref="InputException">The file is missing or damaged, or there is no such column.</exception>
    public static IReadOnlyCollection<string> LabelTextsIn(TransferSetOptions options)
    {
        var request = new TensorRequest(options, SetPart.Labels);
        return FilePattern.Is(request.Path) ? [] : With(request.Path, (file, format) =>
        {
            using var table = format.OpenTable?.Invoke(file, options.Table);
            return table?.MoveNext() == true ? TextColumns.LabelsIn(table, TableColumns.Find(request, table)) ?? [] : (IReadOnlyCollection<string>)[];
        });
    }

    /// <summary>Opens named inputs of one file: a tensor of each, or of all columns of a table together.</summary>
    /// <param name="options">The file as samples, with the inputs that lie in it.</param>
    /// <param name="like">The layout of a set that this one belongs to; <c>null</c>: none.</param>
    /// <exception cref="InputException">One is not there.</exception>
    public static IReadOnlyList<(StoredTensor Tensor, IReadOnlyList<SamplePart> Parts)> OpenInputs(TransferSetOptions options, SampleShape? like)
    {
        var (request, inputs) = (new TensorRequest(options, SetPart.Samples), options.Inputs.All);
        if (With(FilePattern.Is(options.Samples) ? FilePattern.Expand(options.Samples).First() : options.Samples, (file, format) => format.OpenTable is null))
            return HasNamesIn(options) || inputs.Count == 1 || inputs.All(input => input.File is not null) ? [.. inputs.Select(OpenInput)] : [OpenColumns()];
        if (FilePattern.Is(options.Samples))
            throw new InputException("Columns of a table are inputs of their own, and a pattern names several tables.", options.Samples, expected: "one table", remedy: "join the tables into one file");
        return [With(options.Samples, (file, format) => TableInputs.Open(() => format.OpenTable!(file, options.Table), request, like))];

        (StoredTensor, IReadOnlyList<SamplePart>) OpenInput(InputSource input)
        {
            var tensor = OpenAny(request with { Options = options with { SamplesKey = HasNamesIn(options) ? input.Key ?? input.Name : input.Key } });
            return (tensor, [new(input.Name, tensor.Type, tensor.SampleShape)]);
        }

        (StoredTensor, IReadOnlyList<SamplePart>) OpenColumns()
        {
            var tensor = OpenAny(request);
            if (tensor.Shape is [_, var width] && width == inputs.Count)
                return (tensor, [.. inputs.Select(input => new SamplePart(input.Name, tensor.Type, []))]);
            tensor.Dispose();
            throw new InputException(
                "A file without names does not hold a column for each input.", tensor.Path, $"samples of shape {Shapes.Format(tensor.SampleShape)}",
                $"[{inputs.Count}], for {string.Join(", ", inputs.Select(input => input.Name))}", "name a file for each input: inputs: { NAME: FILE }");
        }
    }

    private static TensorFormat OfTables(string name, Func<byte[], long, bool> matches, Func<SourceFile, TableOptions, Table> open) =>
        new(name, matches, (file, request) => TableFormat.Open(open(file, request.Options.Table), request)) { OpenTable = open };

    private static bool HasNamesIn(TransferSetOptions options) =>
        With(FilePattern.Is(options.Samples) ? FilePattern.Expand(options.Samples).First() : options.Samples, (_, format) => format.HasNames);

    private static TensorFile OpenOne(TensorRequest request)
    {
        Unprepared.RefuseFolder(request.Path);
        return With(request.Path, (file, format) => request.Key is null || format.HasNames ? format.Open(file, request) : throw new InputException(
            $"A key is given, but {format.Name} files hold one tensor without a name.",
            where: request.Path,
            found: $"key '{request.Key}'",
            remedy: "remove the key"));
    }

    /// <summary>Opens a file for something, which may keep it: a tensor of the same bytes.</summary>
    private static T With<T>(string path, Func<SourceFile, TensorFormat, T> use)
    {
        var file = SourceFile.Open(path, beginning => Find(beginning)?.LengthOf?.Invoke(beginning));
        T? made = default;
        try
        {
            return made = use(file, Find(file) ?? throw new InputException(
                "The format of a data file is not known.",
                where: path,
                found: $"it begins with {Convert.ToHexStringLower(file.Head.AsSpan(0, Math.Min(8, file.Head.Length)))} (hexadecimal)",
                expected: $"{string.Join(", ", All.Select(f => f.Name))}, or one of them gzipped",
                remedy: Unprepared.RemedyOf(file.Head)));
        }
        finally
        {
            if ((made as TensorFile)?.File != file)
                file.Dispose();
        }
    }

    private static TensorFormat? Find(SourceFile file) => Array.Find(All, format => format.Matches(file.Head, file.Length));
}
