using OnnxKd.Core.Errors;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Reports;

namespace OnnxKd.Pipeline.Sweeps;

/// <summary>The runs in a folder of runs, or in that of a sweep that is not finished.</summary>
internal static class RunsWithin
{
    private const int MostNamed = 20;

    /// <summary>Those that can be compared; empty: there are none.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="note">Told of what is there besides.</param>
    /// <exception cref="InputException">They were measured on different data; lists them.</exception>
    public static IReadOnlyList<RunFolder> Find(string folder, Action<string> note)
    {
        if (!Directory.Exists(folder))
            return [];
        string[] all = [.. Directory.GetDirectories(folder).Order(StringComparer.Ordinal)];
        RunFolder[] runs = [.. all.Where(RunFolder.IsOne).Select(RunFolder.Read)];
        string[] sweeps = [.. all.Where(inner => File.Exists(Path.Combine(inner, SweepMetrics.FileName)))];
        if (runs.Length == 0 && Directory.Exists(Path.Combine(folder, Sweep.FolderName)))
            return Find(Path.Combine(folder, Sweep.FolderName), note);
        var sets = runs.Where(run => run.Metrics is not null).GroupBy(run => run.Data is null ? "" : string.Join(' ', run.Data.OrderBy(entry => entry.Key, StringComparer.Ordinal))).ToArray();
        if (runs.Length > 0 && sets.Length < 2)
        {
            if (sweeps.Length > 0)
                note($"not shown: {(sweeps.Length == 1 ? "the sweep" : "the sweeps")} {List(sweeps)}; name one: onnxkd report {ShellWord.Of(sweeps[0])}");
            return runs;
        }
        return sets.Length == 0 && sweeps.Length == 0 ? [] : throw new InputException(
            sets.Length > 1 ? "A folder holds runs that were measured on different data." : "A folder holds sweeps alone.", folder,
            string.Join("; ", sets.Select(set => List(set.Select(run => run.Folder))).Append(sweeps.Length > 0 ? $"sweeps: {List(sweeps)}" : null).OfType<string>()),
            remedy: $"name those to compare: onnxkd report {string.Join(' ', (sets.MaxBy(set => set.Count())?.Select(run => run.Folder) ?? sweeps.Take(1)).Take(3).Select(ShellWord.Of))}");

        static string List(IEnumerable<string> folders) => Printable.Some([.. folders.Select(inner => Path.GetFileName(inner))], MostNamed);
    }
}
