using System.Diagnostics;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Losses.Targets;
using OnnxKd.StudentTrainer.Losses;
using OnnxKd.StudentTrainer.Optimizers;
using OnnxKd.StudentTrainer.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.Benchmarks.Training;

/// <summary>The product's own training loop, step by step, over batches that lie in memory.</summary>
internal sealed class OurStep : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly TransferSet set;
    private readonly StudentProgram program;
    private readonly WeightSet weights;
    private readonly TrainingBatches batches;
    private readonly TrainingState state;
    private readonly TrainingLoop loop;
    private readonly PreparedBatch[] prepared;
    private int step;

    /// <summary>What is minimised, as in train_step.py.</summary>
    public static IReadOnlyList<TermOptions> Terms { get; } =
    [
        new() { Name = "soft", Temperature = 4, Weight = WeightSchedule.Constant(0.9) },
        new() { Name = "hard", Weight = WeightSchedule.Constant(0.1) },
    ];

    /// <summary>How, as in train_step.py.</summary>
    public static OptimizerOptions Sgd { get; } = new SgdOptions { LearningRate = 0.01, WeightDecay = 5e-4 };

    /// <summary>Readies the training of a network.</summary>
    public OurStep(TrainingCase network, int batchSize, int threads, string deviceName, string precision = "float32")
    {
        var device = ComputeDevice.Open(deviceName, threads);
        set = TransferSet.Open(new() { Samples = network.File, SamplesKey = "samples", Labels = network.File, LabelsKey = "labels" });
        var objective = new Objective(Terms);
        var options = new TrainingOptions { Epochs = 1, BatchSize = batchSize, Optimizer = Sgd, Precision = precision };
        var graph = StudentGraph.Import(network.Model);
        program = graph.CompileForTraining([graph.FindLogits()], TrainingPrecision.IsMixed(options, device));
        weights = WeightSet.Load(program.Plan, device, trainable: true);
        batches = TrainingBatches.Open(program, new(set, new Preprocessing(), null, null), objective, options, device);
        state = new(weights, options, new(objective.Names, set, device), Path.GetDirectoryName(network.File)!, identity: "");
        loop = new(program, objective, batches, options, state, evaluation: null, progress: null);

        long[] shape = [-1, .. program.Input.Fit(set.SampleShape)];
        var samples = tensor(network.Samples).reshape(shape).to(device).split(batchSize);
        var teacher = tensor(network.TeacherLogits).reshape(-1, network.Classes).to(device).split(batchSize);
        var labels = tensor(network.Labels).to(device).split(batchSize);
        prepared = [.. samples.Select((_, i) => new PreparedBatch(
            Enumerable.Range(i * batchSize, batchSize).Select(row => (long)row).ToArray(),
            () => new(samples[i], new Dictionary<string, TeacherTargets> { ["logits"] = new DenseTargets(teacher[i]) }, new(labels[i]))))];
    }

    /// <summary>The first batch's logits in evaluation mode.</summary>
    public float[] Logits()
    {
        using var inner = NewDisposeScope();
        using var _ = no_grad();
        return program.Run(weights, prepared[0].ToDevice().Samples, training: false)[0].cpu().data<float>().ToArray();
    }

    /// <summary>Makes training steps.</summary>
    /// <returns>Their seconds, and the loss of the last one.</returns>
    public (double Seconds, double Loss) Run(int steps)
    {
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < steps; i++)
        {
            if (i == steps - 1)
                Forget();
            loop.TrainStep(prepared[step++ % prepared.Length]);
        }
        state.Losses.Flush();
        return (Stopwatch.GetElapsedTime(start).TotalSeconds, state.Losses.Loss);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        state.Dispose();
        batches.Dispose();
        weights.Dispose();
        set.Dispose();
        scope.Dispose();
    }

    /// <summary>Leaves the losses so far out of the mean, so that it is the next step's alone.</summary>
    private void Forget()
    {
        state.Losses.Flush();
        state.Losses.Restart();
    }
}
