using OnnxKd.Core.Files;
using OnnxKd.Core.LogitCaches;

namespace OnnxKd.TeacherRunner.Teachers;

/// <summary>A file with what a teacher said of each sample, or the folder of a logit cache.</summary>
/// <param name="Name">What it is called; <c>null</c>: the only one.</param>
/// <param name="Path">Where it is.</param>
public sealed record SignalPath(string? Name, string Path);

/// <summary>What a teacher said of a set, on disk: the answer, then features or further outputs.</summary>
/// <param name="Files">The files; the first holds the answer.</param>
/// <param name="Ids">A file with the id of the sample that each row is of; <c>null</c>: rows are in the order of the samples.</param>
public sealed record SignalFiles(IReadOnlyList<SignalPath> Files, string? Ids = null)
{
    /// <summary>The name of the file of ids among the others.</summary>
    public const string IdsName = "ids";

    internal const string Form = "a file, or signal: file pairs (and ids: which sample each row is of)";

    /// <summary>No file.</summary>
    public static SignalFiles None { get; } = new([]);

    /// <summary>Whether there are none.</summary>
    public bool AreNone => Files.Count == 0;

    /// <summary>The files' names, for people.</summary>
    public string Names => string.Join(" + ", Files.Select(file => Path.GetFileName(Path.TrimEndingDirectorySeparator(file.Path))));

    /// <summary>All paths.</summary>
    public IEnumerable<string> Paths => Files.Select(file => file.Path).Concat(Ids is null ? [] : [Ids]);

    /// <summary>SHA-256 (lower-case hex) of the only file, or over the digests of all.</summary>
    /// <exception cref="Core.Errors.InputException">One cannot be read.</exception>
    public string Digest() => Files is [{ } only] && Ids is null
        ? DigestOf(only.Path)
        : Hashing.Sha256(string.Concat(Files.Select(file => $"{file.Name} {DigestOf(file.Path)}\n")) + (Ids is null ? "" : $"{IdsName} {DigestOf(Ids)}\n"));

    /// <inheritdoc/>
    public override string ToString() => AreNone ? "none" : Names;

    /// <summary>Whether a path leads to the folder of a cache.</summary>
    internal static bool IsCache(string path) => Directory.Exists(path);

    private static string DigestOf(string path) => IsCache(path) ? LogitCache.DigestOf(path)
        : !FilePattern.Is(path) ? Hashing.Sha256OfFile(path)
        : Hashing.Sha256(string.Concat(FilePattern.Expand(path).Select(file => $"{Hashing.Sha256OfFile(file)}\n")));
}
