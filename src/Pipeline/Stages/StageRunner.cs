using System.Diagnostics;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Progress;
using OnnxKd.Pipeline.Terminal;

namespace OnnxKd.Pipeline.Stages;

/// <summary>Runs stages in folders that are named after their inputs, so that nothing is done twice and nothing is overwritten.</summary>
/// <param name="runFolder">The run's folder.</param>
/// <param name="reporter">Told what happens.</param>
internal sealed class StageRunner(string runFolder, StageReporter reporter)
{
    private const int KeyLength = 8;

    /// <summary>Told what happens.</summary>
    public StageReporter Reporter => reporter;

    /// <summary>Runs a stage, or finds it finished. An interrupted stage is called again in the same folder and goes on by itself.</summary>
    /// <param name="name">The stage's name.</param>
    /// <param name="inputs">What decides its result.</param>
    /// <param name="versions">Versions of the libraries that run in it; asked for when it has run.</param>
    /// <param name="work">Does the work in the folder.</param>
    /// <returns>The stage's folder.</returns>
    /// <exception cref="CheckFailedException">A finished stage's files were changed.</exception>
    public string Run(
        string name, StageInputs inputs, Func<IReadOnlyDictionary<string, string>> versions, Action<string, IProgress<StageProgress>> work)
    {
        var key = inputs.Key;
        var folder = Path.Combine(runFolder, $"{name}-{key[..KeyLength]}");
        if (StageRecord.Find(folder) is { } finished)
        {
            finished.RequireOutputs(folder);
            reporter.Reused(name, folder);
            return folder;
        }

        Directory.CreateDirectory(folder);
        var start = Stopwatch.GetTimestamp();
        reporter.Started(name, folder);
        work(folder, reporter);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        new StageRecord(name, key, inputs.Values, StageRecord.Describe(folder), versions(), Math.Round(seconds, 3)).Write(folder);
        reporter.Finished(name, seconds);
        return folder;
    }
}
