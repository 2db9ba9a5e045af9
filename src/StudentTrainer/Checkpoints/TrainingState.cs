using OnnxKd.Core.Errors;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Training;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Checkpoints;

/// <summary>How far a training has come, and its checkpoints.</summary>
/// <param name="team">The learners, ready to start; they outlive the state.</param>
/// <param name="folder">Where checkpoints are.</param>
/// <param name="identity">Of <see cref="TrainingIdentity.Describe"/>.</param>
/// <param name="bestEpoch">The epoch, counted from 1, after which a learner was best so far; <c>null</c>: the best weights are not wanted.</param>
internal sealed class TrainingState(Team team, string folder, string identity, Func<Learner, int?> bestEpoch)
{
    private readonly CheckpointPace pace = new(TimeProvider.System);
    private (int Epoch, int Step)? saved;
    private Dictionary<Learner, int?> savedBest = [];

    /// <summary>Finished epochs.</summary>
    public int Epoch { get; private set; }

    /// <summary>Finished steps of the current epoch.</summary>
    public int Step { get; private set; }

    /// <summary>Goes on from the last checkpoint, if there is one.</summary>
    public void Resume()
    {
        var path = Path.Combine(folder, Checkpoint.Last);
        if (!File.Exists(path))
            return;
        var (position, history) = Checkpoint.Load(path, Everything(), identity);
        (Epoch, Step) = (position.Epoch, position.Step);
        foreach (var (learner, sums) in team.Learners.Zip(position.LossSums))
        {
            learner.Losses.Restart(sums, position.Samples);
            learner.History.AddRange(history.Where(figures => figures.Learner is null || figures.Learner == learner.Name));
        }

        EventLog.Write(folder, History()); // which is not flushed: after a power cut it may be empty
        saved = (Epoch, Step);
        savedBest = BestEpochs();
    }

    /// <summary>Ends a step.</summary>
    /// <param name="rows">The rows of its batch.</param>
    /// <param name="parts">For each learner the loss, then each term.</param>
    /// <returns>Whether the losses are up to date.</returns>
    public bool Advance(ReadOnlyMemory<long> rows, IReadOnlyList<Tensor> parts)
    {
        var upToDate = true;
        for (var i = 0; i < parts.Count; i++)
            upToDate &= team.Learners[i].Losses.Add(Epoch, Step, rows, parts[i]);
        Step++;
        return upToDate;
    }

    /// <summary>Brings the losses up to date and makes sure that there is nothing in the state that a checkpoint must not keep.</summary>
    /// <exception cref="CheckFailedException">A loss or a weight is NaN or infinite.</exception>
    public void RequireFinite()
    {
        foreach (var learner in team.Learners)
            learner.Losses.Flush();
        using var scope = NewDisposeScope();
        foreach (var (name, tensor) in Everything())
        {
            if (!tensor.isfinite().all().item<bool>())
                throw new CheckFailedException(
                    "Training diverged: a gradient made a weight infinite or not a number.",
                    where: $"epoch {Epoch + 1}, at or before step {Step}, tensor '{name}'",
                    remedy: "lower the learning rate, add warm-up or clip the gradient; the last good checkpoint is kept");
        }
    }

    /// <summary>Ends the epoch.</summary>
    public void CompleteEpoch()
    {
        Epoch++;
        Step = 0;
        foreach (var learner in team.Learners)
            learner.Losses.Restart();
    }

    /// <summary>Writes the events, and the last checkpoint if it is time for one.</summary>
    public void SaveEpoch()
    {
        if (pace.IsDue)
            SaveLast();
        else
            EventLog.Write(folder, History());
    }

    /// <summary>Writes the last checkpoint, and the events that go with it, unless that was done.</summary>
    public void SaveLast()
    {
        if (saved == (Epoch, Step))
            return;
        pace.Save(() => Checkpoint.Save(Path.Combine(folder, Checkpoint.Last), Everything(), identity, Position, History()));
        EventLog.Write(folder, History());
        saved = (Epoch, Step);
        savedBest = BestEpochs();
        foreach (var learner in team.Learners)
            RemoveOtherBests(learner);
    }

    /// <summary>Writes the last checkpoint, and the events for good.</summary>
    public void Finish()
    {
        SaveLast();
        EventLog.Write(folder, History(), isDerived: false);
    }

    /// <summary>
    /// Writes the evaluated weights of each learner that is better than after all epochs before. Those that the last checkpoint counts as the best stay beside them: a
    /// run that is killed before the next checkpoint repeats epochs, and on another device it may find others best.
    /// </summary>
    public void SaveBest()
    {
        foreach (var learner in team.Learners.Where(learner => bestEpoch(learner) == Epoch))
        {
            Checkpoint.Save(BestOf(learner, Epoch), learner.Result, identity, Position, learner.History);
            RemoveOtherBests(learner);
        }
    }

    /// <summary>Writes the evaluated weights of all learners as they are after this epoch; before the last checkpoint, as the best ones are.</summary>
    public void SaveMilestone()
    {
        foreach (var learner in team.Learners)
            Checkpoint.Save(MilestoneOf(learner, Epoch), learner.Result, identity, Position, learner.History);
    }

    /// <summary>Puts the weights of a milestone in the place of the evaluated ones.</summary>
    public void LoadMilestone(Learner learner, int epoch) => Checkpoint.Load(MilestoneOf(learner, epoch), learner.Result, identity);

    /// <summary>Puts the best weights in the place of the evaluated ones.</summary>
    public void LoadBest()
    {
        foreach (var learner in team.Learners)
            Checkpoint.Load(BestOf(learner, bestEpoch(learner)!.Value), learner.Result, identity);
    }

    private TrainingPosition Position => new(
        Epoch, Step, [.. team.Learners.Select(learner => learner.Losses.Sums)], team.Learners[0].Losses.Samples);

    private string BestOf(Learner learner, int epoch) => PathOf(learner, $"best-{epoch}");

    private string MilestoneOf(Learner learner, int epoch) => PathOf(learner, $"epoch-{epoch}");

    private string PathOf(Learner learner, string name) => Path.Combine(folder, $"{(team.Learners.Count == 1 ? "" : $"{learner.Name}.")}{name}.safetensors");

    private Dictionary<Learner, int?> BestEpochs() => team.Learners.ToDictionary(learner => learner, bestEpoch);

    private void RemoveOtherBests(Learner learner)
    {
        var kept = new[] { bestEpoch(learner), savedBest.GetValueOrDefault(learner) }.OfType<int>().Select(epoch => BestOf(learner, epoch)).ToArray();
        foreach (var path in Directory.EnumerateFiles(folder, Path.GetFileName(PathOf(learner, "best-*"))))
            if (!kept.Contains(path))
                File.Delete(path);
    }

    /// <summary>The figures of all learners, epoch by epoch.</summary>
    private IEnumerable<EpochEvent> History() =>
        Enumerable.Range(0, team.Learners[0].History.Count).SelectMany(epoch => team.Learners.Select(learner => learner.History[epoch]));

    private List<NamedTensor> Everything() =>
    [
        .. team.Learners.SelectMany(learner => learner.State.Select(part =>
            team.Learners.Count == 1 ? part : part with { Name = $"{learner.Name}/{part.Name}" })),
    ];
}
