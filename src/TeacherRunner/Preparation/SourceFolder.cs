using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;

namespace OnnxKd.TeacherRunner.Preparation;

/// <summary>The files of a folder that samples are made from, and their classes: one class per folder, or none.</summary>
/// <param name="Files">Paths within the folder with '/' between folders, in the order of their characters' codes.</param>
/// <param name="Classes">The names of the classes in the order of their indices; <c>null</c> without classes.</param>
/// <param name="PassedOver">How many files of each other ending there are: <c>.webp</c>.</param>
internal sealed record SourceFolder(IReadOnlyList<string> Files, IReadOnlyList<string>? Classes, IReadOnlyDictionary<string, int> PassedOver)
{
    /// <summary>Lists a folder. Files and folders whose names begin with a dot are passed over; so are files of other kinds, which are counted.</summary>
    /// <param name="root">The folder.</param>
    /// <param name="kind">What is looked for, in the plural, for messages.</param>
    /// <param name="extensions">The endings that count, in lower case with the dot.</param>
    /// <param name="unlabelled">Whether folders are not classes even though they could be.</param>
    /// <param name="classes">The classes in the order of their indices; <c>null</c>: the folders on the first level, in the order of their names.</param>
    /// <exception cref="InputException">The folder is missing or has none, or its folders do not tell the classes.</exception>
    public static SourceFolder List(string root, string kind, IReadOnlyList<string> extensions, bool unlabelled, IReadOnlyList<string>? classes)
    {
        if (!Directory.Exists(root))
            throw new InputException("A folder of sources is missing.", root, remedy: "check the path");
        if (unlabelled && classes is not null)
            throw new InputException("Sources without labels have no classes.", root, "--unlabelled and --classes", "one of the two", "remove one");
        var all = FolderWalk.Files(root).ToLookup(file => extensions.Contains(EndingOf(file)));
        var others = new SortedDictionary<string, int>(all[false].CountBy(EndingOf).ToDictionary(), StringComparer.Ordinal);
        string[] files = [.. all[true].Select(file => Path.GetRelativePath(root, file).Replace(Path.DirectorySeparatorChar, '/')).Order(StringComparer.Ordinal)];
        if (files.Length == 0)
            throw new InputException(
                $"A folder holds no {kind}.", root, others.Count == 0 ? null : Describe(others), $"files that end in {string.Join(", ", extensions)}",
                others.Count == 0 ? "check the path" : "check the path, or convert them");
        return new(files, unlabelled || !AreInFolders(root, files, classes) ? null : ClassFolders.Find(root, kind, files.Select(file => ClassOf(file)!).ToHashSet(), classes), others);
    }

    /// <summary>How many files of which endings: <c>2 .txt, 1 .webp</c>.</summary>
    public static string Describe(IReadOnlyDictionary<string, int> endings) =>
        string.Join(", ", endings.Select(ending => $"{ending.Value} {(ending.Key.Length == 0 ? "without an ending" : ending.Key)}"));

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

    private readonly Lazy<IReadOnlyDictionary<string, int>> indices = new(() => ClassNames.Places(Classes ?? []));

    private static string EndingOf(string file) => Path.GetExtension(file).ToLowerInvariant();

    private static string? ClassOf(string file) => file.IndexOf('/') is > 0 and var end ? file[..end] : null;

    private static bool AreInFolders(string root, string[] files, IReadOnlyList<string>? classes)
    {
        if (Array.Find(files, file => ClassOf(file) is null) is not { } loose)
            return true;
        if (Array.Find(files, file => ClassOf(file) is not null) is { } inFolder)
            throw new InputException(
                "Some files lie in folders, which would be their classes, and some do not.", root, $"{inFolder}, but also {loose}",
                "all in one folder per class, or none", "sort them into folders, or say --unlabelled");
        return classes is null ? false : throw new InputException("Classes are given, and files lie in no folders, which would be theirs.", root, loose, "one folder per class", "remove --classes");
    }
}
