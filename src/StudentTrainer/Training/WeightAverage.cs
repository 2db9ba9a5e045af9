using System.Runtime.Intrinsics;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Operators;
using OnnxKd.StudentTrainer.Optimizers;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Training;

/// <summary>
/// An exponential moving average of the weights (Polyak and Juditsky 1992): <c>a ← d a + (1 − d) w</c> after step t, with
/// d = min(decay, (1 + t) ÷ (10 + t)), so that the first steps do not linger. Running statistics are averaged in the same way: they
/// belong to weights of the same age.
/// </summary>
internal sealed class WeightAverage : IDisposable
{
    private readonly double decay;
    private readonly List<(Tensor Average, Tensor Current)> pairs;
    private readonly HostPass? pass;
    private readonly HostMemory<float>[] averages = [];
    private readonly HostMemory<float>[] currents = [];

    /// <summary>Starts at the weights as they are.</summary>
    public WeightAverage(WeightSet weights, double decay)
    {
        this.decay = decay;
        Weights = weights.Clone(trainable: false);
        pairs = [.. Weights.Trained.Zip(weights.Trained, (average, current) => (average.Tensor, current.Tensor))];
        if (!pairs.TrueForAll(pair => HostPass.Fits(pair.Current)))
            return;
        pass = HostPass.Over(pairs.ConvertAll(pair => pair.Average));
        averages = [.. pairs.Select(pair => new HostMemory<float>(pair.Average))];
        currents = [.. pairs.Select(pair => new HostMemory<float>(pair.Current))];
    }

    /// <summary>The averaged weights.</summary>
    public WeightSet Weights { get; }

    /// <summary>Takes in the weights after a step, counted from 1. Call it without autograd.</summary>
    public void Update(long step)
    {
        var kept = Math.Min(decay, (1.0 + step) / (10.0 + step));
        if (pass is null)
            pairs.ForEach(pair => pair.Average.mul_(kept).add_(pair.Current, 1 - kept));
        else
            pass.Run((i, start, count) => Update(averages[i].Slice(start, count), currents[i].Slice(start, count), kept));
    }

    /// <inheritdoc/>
    public void Dispose() => Weights.Dispose();

    private static void Update(Span<float> average, ReadOnlySpan<float> current, double kept)
    {
        var (old, fresh) = (Vector512.Create((float)kept), Vector512.Create((float)(1 - kept)));
        for (var i = 0; i < average.Length; i += Lanes.Count)
            Lanes.Store(Vector512.FusedMultiplyAdd(Lanes.Load(current, i), fresh, Lanes.Load(average, i) * old), average, i);
    }
}
