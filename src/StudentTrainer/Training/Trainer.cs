using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Progress;
using OnnxKd.StudentTrainer.Export;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Losses;
using OnnxKd.StudentTrainer.Training.Checkpoints;

namespace OnnxKd.StudentTrainer.Training;

/// <summary>Trains a student.</summary>
public static class Trainer
{
    /// <summary>
    /// Trains, or goes on with an interrupted training in the same folder (checkpoints <c>last.safetensors</c>,
    /// <c>best.safetensors</c>).
    /// </summary>
    /// <param name="student">
    /// The graph with its initial weights; not changed. The output that is learned from holds logits, or ends in a softmax: [N, classes],
    /// [N, frames, classes], [N, classes, height, width], or others with the class axis named.
    /// </param>
    /// <param name="import">How the model becomes a student.</param>
    /// <param name="data">What it learns from.</param>
    /// <param name="objective">The terms; at least one.</param>
    /// <param name="options">The settings.</param>
    /// <param name="folder">Where checkpoints and <c>events.jsonl</c> go; created if need be.</param>
    /// <param name="progress">Told about epochs, several times in each.</param>
    /// <param name="token">Saves a checkpoint and throws <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="InputException">Settings, data, objective and student do not fit one another.</exception>
    /// <exception cref="UnsupportedModelException">The student uses something that cannot be trained.</exception>
    /// <exception cref="CheckFailedException">
    /// The cache or a checkpoint in the folder was made from something else; or the training diverged.
    /// </exception>
    public static TrainingResult Train(
        OnnxModel student, StudentImport import, TrainingData data, IReadOnlyList<TermOptions> objective, TrainingOptions options,
        string folder, IProgress<StageProgress>? progress, CancellationToken token)
    {
        var loss = new Objective(objective);
        OptionChecks.Require(options, data);
        DataChecks.Require(data, loss, options);
        var graph = StudentGraph.Import(student, import);
        graph.FreeBatch(data.Transfer.SampleShape);
        var device = ComputeDevice.Open(options.Device, options.Threads);
        if (options.Epochs > 1 && ComputeDevice.HasAllProcessors(device))
            data.Transfer.HoldIfSmall();
        var program = graph.CompileForTraining([graph.FindLogits()], TrainingPrecision.IsMixed(options, device));

        using var batches = TrainingBatches.Open(program, data, loss, options, device);
        using var weights = WeightSet.Load(program.Plan, device, trainable: true);
        var output = Preflight.RequireTrainable(graph, program, weights, loss, data, options, device);
        program = program with { Layout = output.Layout };
        if (graph.Overlay?.Count > 0 && import.Initialisation == Initialisation.Keep)
            OverlayCalibration.Run(graph, weights, batches);
        using var evaluation = EpochEvaluation.Open(program, output, data, loss, options, device);

        Directory.CreateDirectory(folder);
        using var state = new TrainingState(
            weights, options, new(loss.Names, data.Transfer, device), folder,
            TrainingIdentity.Describe(student, import, data, objective, options));
        state.Resume();
        new TrainingLoop(program, loss, batches, options, state, evaluation, progress).Run(token);

        if (options.Keep == "best")
            state.LoadBest();
        return new(StudentExport.WriteBack(graph, state.Evaluated), state.History, device.ToString());
    }
}
