using System.Diagnostics;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace OnnxKd.Benchmarks.Training;

/// <summary>The same training in this process as a TorchSharp user writes it: modules, functional losses, optim.SGD.</summary>
internal sealed class TorchSharpStep : IDisposable
{
    private const double Temperature = 4;
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly nn.Module<Tensor, Tensor> network;
    private readonly optim.Optimizer optimizer;
    private readonly Tensor[] samples;
    private readonly Tensor[] teacher;
    private readonly Tensor[] labels;
    private int step;

    /// <summary>Readies the training.</summary>
    public TorchSharpStep(string name, TrainingCase data, int batchSize, Device device)
    {
        network = TorchSharpNetworks.Create(name, data.Classes);
        TorchSharpNetworks.Load(network, [.. data.UnitsFirst.Select(weight => tensor(weight.Values, weight.Shape))]);
        network.to(device);
        network.train();
        var (decayed, others) = (network.parameters().Where(p => p.ndim >= 2), network.parameters().Where(p => p.ndim < 2));
        optimizer = optim.SGD(
            [
                new SGD.ParamGroup(decayed, 0.01, momentum: 0.9, weight_decay: 5e-4, nesterov: true),
                new SGD.ParamGroup(others, 0.01, momentum: 0.9, nesterov: true),
            ],
            0.01, momentum: 0.9, nesterov: true);
        samples = tensor(data.Samples).reshape([-1, .. data.SampleShape]).to(device).split(batchSize);
        teacher = tensor(data.TeacherLogits).reshape(-1, data.Classes).to(device).split(batchSize);
        labels = tensor(data.Labels).to(device).split(batchSize);
    }

    /// <summary>Soft targets and labels, as the field mixes them.</summary>
    public static Tensor Objective(Tensor logits, Tensor teacher, Tensor labels)
    {
        var soft = kl_div(
            log_softmax(logits / Temperature, 1), log_softmax(teacher / Temperature, 1),
            log_target: true, reduction: nn.Reduction.Sum) / logits.shape[0];
        return 0.9 * Temperature * Temperature * soft + 0.1 * cross_entropy(logits, labels);
    }

    /// <summary>The first batch's logits in evaluation mode.</summary>
    public float[] Logits()
    {
        using var inner = NewDisposeScope();
        using var _ = no_grad();
        network.eval();
        var values = network.call(samples[0]).cpu().data<float>().ToArray();
        network.train();
        return values;
    }

    /// <summary>Makes training steps.</summary>
    /// <returns>Their seconds, and the loss of the last one.</returns>
    public (double Seconds, double Loss) Run(int steps)
    {
        var start = Stopwatch.GetTimestamp();
        var last = 0.0;
        for (var i = 0; i < steps; i++)
        {
            using var inner = NewDisposeScope();
            var batch = step++ % samples.Length;
            optimizer.zero_grad();
            var logits = network.call(samples[batch]);
            var loss = Objective(logits, teacher[batch], labels[batch]);
            loss.backward();
            optimizer.step();
            if (i == steps - 1)
                last = loss.item<float>();
        }
        return (Stopwatch.GetElapsedTime(start).TotalSeconds, last);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        optimizer.Dispose();
        network.Dispose();
        scope.Dispose();
    }
}
