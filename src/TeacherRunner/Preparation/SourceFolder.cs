using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;

namespace OnnxKd.TeacherRunner.Preparation;

/// <summary>The files of a folder that samples are made from, and their classes: one class per folder, or none.</summary>
/// <param name="Files">Paths within the folder with '/' between folders, in the order of their characters' codes.</param>
/// <param name="Classes">The names of the folders on the first level, in the same order; <c>null</c> without classes.</param>
internal sealed record SourceFolder(IReadOnlyList<string> Files, IReadOnlyList<string>? Classes)
{
    /// <summary>Lists a folder. Files and folders whose names begin with a dot, and files of other kinds, are passed over.</summary>
    /// <param name="root">The folder.</param>
    /// <param name="kind">What is looked for, in the plural, for messages.</param>
    /// <param name="extensions">The endings that count, in lower case with the dot.</param>
    /// <param name="unlabelled">Whether folders are not classes even though they could be.</param>
    /// <exception cref="InputException">The folder is missing or has none, or some files lie in class folders and some do not.</exception>
    public static SourceFolder List(string root, string kind, IReadOnlyList<string> extensions, bool unlabelled)
    {
        if (!Directory.Exists(root))
            throw new InputException("A folder of sources is missing.", root, remedy: "check the path");
        string[] files =
        [
            .. FolderWalk.Files(root)
                .Where(file => extensions.Contains(Path.GetExtension(file).ToLowerInvariant()))
                .Select(file => Path.GetRelativePath(root, file).Replace(Path.DirectorySeparatorChar, '/'))
                .Order(StringComparer.Ordinal),
        ];
        if (files.Length == 0)
            throw new InputException(
                $"A folder holds no {kind}.", root, expected: $"files that end in {string.Join(", ", extensions)}",
                remedy: "check the path");
        return new(files, unlabelled ? null : ClassesOf(root, files));
    }

    /// <summary>The class of a file; <c>null</c> without classes.</summary>
    public long? LabelOf(string file) => Classes is null ? null : indices.Value[ClassOf(file)!];

    /// <summary>Differs when a file has changed.</summary>
    public static string StampOf(string path) =>
        new FileInfo(path) is { Exists: true } file ? $"{file.Length} {file.LastWriteTimeUtc.Ticks}" : "";

    /// <summary>Reads a file.</summary>
    /// <exception cref="InputException">It is empty, or the disk refuses.</exception>
    public static byte[] Read(string root, string file)
    {
        var path = Path.Combine(root, file);
        var bytes = InputFile.ReadAllBytes(path, "A file", ifMissing: SkipHint);
        return bytes.Length > 0 ? bytes : throw new InputException("A file is empty.", path, "0 bytes", remedy: SkipHint);
    }

    /// <summary>What can be done about a damaged file.</summary>
    public const string SkipHint = "repair or remove it, or leave out everything damaged with --skip-corrupt";

    private readonly Lazy<Dictionary<string, int>> indices = new(() => (Classes ?? []).Index().ToDictionary(c => c.Item, c => c.Index));

    private static string? ClassOf(string file) => file.IndexOf('/') is > 0 and var end ? file[..end] : null;

    private static string[]? ClassesOf(string root, string[] files)
    {
        var loose = Array.Find(files, file => ClassOf(file) is null);
        if (loose is null)
            return [.. files.Select(file => ClassOf(file)!).Distinct().Order(StringComparer.Ordinal)];
        return Array.Find(files, file => ClassOf(file) is not null) is not { } inFolder ? null : throw new InputException(
            "Some files lie in folders, which would be their classes, and some do not.", root, $"{inFolder}, but also {loose}",
            "all in one folder per class, or none", "sort them into folders, or say --unlabelled");
    }
}
