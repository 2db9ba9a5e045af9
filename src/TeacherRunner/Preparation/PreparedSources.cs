using OnnxKd.Core.Files;
using OnnxKd.Core.Text;

namespace OnnxKd.TeacherRunner.Preparation;

/// <summary>What a sample of a prepared set was made from.</summary>
/// <param name="Source">A file, or a line of one.</param>
/// <param name="Text">What is written there; <c>null</c>: nothing, or it is not known.</param>
public sealed record PreparedSource(string Source, string? Text);

/// <summary>Looks samples up in the set that they were prepared in.</summary>
public static class PreparedSources
{
    /// <summary>The prepared set that a file of samples belongs to; <c>null</c>: to none.</summary>
    public static PreparedSet? SetOf(string samples)
    {
        var manifest = InFolderOf(samples, PreparedSet.ManifestFile);
        return Path.GetFileName(samples) == PreparedSet.SamplesFile && File.Exists(manifest)
            ? CanonicalJson.Deserialize<PreparedSet>(InputFile.ReadAllBytes(manifest, "The record of a prepared set"), manifest)
            : null;
    }

    /// <summary>What some samples were made from, by their ids.</summary>
    /// <param name="samples">The file of samples of a prepared set.</param>
    /// <param name="ids">The ids.</param>
    public static IReadOnlyDictionary<long, PreparedSource> Find(string samples, IReadOnlySet<long> ids) =>
        File.ReadLines(InFolderOf(samples, PreparedSet.SourcesFile)).Select(SourceLine.Parse)
            .Where(line => line.Id is { } id && ids.Contains(id)).Take(ids.Count)
            .ToDictionary(line => line.Id!.Value, line => new PreparedSource(line.Source, line.Text));

    private static string InFolderOf(string samples, string file) => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(samples))!, file);
}
