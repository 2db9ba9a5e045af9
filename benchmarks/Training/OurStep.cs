using System.Diagnostics;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;
using OnnxKd.StudentTrainer.Batches;
using OnnxKd.StudentTrainer.Optimizers;
using OnnxKd.StudentTrainer.Runtime;
using OnnxKd.StudentTrainer.Signals;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.StudentTrainer.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.Benchmarks.Training;

/// <summary>The product's own training loop, step by step, over batches that lie in memory.</summary>
internal sealed class OurStep : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly TransferSet set;
    private readonly LoopRun run;
    private readonly PreparedBatch[] prepared;
    private int step;

    /// <summary>What is minimised, as in train_step.py.</summary>
    public static IReadOnlyList<Term> Terms { get; } =
        [new SoftTerm { Temperature = 4, Weight = 0.9 }, new HardTerm { Weight = 0.1 }];

    /// <summary>How, as in train_step.py.</summary>
    public static OptimizerOptions Sgd { get; } = new SgdOptions { LearningRate = 0.01, WeightDecay = 5e-4 };

    /// <summary>Readies the training of a network.</summary>
    public OurStep(
        TrainingCase network, int batchSize, int threads, string deviceName, string precision = "float32", IReadOnlyList<FeatureTap>? features = null)
    {
        var taps = features ?? [];
        var device = ComputeDevice.Open(deviceName, threads);
        set = TransferSet.Open(new() { Samples = network.File, SamplesKey = "samples", Labels = network.File, LabelsKey = "labels" });
        var options = new TrainingOptions { Epochs = 1, BatchSize = batchSize, Optimizer = Sgd, Precision = precision };
        var stream = new CacheStream("logits", "logits", Teacher: 0, StreamKind.Logit, [network.Classes], new Float32());
        run = new(
            network.Model, [.. Terms, .. taps.Select(tap => tap.Term)], new(set, new Preprocessing(), null, null), [stream, .. taps.Select(tap => tap.Stream)], options, device, Path.GetDirectoryName(network.File)!);

        long[] shape = [-1, .. set.SampleShape.Select(size => (long)size)];
        var samples = tensor(network.Samples).reshape(shape).to(device).split(batchSize);
        var teacher = tensor(network.TeacherLogits).reshape(-1, network.Classes).to(device).split(batchSize);
        var labels = tensor(network.Labels).to(device).split(batchSize);
        var wanted = taps.ToDictionary(tap => tap.Tensor, tap => tap.Values((int)set.Count).to(device).split(batchSize));
        prepared = [.. samples.Select((_, i) => new PreparedBatch(
            Enumerable.Range(i * batchSize, batchSize).Select(row => (long)row).ToArray(),
            () => new(samples[i], Signals(i), new(labels[i]))))];

        Dictionary<string, StreamSignal> Signals(int batch)
        {
            var signals = wanted.ToDictionary(tap => tap.Key, tap => (StreamSignal)new TargetTensor(tap.Value[batch]));
            signals.Add("logits", new DenseScores(teacher[batch]));
            return signals;
        }
    }

    /// <summary>The weights of the layers that only training has, in the order of the graph.</summary>
    public IReadOnlyList<Tensor> Projections =>
        [.. run.Learner.Weights.Parameters.Where(parameter => parameter.Weight.Name.StartsWith("projection/", StringComparison.Ordinal)).Select(parameter => parameter.Tensor)];

    /// <summary>The first batch's logits in evaluation mode.</summary>
    public float[] Logits()
    {
        using var inner = NewDisposeScope();
        using var _ = no_grad();
        return run.Learner.Program.Run(run.Learner.Weights, prepared[0].ToDevice().Samples, training: false)[0].cpu().data<float>().ToArray();
    }

    /// <summary>Makes training steps.</summary>
    /// <returns>Their seconds, and the loss of the last one.</returns>
    public (double Seconds, double Loss) Run(int steps)
    {
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < steps; i++)
        {
            if (i == steps - 1)
                run.TakeLoss();
            run.Loop.TrainStep(prepared[step++ % prepared.Length]);
        }
        var loss = run.TakeLoss();
        return (Stopwatch.GetElapsedTime(start).TotalSeconds, loss);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        run.Dispose();
        set.Dispose();
        scope.Dispose();
    }
}
