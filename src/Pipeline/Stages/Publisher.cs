using System.Text.RegularExpressions;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Text;

namespace OnnxKd.Pipeline.Stages;

/// <summary>
/// Puts what stages made where users look for it, and never replaces what somebody else put there: the digests of all that it put in a folder
/// are kept beside it.
/// </summary>
/// <param name="results">Where files are put: the run's folder, or one within it.</param>
/// <param name="note">Told of links that cannot be put there, and of files that stay although no run makes them any more.</param>
internal sealed partial class Publisher(string results, Action<string>? note = null)
{
    private const string RecordName = ".published.json";
    private const string LinksFolder = "events";

    /// <summary>Checks that what is there now was put there by a run, before anything is done.</summary>
    /// <exception cref="CheckFailedException">A file was changed since.</exception>
    public void RequireOurs(IEnumerable<Stage> stages)
    {
        foreach (var publication in stages.SelectMany(stage => stage.Publications).Where(publication => !publication.IsLink))
            if (Path.Combine(results, publication.Target) is var target && File.Exists(target))
                RequireOurs(target);
    }

    /// <summary>Checks that a file is as a run put it there.</summary>
    /// <exception cref="CheckFailedException">It was changed since, or there is nothing beside it that could tell.</exception>
    public static void RequireOurs(string file)
    {
        var (digest, known) = (Hashing.Sha256OfFile(file), DigestsOf(file));
        if (!known.Contains(digest))
            throw new CheckFailedException(
                "A file is not as a run put it there.", file, $"SHA-256 {digest}",
                known.Count > 0 ? $"SHA-256 {known[^1]}" : $"its digest in {RecordName} beside it",
                "keep a copy under another name if you want it, delete it, and run the recipe again");
    }

    /// <summary>Puts links to files, which need not exist yet; other links of those names are replaced. Where something else is in the way it stays, and that is noted.</summary>
    public void Link(Stage stage, string folder)
    {
        foreach (var publication in stage.Publications.Where(publication => publication.IsLink))
        {
            var file = new FileInfo(Path.Combine(results, publication.Target));
            try
            {
                Link(file, Path.GetRelativePath(file.DirectoryName!, Path.Combine(folder, publication.File)));
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // A link is for whoever watches: no reason to stop.
                note?.Invoke($"{file.DirectoryName}: no links are put there, the files are in the folders of the stages ({error.Message.TrimEnd('.')})");
            }
        }
    }

    private static void Link(FileInfo file, string target)
    {
        if (file.LinkTarget == target)
            return;
        Directory.CreateDirectory(file.DirectoryName!);
        if (file.LinkTarget is null && Path.Exists(file.FullName))
            throw new IOException($"{file.Name} is there, and no link");
        file.Delete();
        file.CreateAsSymbolicLink(target);
    }

    /// <summary>Whether a file is as a run put it there.</summary>
    public static bool IsOurs(string file) => DigestsOf(file) is { Count: > 0 } known && known.Contains(Hashing.Sha256OfFile(file));

    /// <summary>Takes away the links of a stage that failed before it made what they lead to.</summary>
    public void UnlinkMissing(Stage stage)
    {
        foreach (var publication in stage.Publications.Where(publication => publication.IsLink))
            if (new FileInfo(Path.Combine(results, publication.Target)) is { LinkTarget: not null } link && !Path.Exists(link.ResolveLinkTarget(returnFinalTarget: true)?.FullName))
                Remove(link.FullName);
    }

    /// <summary>
    /// Takes away what runs put there and this one does not: models of stages that its recipe no longer has, and links to their events. What somebody changed stays, and is noted.
    /// </summary>
    /// <param name="stages">All stages of the run.</param>
    /// <param name="kept">Names of files that others than stages put there.</param>
    public void TakeAwayOthers(IEnumerable<Stage> stages, params IEnumerable<string> kept)
    {
        var made = stages.SelectMany(stage => stage.Publications).Select(publication => publication.Target).ToHashSet(StringComparer.Ordinal);
        var record = Read(results);
        var known = record.Count;
        foreach (var other in record.Keys.Where(target => !made.Contains(target)).Except(kept).ToArray())
        {
            TakeAway(other, "this run does not make it");
            if (!File.Exists(Path.Combine(results, other)))
                record.Remove(other);
        }
        if (record.Count < known)
            Write(record);
        if (Directory.Exists(Path.Combine(results, LinksFolder)))
            foreach (var link in Directory.EnumerateFileSystemEntries(Path.Combine(results, LinksFolder), "*", SearchOption.AllDirectories).Where(IsToAStage).ToArray())
                if (!made.Contains(Path.GetRelativePath(results, link).Replace('\\', '/')))
                    Remove(link);
    }

