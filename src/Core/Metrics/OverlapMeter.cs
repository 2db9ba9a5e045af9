using System.Numerics.Tensors;

namespace OnnxKd.Core.Metrics;

/// <summary>Collects where maps of classes and a reference agree: the mean intersection over union (Everingham et al. 2010, PASCAL VOC).</summary>
/// <param name="classes">The number of classes.</param>
internal sealed class OverlapMeter(int classes)
{
    private readonly long[] both = new long[classes];
    private readonly long[] said = new long[classes];
    private readonly long[] known = new long[classes];

    /// <summary>Adds positions.</summary>
    /// <param name="logits">N × classes.</param>
    /// <param name="reference">The class of each position; −1: not known.</param>
    public void Add(ReadOnlySpan<float> logits, ReadOnlySpan<int> reference)
    {
        for (var i = 0; i < reference.Length; i++)
        {
            if (reference[i] < 0)
                continue;
            var top = TensorPrimitives.IndexOfMax(logits.Slice(i * classes, classes));
            said[top]++;
            known[reference[i]]++;
            if (top == reference[i])
                both[top]++;
        }
    }

    /// <summary>
    /// The mean over classes of positions that both call so ÷ positions that either does; classes that neither names do not count. <c>null</c> without a position.
    /// </summary>
    public double? Result()
    {
        double[] shares =
        [
            .. Enumerable.Range(0, classes).Where(c => said[c] + known[c] > 0).Select(c => (double)both[c] / (said[c] + known[c] - both[c])),
        ];
        return shares.Length == 0 ? null : shares.Average();
    }
}
