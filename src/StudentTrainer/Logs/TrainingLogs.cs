using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Training;

namespace OnnxKd.StudentTrainer.Logs;

/// <summary>Who else is told how a training goes. Nothing of it can change the training, or end it.</summary>
public sealed record TrainingLogs
{
    /// <summary>Event files in the training's folder; <c>null</c>: none.</summary>
    public TensorBoardOptions? TensorBoard { get; init; }

    /// <summary>Told each epoch's figures, once, as soon as they are in <c>events.jsonl</c>; it returns at once and throws nothing.</summary>
    public Action<EpochEvent>? Epoch { get; init; }

    /// <summary>Told what could not be written.</summary>
    public Action<string> Warn { get; init; } = _ => { };

    /// <summary>Those that listen to a training.</summary>
    /// <param name="folder">The training's.</param>
    internal IReadOnlyList<IEpochListener> Listeners(string folder)
    {
        var listeners = new List<IEpochListener>();
        if (TensorBoard is { } options)
            listeners.Add(new TensorBoardLog(Path.Combine(folder, TensorBoardOptions.FolderName), options, Warn));
        if (Epoch is { } told)
            listeners.Add(new EpochTeller(told));
        return listeners;
    }

    private sealed class EpochTeller(Action<EpochEvent> told) : IEpochListener
    {
        public void Begin(Team team)
        {
        }

        public void Complete(Team team)
        {
            foreach (var learner in team.Learners)
                told(learner.History[^1]);
        }
    }
}

/// <summary>Told about the epochs of a training.</summary>
internal interface IEpochListener
{
    /// <summary>The training begins, or goes on: the learners' histories hold the epochs before.</summary>
    void Begin(Team team);

    /// <summary>An epoch is done, the last of the histories.</summary>
    void Complete(Team team);
}
