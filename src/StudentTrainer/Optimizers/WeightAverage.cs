using OnnxKd.StudentTrainer.Graph;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Optimizers;

/// <summary>
/// An exponential moving average of the weights (Polyak and Juditsky 1992): <c>a ← d a + (1 − d) w</c> after step t, with
/// d = min(decay, (1 + t) ÷ (10 + t)), so that the first steps do not linger. Running statistics are averaged in the same way: they
/// belong to weights of the same age.
/// </summary>
internal sealed class WeightAverage : IDisposable
{
    private readonly double decay;
    private readonly List<(Tensor Average, Tensor Current)> pairs;

    /// <summary>Starts at the weights as they are.</summary>
    public WeightAverage(WeightSet weights, double decay)
    {
        this.decay = decay;
        Weights = weights.Clone(trainable: false);
        pairs = [.. Weights.Trained.Zip(weights.Trained, (average, current) => (average.Tensor, current.Tensor))];
    }

    /// <summary>The averaged weights.</summary>
    public WeightSet Weights { get; }

    /// <summary>Takes in the weights after a step, counted from 1. Call it without autograd.</summary>
    public void Update(long step)
    {
        var kept = Math.Min(decay, (1.0 + step) / (10.0 + step));
        pairs.ForEach(pair => pair.Average.MulInPlace(kept).AddInPlace(pair.Current, 1 - kept));
    }

    /// <inheritdoc/>
    public void Dispose() => Weights.Dispose();
}
