using System.Diagnostics;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Progress;
using OnnxKd.Pipeline.Terminal;

namespace OnnxKd.Pipeline.Stages;

/// <summary>Runs stages in folders that are named after their inputs, so that nothing is done twice and nothing is overwritten.</summary>
/// <param name="runFolder">The run's folder, which holds the stages.</param>
/// <param name="reporter">Told what happens.</param>
/// <param name="results">Where links go; <c>null</c>: the run's folder.</param>
internal sealed class StageRunner(string runFolder, StageReporter reporter, string? results = null)
{
    private const int KeyLength = 8;

    /// <summary>Told what happens.</summary>
    public StageReporter Reporter => reporter;

    /// <summary>The folder of a stage.</summary>
    public string FolderOf(string name, StageInputs inputs) => Path.Combine(runFolder, $"{name}-{inputs.Key[..KeyLength]}");

    /// <summary>Puts a link to a stage's file, which need not exist yet, where other tools look for it.</summary>
    /// <param name="link">The link within the folder of results; another one of that name is replaced.</param>
    /// <param name="target">The file.</param>
    public void Link(string link, string target)
    {
        var file = new FileInfo(Path.Combine(results ?? runFolder, link));
        var relative = Path.GetRelativePath(file.DirectoryName!, target);
        if (file.LinkTarget == relative)
            return;
        Directory.CreateDirectory(file.DirectoryName!);
        file.Delete();
        file.CreateAsSymbolicLink(relative);
    }

    /// <summary>Runs a stage, or finds it finished. An interrupted stage is called again in its folder and goes on by itself.</summary>
    /// <param name="name">The stage's name.</param>
    /// <param name="inputs">What decides its result.</param>
    /// <param name="versions">Versions of the libraries that run in it; asked for when it has run.</param>
    /// <param name="work">Does the work in the folder.</param>
    /// <returns>The stage's folder.</returns>
    /// <exception cref="CheckFailedException">A finished stage's files were changed.</exception>
    public string Run(
        string name, StageInputs inputs, Func<IReadOnlyDictionary<string, string>> versions, Action<string, IProgress<StageProgress>> work)
    {
        var folder = FolderOf(name, inputs);
        if (StageRecord.Find(folder) is { } finished)
        {
            finished.RequireOutputs(folder);
            reporter.Reused(name, folder);
            return folder;
        }

        Directory.CreateDirectory(folder);
        var start = Stopwatch.GetTimestamp();
        using var span = Profile.Start(name);
        reporter.Started(name, folder);
        work(folder, reporter);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        new StageRecord(name, inputs.Key, inputs.Values, StageRecord.Describe(folder), versions(), Math.Round(seconds, 3)).Write(folder);
        reporter.Finished(name, seconds);
        return folder;
    }
}
