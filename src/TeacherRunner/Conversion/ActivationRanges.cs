using System.Runtime.InteropServices;
using Onnx;
using OnnxKd.Core.Errors;

namespace OnnxKd.TeacherRunner.Conversion;

/// <summary>What values tensors within a model take on real samples.</summary>
internal static class ActivationRanges
{
    // Of a tensor, over all batches: enough for the shape of its distribution.
    private const int KeptValues = 1 << 16;

    /// <summary>Runs a model and finds a scale for each of some tensors.</summary>
    /// <param name="model">A float32 model.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="tensors">Float tensors in it.</param>
    /// <param name="samples">What it runs on.</param>
    /// <param name="onBatch">Told how many samples are done.</param>
    /// <param name="token">Stops between batches.</param>
    /// <exception cref="InputException">A value is not finite, or the model fails.</exception>
    public static IReadOnlyDictionary<string, CodeScale> Measure(
        ModelProto model, string name, IReadOnlyList<string> tensors, ProbeSamples samples, Action<long>? onBatch, CancellationToken token)
    {
        var batches = samples.Batches().Count();
        var seen = tensors.Select(tensor => new Values(tensor, KeptValues / batches + 1)).ToArray();
        TensorProbe.Run(model, name, tensors, samples, (tensor, values) => seen[tensor].Add(values, name), onBatch, token);
        return seen.ToDictionary(each => each.Tensor, each => each.Scale, StringComparer.Ordinal);
    }

    private sealed class Values(string tensor, int keptOfBatch)
    {
        private readonly List<float> kept = [];
        private float least = float.PositiveInfinity;
        private float greatest = float.NegativeInfinity;

        public string Tensor => tensor;

        public CodeScale Scale => CodeScale.Of(CollectionsMarshal.AsSpan(kept), least, greatest);

        public void Add(ReadOnlySpan<float> values, string model)
        {
            foreach (var value in values)
            {
                if (!float.IsFinite(value))
                    throw new InputException(
                        "A value within the model is not finite, so that it has no scale.", $"tensor '{tensor}' of {model}", $"{value}", "finite values on all samples",
                        "check that these samples, and --scale, --mean and --std, belong to this model");
                (least, greatest) = (Math.Min(least, value), Math.Max(greatest, value));
            }
            // Evenly spread: neither the first channels nor the first samples alone.
            var count = Math.Min(keptOfBatch, values.Length);
            for (var i = 0L; i < count; i++)
                kept.Add(values[(int)(i * values.Length / count)]);
        }
    }
}
