namespace OnnxKd.Benchmarks.Support;

/// <summary>
/// The small files of finished runs that a page is made of. They are kept in the repository: a page can be made again, and what is missing be run,
/// where the runs themselves are not.
/// </summary>
internal static class RunRecords
{
    /// <summary>Copies them, in the folders they lie in.</summary>
    /// <param name="run">The folder of a finished run.</param>
    /// <param name="record">The folder to copy to; one that is there is replaced.</param>
    /// <param name="more">Further files, relative to the run.</param>
    public static void Keep(string run, string record, params IReadOnlyList<string> more)
    {
        if (Directory.Exists(record))
            Directory.Delete(record, recursive: true);
        string[] found = ["metrics.json", "sweep.json", .. InFolders(run, "test-*", "coverage.json"), .. InFolders(run, Path.Combine("sweep", "*"), "metrics.json"), .. more];
        foreach (var file in found.Where(file => File.Exists(Path.Combine(run, file))))
        {
            var copy = Path.Combine(record, file);
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(Path.Combine(run, file), copy);
        }
    }

    private static IEnumerable<string> InFolders(string run, string pattern, string file) =>
        Directory.Exists(Path.Combine(run, Path.GetDirectoryName(pattern)!))
            ? Directory.GetDirectories(run, pattern).Select(folder => Path.Combine(Path.GetRelativePath(run, folder), file))
            : [];
}
