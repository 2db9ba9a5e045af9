using Microsoft.Extensions.FileSystemGlobbing;
using OnnxKd.Core.Errors;

namespace OnnxKd.Core.Files;

/// <summary>A path that can stand for several files: <c>parts/*.npy</c>, or <c>**</c> for any folders between.</summary>
internal static class FilePattern
{
    private static readonly char[] Wildcards = ['*', '?'];

    /// <summary>Whether a path stands for all files that match it: it holds a wildcard, and no file is called so.</summary>
    public static bool Is(string path) => path.IndexOfAny(Wildcards) >= 0 && !File.Exists(path);

    /// <summary>The files, in the ordinal order of their paths; a path without wildcards stands for itself, whether there is such a file or not.</summary>
    /// <param name="path">A full path, or one from the current folder.</param>
    /// <exception cref="InputException">None matches.</exception>
    public static IReadOnlyList<string> Expand(string path)
    {
        if (!Is(path))
            return [path];
        var full = Path.GetFullPath(path);
        var root = full[..full.LastIndexOf(Path.DirectorySeparatorChar, full.IndexOfAny(Wildcards))];
        var pattern = Path.GetRelativePath(root.Length == 0 ? "/" : root, full).Replace(Path.DirectorySeparatorChar, '/');
        if (pattern.Contains('?'))
            throw new InputException("A pattern of files holds a '?'.", path, expected: "'*' for part of a name, '**' for any folders", remedy: "write '*', or list fewer files");
        var found = Directory.Exists(root) ? new Matcher(StringComparison.Ordinal).AddInclude(pattern).GetResultsInFullPath(root).Order(StringComparer.Ordinal).ToArray() : [];
        return found.Length > 0 ? found : throw new InputException(
            "No file matches a pattern.", path, Directory.Exists(root) ? $"nothing of the kind in {root}" : $"no folder {root}", "at least one file",
            "check the path; in a shell, put the pattern between quotes");
    }
}
