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
    /// Trains, or goes on with an interrupted training in the same folder (checkpoints <c>last.safetensors</c> and, to keep the best weights,
    /// <c>best-EPOCH.safetensors</c>).
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
        IProgress<StageProgress>? progress = null, CancellationToken token = default, TrainingLogs? logs = null)
    {
        Require(learners, data, options, folder);
        return new Request(learners, data, options, folder, progress, logs).Run(options.Epochs, token, (setup, state) =>
        {
            if (options.KeepsBest)
                state.LoadBest();
            var trained = setup.Team.Learners.Select(learner => new TrainedStudent(learner.Name, StudentExport.WriteBack(learner.Graph, learner.Evaluated), learner.History)).ToArray();
            return new TrainingResult(
                [.. setup.Team.Learners.Zip(trained, (learner, student) => student with { Milestones = Milestones(learner, options, state) })], setup.Device.ToString());
        });
    }

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
        IProgress<StageProgress>? progress = null, CancellationToken token = default, TrainingLogs? logs = null)
    {
        Require(learners, data, options, folder);
        return new Request(learners, data, options, folder, progress, logs).Run(Math.Min(epoch, options.Epochs), token, (setup, _) => setup.Team.Learners[0].History.ToArray());
    }

    private static void Require(IReadOnlyList<LearnerOptions> learners, TrainingData data, TrainingOptions options, string folder)
    {
        ArgumentNullException.ThrowIfNull(learners);
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentException.ThrowIfNullOrEmpty(folder);
    }

    /// <summary>The models that were kept on the way. The learner's own weights are lost.</summary>
    private static Dictionary<int, OnnxModel> Milestones(Learner learner, TrainingOptions options, TrainingState state) =>
        (options.Milestones ?? []).ToDictionary(epoch => epoch, epoch =>
        {
            state.LoadMilestone(learner, epoch);
            return StudentExport.WriteBack(learner.Graph, learner.Evaluated);
        });

    /// <summary>A training that was asked for.</summary>
    private sealed record Request(
        IReadOnlyList<LearnerOptions> Learners, TrainingData Data, TrainingOptions Options, string Folder, IProgress<StageProgress>? Progress, TrainingLogs? Logs)
    {
        /// <summary>Trains up to an epoch, and takes the result from what is in memory then.</summary>
        public T Run<T>(int epochs, CancellationToken token, Func<TrainingSetup, TrainingState, T> result)
        {
            var options = Options.Optimizer.LearningRate is null ? Options.WithRate(FindRate(token)) : Options;
            using var setup = TrainingSetup.Open(Learners, Data, options);
            var (team, device) = (setup.Team, setup.Device);
            using var watch = CollapseWatch.Open(Data, options, device);
            using var evaluation = TeamEvaluation.Open(team, Data, options, device);

            Directory.CreateDirectory(Folder);
            var state = new TrainingState(team, Folder, TrainingIdentity.Describe(Learners, Data, options), options.KeepsBest ? evaluation.BestEpoch : _ => null);
            state.Resume();
            var listeners = Logs?.Listeners(Folder) ?? [];
            foreach (var listener in listeners)
                listener.Begin(team);
            new TrainingLoop(team, setup.Batches, options, state, evaluation, watch, listeners, Progress).Run(epochs, token);
            return result(setup, state);
        }

        private double FindRate(CancellationToken token)
        {
            var identity = TrainingIdentity.Describe(Learners, Data with { Validation = null, ValidationCache = null }, RangeTest.Relevant(Options));
            return FoundRate.In(Folder, identity, () => RangeTest.Find(Learners, Data, Options, Progress, token).LearningRate);
        }
    }
}
