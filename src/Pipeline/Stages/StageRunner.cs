using System.Diagnostics;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Progress;
using OnnxKd.Pipeline.Terminal;
using OnnxKd.Pipeline.Tracking;

namespace OnnxKd.Pipeline.Stages;

/// <summary>Runs stages in folders that are named after their inputs, so that nothing is done twice and nothing is overwritten.</summary>
/// <param name="runFolder">The run's folder, which holds the stages.</param>
/// <param name="reporter">Told what happens.</param>
/// <param name="tracker">A server that is told of the run; <c>null</c>: none.</param>
/// <param name="sharesFolder">Whether other processes run stages in the folder too, so that one that both need is run by the first and awaited by the others.</param>
internal sealed class StageRunner(string runFolder, StageReporter reporter, MlflowRun? tracker = null, bool sharesFolder = false)
{
    private const int KeyLength = 8;
    private const string LocksName = ".stages";

    /// <summary>Told what happens.</summary>
    public StageReporter Reporter => reporter;

    /// <summary>The right to work in a stage's folder, once no other process does.</summary>
    public IDisposable? Enter(string folder, CancellationToken token) =>
        sharesFolder ? FolderLock.Acquire(Path.Combine(runFolder, LocksName, Path.GetFileName(folder)), TimeSpan.MaxValue, token) : null;

    /// <summary>The folder of a stage.</summary>
    public string FolderOf(Stage stage, StageInputs inputs) => Path.Combine(runFolder, $"{stage.FolderName}-{inputs.Key[..KeyLength]}");

    /// <summary>What a stage made before; <c>null</c> if it has not finished. Nothing is looked at but its record.</summary>
    /// <exception cref="CheckFailedException">The folder that it would have holds the result of other inputs.</exception>
    public StageResult? Find(Stage stage, StageResults results) => Find(stage, stage.Inputs(results), results);

    /// <summary>Runs a stage, or finds it finished. An interrupted stage is called again in its folder and goes on by itself.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="results">What the stages that it needs made; its own result is added.</param>
    /// <param name="started">Told the folder before the work begins.</param>
    /// <param name="token">Stops the work.</param>
    /// <exception cref="CheckFailedException">A finished stage's record or files were changed.</exception>
    public StageResult Run(Stage stage, StageResults results, Action<string> started, CancellationToken token)
    {
        var inputs = stage.Inputs(results);
        using var right = Enter(FolderOf(stage, inputs), token);
        if (Find(stage, inputs, results) is { } finished)
        {
            finished.Record.RequireOutputs(finished.Folder);
            reporter.Reused(stage.Name, finished.Folder);
            started(finished.Folder);
            return results[stage.Name] = finished;
        }

        var folder = Directory.CreateDirectory(FolderOf(stage, inputs)).FullName;
        var start = Stopwatch.GetTimestamp();
        using var span = Profile.Start(stage.Name);
        reporter.Started(stage.Name, folder);
        started(folder);
        try
        {
            stage.Run(new(folder, results, reporter, token, tracker));
        }
        catch
        {
            reporter.Broken();
            throw;
        }
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var record = new StageRecord(
            stage.Name, inputs.Key, inputs.Values, StageRecord.Describe(folder), stage.Versions(), Math.Round(seconds, 3)) { Machine = Machine.Description };
        record.Write(folder);
        reporter.Finished(stage.Name, seconds);
        return results[stage.Name] = new(folder, record);
    }

    private StageResult? Find(Stage stage, StageInputs inputs, StageResults results)
    {
        foreach (var accepted in stage.Alternatives(results).Prepend(inputs))
        {
            var folder = FolderOf(stage, accepted);
            if (StageRecord.Find(folder) is not { } record)
                continue;
            record.RequireInputs(accepted, folder);
            return new(folder, record);
        }
        return null;
    }
}
