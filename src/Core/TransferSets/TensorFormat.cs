using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;

namespace OnnxKd.Core.TransferSets;

/// <summary>A file format that a set can come in.</summary>
/// <param name="Name">For people.</param>
/// <param name="HasNames">Whether the content has names to choose by.</param>
/// <param name="Matches">Tells the format from the first bytes and the length.</param>
/// <param name="Open">Finds the wanted tensor.</param>
/// <param name="LengthOf">The length of a file, from its beginning; <c>null</c> where the format does not declare it there.</param>
internal sealed record TensorFormat(
    string Name, bool HasNames, Func<byte[], long, bool> Matches, Func<SourceFile, TensorRequest, TensorFile> Open,
    Func<SourceFile, long?>? LengthOf = null)
{
    /// <summary>Every format; the first that matches is taken.</summary>
    private static readonly TensorFormat[] All =
    [
        new("NPY", false, (head, _) => NpyFormat.Matches(head), (file, _) => NpyFormat.Open(file), NpyFormat.LengthOf),
        new("NPZ", true, (head, _) => NpzFormat.Matches(head), NpzFormat.Open),
        new("safetensors", true, SafetensorsFormat.Matches, SafetensorsFormat.Open),
        new("IDX", false, (head, _) => IdxFormat.Matches(head), (file, _) => IdxFormat.Open(file), IdxFormat.LengthOf),
        new("Parquet", true, (head, _) => ParquetTable.Matches(head), (file, request) => TableFormat.Open(new ParquetTable(file, request.Options.Table), request)),
        new("Arrow", true, (head, _) => ArrowTable.Matches(head), (file, request) => TableFormat.Open(new ArrowTable(file, request.Options.Table), request)),
        new("CSV", true, (head, _) => CsvTable.Matches(head), (file, request) => TableFormat.Open(new CsvTable(file, request.Options.Table), request)),
    ];

    /// <summary>Opens the file of a request, whatever its format, or all files that it stands for.</summary>
    /// <exception cref="InputException">Missing, damaged, of no known format, or of several some do not fit together.</exception>
    public static StoredTensor OpenAny(TensorRequest request) => FilePattern.Is(request.Path)
        ? JoinedTensor.Open(request.Path, FilePattern.Expand(request.Path).Select(file => OpenOne(request.Of(file))))
        : OpenOne(request);

    private static TensorFile OpenOne(TensorRequest request)
    {
        Unprepared.RefuseFolder(request.Path);
        var file = SourceFile.Open(request.Path, beginning => Find(beginning)?.LengthOf?.Invoke(beginning));
        TensorFile? tensor = null;
        try
        {
            var format = Find(file) ?? throw new InputException(
                "The format of a data file is not known.",
                where: request.Path,
                found: $"it begins with {Convert.ToHexStringLower(file.Head.AsSpan(0, Math.Min(8, file.Head.Length)))} (hexadecimal)",
                expected: $"{string.Join(", ", All.Select(f => f.Name))}, or one of them gzipped",
                remedy: Unprepared.RemedyOf(file.Head));
            if (request.Key is not null && !format.HasNames)
                throw new InputException(
                    $"A key is given, but {format.Name} files hold one tensor without a name.",
                    where: request.Path,
                    found: $"key '{request.Key}'",
                    remedy: "remove the key");
            return tensor = format.Open(file, request);
        }
        finally
        {
            if (tensor?.File != file)
                file.Dispose();
        }
    }

    private static TensorFormat? Find(SourceFile file) => Array.Find(All, format => format.Matches(file.Head, file.Length));
}
