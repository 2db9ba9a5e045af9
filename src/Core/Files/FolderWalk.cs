using OnnxKd.Core.Errors;

namespace OnnxKd.Core.Files;

/// <summary>Lists a folder and those within it, links to folders included; one that leads back to where it lies is an error.</summary>
internal static class FolderWalk
{
    private const int DeepestLevel = 64;

    private static readonly EnumerationOptions visible = new()
    {
        AttributesToSkip = FileAttributes.Hidden | FileAttributes.System, IgnoreInaccessible = false,
    };

    // What macOS puts into archives, and Synology into shared folders: other files of the same names.
    private static readonly HashSet<string> strange = ["__MACOSX", "@eaDir"];

    /// <summary>The files, in no particular order. What begins with a dot is passed over, and so are folders that systems keep for themselves.</summary>
    /// <exception cref="InputException">A link leads back, folders are too deep, or one may not be read.</exception>
    public static IEnumerable<string> Files(string root) => Files(root, [Path.TrimEndingDirectorySeparator(Path.GetFullPath(root))]);

    /// <summary>The names of the folders on the first level, in no particular order.</summary>
    public static IEnumerable<string> Folders(string root) => Directory.EnumerateDirectories(root, "*", visible).Select(folder => Path.GetFileName(folder)).Where(name => !strange.Contains(name));

    private static IEnumerable<string> Files(string folder, IReadOnlyList<string> above)
    {
        FileSystemInfo[] entries;
        try
        {
            entries = [.. new DirectoryInfo(folder).EnumerateFileSystemInfos("*", visible)];
        }
        catch (Exception error) when (error is UnauthorizedAccessException or IOException)
        {
            throw new InputException("A folder of sources may not be read.", folder, error.Message, inner: error);
        }
        foreach (var entry in entries)
        {
            var path = Path.Combine(folder, entry.Name);
            if (FileStatus.Of(path).Kind != FileKind.Folder)
            {
                yield return path;
                continue;
            }
            if (strange.Contains(entry.Name))
                continue;
            var real = RealPath(path, above[^1]);
            if (above.Contains(real) || above.Count == DeepestLevel)
                throw new InputException(
                    "A folder leads back to one that it lies in, or folders are too deep.", path,
                    entry.LinkTarget is { } target ? $"a link to {target}" : $"level {above.Count}", $"at most {DeepestLevel} levels",
                    "remove the link, or name another folder");
            foreach (var file in Files(path, [.. above, real]))
                yield return file;
        }
    }

    private static string RealPath(string path, string parent)
    {
        try
        {
            return Path.TrimEndingDirectorySeparator(
                Directory.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? Path.Combine(parent, Path.GetFileName(path)));
        }
        catch (IOException error)
        {
            throw new InputException("A link cannot be followed.", path, error.Message, remedy: "remove it", inner: error);
        }
    }
}
