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
    private readonly IReadOnlyList<FeatureTap> taps;
    private readonly Dictionary<int, Tensor[]> features;
    private readonly Dictionary<int, Conv2d> projections = [];
    private readonly optim.Optimizer optimizer;
    private readonly Tensor[] samples;
    private readonly Tensor[] teacher;
    private readonly Tensor[] labels;
    private int step;

    /// <summary>Readies the training.</summary>
    /// <param name="name">The network.</param>
    /// <param name="data">Its weights and samples.</param>
    /// <param name="batchSize">Samples per step.</param>
    /// <param name="device">Where.</param>
    /// <param name="taps">Features that learn beside the logits; default: none.</param>
    /// <param name="initial">A weight and a bias for each of them that is projected.</param>
    public TorchSharpStep(
        string name, TrainingCase data, int batchSize, Device device, IReadOnlyList<FeatureTap>? taps = null, IReadOnlyList<Tensor>? initial = null)
    {
        this.taps = taps ?? [];
        foreach (var (tap, i) in this.taps.Where(tap => tap.IsProjected).Select((tap, i) => (tap, i)))
            projections.Add(tap.Module, Projection(tap, initial![2 * i], initial[2 * i + 1], device));
        features = this.taps.ToDictionary(tap => tap.Module, tap => tap.Values(data.Labels.Length).to(device).split(batchSize));
        network = TorchSharpNetworks.Create(name, data.Classes);
        TorchSharpNetworks.Load(network, [.. data.UnitsFirst.Select(weight => tensor(weight.Values, weight.Shape))]);
        network.to(device);
        network.train();
        Parameter[] all = [.. network.parameters(), .. projections.Values.SelectMany(layer => layer.parameters())];
        var (decayed, others) = (all.Where(p => p.ndim >= 2), all.Where(p => p.ndim < 2));
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
            var (logits, hints) = Forward(samples[batch], batch);
            var loss = Objective(logits, teacher[batch], labels[batch]);
            foreach (var hint in hints)
                loss = loss + hint;
            loss.backward();
            optimizer.step();
            if (i == steps - 1)
                last = loss.item<float>();
        }
        return (Stopwatch.GetElapsedTime(start).TotalSeconds, last);
    }

    /// <summary>The logits, and for each tap what its features cost.</summary>
    private (Tensor Logits, List<Tensor> Hints) Forward(Tensor x, int batch)
    {
        if (taps.Count == 0)
            return (network.call(x), []);
        var hints = new List<Tensor>();
        foreach (var (module, i) in network.children().Cast<nn.Module<Tensor, Tensor>>().Select((module, i) => (module, i)))
        {
            x = module.call(x);
            if (features.TryGetValue(i, out var wanted))
                hints.Add(FeatureTap.Factor * mse_loss(projections.TryGetValue(i, out var layer) ? layer.call(x) : x, wanted[batch]));
        }
        return (x, hints);
    }

    private static Conv2d Projection(FeatureTap tap, Tensor weight, Tensor bias, Device device)
    {
        using var _ = no_grad();
        var layer = nn.Conv2d(tap.Channels, tap.Teacher[0], 1);
        layer.weight!.copy_(weight);
        layer.bias!.copy_(bias);
        return layer.to(device);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        optimizer.Dispose();
        foreach (var layer in projections.Values)
            layer.Dispose();
        network.Dispose();
        scope.Dispose();
    }
}
