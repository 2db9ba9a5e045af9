using OnnxKd.Core.Errors;
using OnnxKd.Core.Progress;
using OnnxKd.StudentTrainer.Batches;
using OnnxKd.StudentTrainer.Checkpoints;
using OnnxKd.StudentTrainer.Evaluation;
using OnnxKd.StudentTrainer.Export;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Runtime;
using OnnxKd.StudentTrainer.Signals;

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
    /// <exception cref="InputException">Settings, data, objectives and students do not fit one another.</exception>
    /// <exception cref="UnsupportedModelException">A student uses something that cannot be trained.</exception>
    /// <exception cref="CheckFailedException">
    /// The cache or a checkpoint in the folder was made from something else; or the training diverged.
    /// </exception>
    public static TrainingResult Train(
        IReadOnlyList<LearnerOptions> learners, TrainingData data, TrainingOptions options, string folder,
        IProgress<StageProgress>? progress, CancellationToken token)
    {
        if (options.Optimizer.LearningRate is null)
            options = options.WithRate(RangeTest.Find(learners, data, options, progress, token).LearningRate);
        OptionChecks.Require(options, data);
        DataChecks.Require(learners, data, options);
        var device = ComputeDevice.Open(options.Device, options.Threads);
        if (options.Epochs > 1 && ComputeDevice.HasAllProcessors(device))
            data.Transfer.HoldIfSmall();

        using var team = Team.Assemble(learners, data, data.Cache?.Streams ?? [], options, device);
        var learned = Preflight.RequireTrainable(team, data, options, device);
        using var batches = TrainingBatches.Open(data, team.Streams, team.ReadLabels, options, device, team.Draws);
        team.Calibrate(batches);
        LessonChecks.Require(team, data);
        team.Start(learned);
        using var watch = CollapseWatch.Open(data, options, device);
        using var evaluation = TeamEvaluation.Open(team, data, options, device);

        Directory.CreateDirectory(folder);
        var state = new TrainingState(team, folder, TrainingIdentity.Describe(learners, data, options));
        state.Resume();
        new TrainingLoop(team, batches, options, state, evaluation, watch, progress).Run(token);

        if (options.Keep == "best")
            state.LoadBest();
        return new(
            [.. team.Learners.Select(learner => new TrainedStudent(learner.Name, StudentExport.WriteBack(learner.Graph, learner.Evaluated), learner.History))],
            device.ToString());
    }
}
