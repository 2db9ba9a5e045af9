using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Progress;
using OnnxKd.StudentTrainer.Checkpoints;
using OnnxKd.StudentTrainer.Export;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Logs;
using OnnxKd.StudentTrainer.Training;

namespace OnnxKd.StudentTrainer.Loop;

/// <summary>Trains students.</summary>
public static class Trainer
{
    /// <summary>
    /// Trains, or goes on with an interrupted training in the same folder (checkpoints <c>last.safetensors</c>,
    /// <c>best.safetensors</c>).
    /// </summary>
    /// <param name="learners">The students, and what each minimises; one, or several that learn side by side.</param>
    /// <param name="data">What they learn from.</param>
    /// <param name="options">The settings.</param>
    /// <param name="folder">Where checkpoints and <c>events.jsonl</c> go; created if need be.</param>
    /// <param name="progress">Told about epochs, several times in each.</param>
    /// <param name="token">Saves a checkpoint and throws <see cref="OperationCanceledException"/>.</param>
    /// <param name="logs">Who else is told how it goes.</param>
    /// <exception cref="InputException">Settings, data, objectives and students do not fit one another.</exception>
    /// <exception cref="UnsupportedModelException">A student uses something that cannot be trained.</exception>
    /// <exception cref="CheckFailedException">
    /// The cache or a checkpoint in the folder was made from something else; or the training diverged.
    /// </exception>
    public static TrainingResult Train(
        IReadOnlyList<LearnerOptions> learners, TrainingData data, TrainingOptions options, string folder,
        IProgress<StageProgress>? progress, CancellationToken token, TrainingLogs? logs = null) =>
        Run(learners, data, options, folder, options.Epochs, progress, token, logs, (room, state) =>
        {
            if (options.Keep == "best")
                state.LoadBest();
            var trained = room.Team.Learners.Select(learner => new TrainedStudent(learner.Name, StudentExport.WriteBack(learner.Graph, learner.Evaluated), learner.History)).ToArray();
            return new TrainingResult(
                [.. room.Team.Learners.Zip(trained, (learner, student) => student with { Milestones = Milestones(learner, options, state) })], room.Device.ToString());
        });

    /// <summary>
    /// Trains as <see cref="Train"/> does, but no further than an epoch: the checkpoint goes on from there. What was trained further before stays so.
    /// </summary>
    /// <inheritdoc cref="Train"/>
    /// <param name="learners">The students, and what each minimises.</param>
    /// <param name="data">What they learn from.</param>
    /// <param name="options">The settings; schedules go over all their epochs.</param>
    /// <param name="folder">Where checkpoints and <c>events.jsonl</c> go.</param>
    /// <param name="epoch">How many epochs will be done.</param>
    /// <param name="progress">Told about epochs.</param>
    /// <param name="token">Saves a checkpoint and throws <see cref="OperationCanceledException"/>.</param>
    /// <param name="logs">Who else is told how it goes.</param>
    /// <returns>The figures of each epoch of the first student.</returns>
    public static IReadOnlyList<EpochEvent> TrainUntil(
        IReadOnlyList<LearnerOptions> learners, TrainingData data, TrainingOptions options, string folder, int epoch,
        IProgress<StageProgress>? progress, CancellationToken token, TrainingLogs? logs = null) =>
        Run(learners, data, options, folder, Math.Min(epoch, options.Epochs), progress, token, logs, (room, _) => room.Team.Learners[0].History.ToArray());

    private static T Run<T>(
        IReadOnlyList<LearnerOptions> learners, TrainingData data, TrainingOptions options, string folder, int epochs,
        IProgress<StageProgress>? progress, CancellationToken token, TrainingLogs? logs, Func<Classroom, TrainingState, T> result)
    {
        if (options.Optimizer.LearningRate is null)
            options = options.WithRate(RangeTest.Find(learners, data, options, progress, token).LearningRate);
        using var room = Classroom.Open(learners, data, options);
        var (team, device) = (room.Team, room.Device);
        using var watch = CollapseWatch.Open(data, options, device);
        using var evaluation = TeamEvaluation.Open(team, data, options, device);

        Directory.CreateDirectory(folder);
        var state = new TrainingState(team, folder, TrainingIdentity.Describe(learners, data, options));
        state.Resume();
        var listeners = logs?.Listeners(folder) ?? [];
        foreach (var listener in listeners)
            listener.Begin(team);
        new TrainingLoop(team, room.Batches, options, state, evaluation, watch, listeners, progress).Run(epochs, token);
        return result(room, state);
    }

    /// <summary>The models that were kept on the way. The learner's own weights are lost.</summary>
    private static Dictionary<int, OnnxModel> Milestones(Learner learner, TrainingOptions options, TrainingState state) =>
        (options.Milestones ?? []).ToDictionary(epoch => epoch, epoch =>
        {
            state.LoadMilestone(learner, epoch);
            return StudentExport.WriteBack(learner.Graph, learner.Evaluated);
        });
}