    /// <summary>Copies files of a finished stage; one that is the same already is left alone.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="result">What it made.</param>
    /// <param name="figures">Stages whose files tell of its files: those are taken away before one is replaced, since they are of what was there before.</param>
    public void Copy(Stage stage, StageResult result, params IEnumerable<Stage> figures)
    {
        foreach (var publication in stage.Publications.Where(publication => !publication.IsLink))
        {
            var (target, digest) = (Path.Combine(results, publication.Target), result.Record.Outputs[publication.File].Sha256);
            if (File.Exists(target) && Hashing.Sha256OfFile(target) == digest)
                continue;
            if (File.Exists(target) || Digests(results, publication.Target) is not [.., var last] || last != digest)
                foreach (var old in figures.SelectMany(later => later.Publications).Where(old => !old.IsLink))
                    TakeAway(old.Target, $"it tells of another {publication.Target}");
            Remember(publication.Target, digest);
            using var file = File.OpenRead(result[publication.File]);
            AtomicFile.Write(target, file.CopyTo);
        }
    }

    /// <summary>Writes a file that no stage made.</summary>
    public void Write(string file, string text)
    {
        Remember(file, Hashing.Sha256(text));
        AtomicFile.WriteAllText(Path.Combine(results, file), text);
    }

    private void TakeAway(string target, string why)
    {
        var file = Path.Combine(results, target);
        if (!File.Exists(file))
            return;
        if (IsOurs(file))
            Remove(file);
        else
            note?.Invoke($"{file} stays, as it was changed since a run put it there: {why}");
    }

    /// <summary>Removes a file, and its folder if that is empty then.</summary>
    private void Remove(string file)
    {
        File.Delete(file);
        for (var folder = Path.GetDirectoryName(file)!; folder != results && Directory.Exists(folder) && !Directory.EnumerateFileSystemEntries(folder).Any(); folder = Path.GetDirectoryName(folder)!)
            Directory.Delete(folder);
    }

    private static bool IsToAStage(string path) =>
        new FileInfo(path).LinkTarget is { } target && Path.GetDirectoryName(target) is { } folder && !Path.IsPathRooted(target) && StageFolder().IsMatch(folder);

    [GeneratedRegex(@"^(\.\.[/\\])+[^/\\]+-[0-9a-f]{8}$")]
    private static partial Regex StageFolder();

    // Before the file is written: a kill in between leaves the file before, which is known too.
    private void Remember(string target, string digest)
    {
        var record = Read(results);
        record[target] = [.. Digests(results, target).Where(known => known != digest), digest];
        Write(record);
    }

    private void Write(SortedDictionary<string, IReadOnlyList<string>> record) =>
        AtomicFile.WriteAllText(Path.Combine(results, RecordName), SealedJson.Serialize(new Published(record)));

    private static IReadOnlyList<string> DigestsOf(string file) => Digests(Path.GetDirectoryName(Path.GetFullPath(file))!, Path.GetFileName(file));

    private static IReadOnlyList<string> Digests(string folder, string target) => Read(folder).GetValueOrDefault(target, []);

    private static SortedDictionary<string, IReadOnlyList<string>> Read(string folder)
    {
        var path = Path.Combine(folder, RecordName);
        return File.Exists(path)
            ? SealedJson.Read<Published>(
                path, "The record of what runs put in a folder", "delete it and the files beside it that runs put there, and run the recipe again: stages keep what they made").Digests
            : new(StringComparer.Ordinal);
    }

    /// <summary>The content of the record.</summary>
    /// <param name="Digests">Of the files, by their names: SHA-256 of all that was put there, the last one last.</param>
    private sealed record Published(SortedDictionary<string, IReadOnlyList<string>> Digests);
}
