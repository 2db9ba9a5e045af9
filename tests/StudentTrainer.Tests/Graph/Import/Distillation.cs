using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Export;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Optimizers;
using OnnxKd.StudentTrainer.Signals;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Tests.Graph.Import;

/// <summary>
/// A student that learns logits by Adam and the soft loss. Whatever precedes the class axis counts rows: samples, or the frames of all samples.
/// </summary>
internal sealed class Distillation : IDisposable
{
    private readonly StudentProgram program;
    private readonly Tensor samples;
    private readonly Tensor targets;
    private readonly double temperature;
    private readonly Optimizer optimizer;
    private readonly double learningRate;
    private int step;

    public Distillation(
        OnnxModel student, StudentImport import, Tensor samples, Tensor targets, double temperature = 2, double learningRate = 2e-3)
    {
        (this.samples, this.targets, this.learningRate) = (samples, targets, learningRate);
        Graph = StudentGraph.Import(student, import);
        Graph.FreeBatch([.. samples.shape[1..].Select(size => (int)size)]);
        program = Graph.Compile(Graph.FindLogits());
        Weights = WeightSet.Load(program.Plan, CPU, trainable: true);
        this.temperature = temperature;
        optimizer = new AdamOptions().Start(
            [.. Weights.Parameters.Select(p => new NamedTensor(p.Weight.Name, p.Tensor))]);
    }

    public StudentGraph Graph { get; }

    public WeightSet Weights { get; }

    /// <summary>The logits of a model as it is.</summary>
    public static Tensor Logits(OnnxModel model, Tensor samples, string? output = null)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var graph = StudentGraph.Import(model, new() { Output = output });
        graph.FreeBatch([.. samples.shape[1..].Select(size => (int)size)]);
        var program = graph.Compile(graph.FindLogits());
        using var weights = WeightSet.Load(program.Plan, CPU, trainable: false);
        return program.Run(weights, samples, training: false)[0].MoveToOuterDisposeScope();
    }

    /// <summary>Trains on batches in order, over and over.</summary>
    /// <returns>The loss of each step.</returns>
    public double[] Train(int steps, int batchSize) => [.. Enumerable.Range(0, steps).Select(_ => Step(batchSize))];

    /// <summary>The loss over all samples, in evaluation mode.</summary>
    public double Measure()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return Loss(samples, targets, training: false).item<float>();
    }

    /// <summary>The student's output, in evaluation mode.</summary>
    public float[] Output(Tensor batch)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return Graph.Compile(Graph.Heads[0].Output).Run(Weights, batch, training: false)[0].contiguous().data<float>().ToArray();
    }

    public OnnxModel Export() => StudentExport.WriteBack(Graph, Weights);

    /// <summary>Parameters that one step of training gives no gradient, or none but zeros.</summary>
    public string[] WithoutGradient(int batchSize)
    {
        using var scope = NewDisposeScope();
        Loss(samples.narrow(0, 0, batchSize), targets.narrow(0, 0, batchSize), training: true).backward();
        string[] without =
        [
            .. Weights.Parameters.Where(p => p.Tensor.grad is null || !(p.Tensor.grad.abs().amax().item<float>() > 0)).Select(p => p.Weight.Name),
        ];
        ForgetGradients();
        return without;
    }

    public void Dispose()
    {
        optimizer.Dispose();
        Weights.Dispose();
    }

    private double Step(int batchSize)
    {
        using var scope = NewDisposeScope();
        var first = (long)step * batchSize % (samples.shape[0] - batchSize + 1);
        var value = Loss(samples.narrow(0, first, batchSize), targets.narrow(0, first, batchSize), training: true);
        value.backward();
        using var _ = no_grad();
        optimizer.Step([.. Weights.Parameters.Select(p => p.Tensor.grad!.clone())], learningRate);
        step++;
        ForgetGradients();
        return value.item<float>();
    }

    private Tensor Loss(Tensor batch, Tensor wanted, bool training)
    {
        var logits = program.Run(Weights, batch, training)[0];
        var teacher = new DenseScores(wanted.reshape(-1, wanted.shape[^1]));
        return teacher.Divergence(logits.reshape(-1, logits.shape[^1]), temperature).mul(temperature * temperature / (logits.numel() / logits.shape[^1]));
    }

    private void ForgetGradients()
    {
        foreach (var (_, tensor) in Weights.Parameters)
            tensor.grad?.zero_();
    }
}
