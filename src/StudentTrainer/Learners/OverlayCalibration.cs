using OnnxKd.StudentTrainer.Batches;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Graph.Import;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Learners;

/// <summary>
/// Measures what a trained student's convolutions give on the first batches, so that normalisations can be inserted behind them without
/// changing what it computes.
/// </summary>
internal static class OverlayCalibration
{
    private const int Batches = 8;

    /// <summary>Sets the overlay's tensors.</summary>
    /// <param name="graph">A student with an overlay.</param>
    /// <param name="weights">Its weights, changed in place.</param>
    /// <param name="batches">The transfer set.</param>
    public static void Run(StudentGraph graph, WeightSet weights, TrainingBatches batches)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var overlay = graph.Overlay!;
        // The logits too, so that what the user decided of the parameters finds all of them.
        var program = graph.Compile([.. overlay.RawTensors, .. graph.FindAllLogits()]);
        using var untouched = WeightSet.Load(program.Plan, weights.Device, trainable: false);
        var moments = new Moments[overlay.Count];
        foreach (var batch in batches.Epoch(0).Take(Batches))
        {
            using var inner = NewDisposeScope();
            var raw = program.Run(untouched, batch.ToDevice().Samples, training: false);
            for (var i = 0; i < moments.Length; i++)
                moments[i] = moments[i].Add(raw[i]);
        }
        overlay.Calibrate(weights, [.. moments.Select(layer => layer.MeanAndVariance())]);
    }

    /// <summary>Sums over batch and spatial axes, per channel, in float64.</summary>
    private readonly record struct Moments(Tensor? Sum, Tensor? Squares, long Count)
    {
        public Moments Add(Tensor raw)
        {
            using var scope = NewDisposeScope();
            long[] axes = [0, .. Enumerable.Range(2, (int)raw.ndim - 2).Select(axis => (long)axis)];
            var values = raw.to(float64);
            var (sum, squares) = (values.sum(axes), values.Square().sum(axes));
            return new(
                (Sum is null ? sum : Sum.Add(sum)).MoveToOuterDisposeScope().MoveToOuterDisposeScope(),
                (Squares is null ? squares : Squares.Add(squares)).MoveToOuterDisposeScope().MoveToOuterDisposeScope(),
                Count + raw.numel() / raw.shape[1]);
        }

        public (Tensor Mean, Tensor Variance) MeanAndVariance()
        {
            var mean = Sum!.Div(Count);
            return (mean, Squares!.Div(Count).sub(mean.Square()).ClampMin(0));
        }
    }
}
