using OnnxKd.StudentTrainer.Graph;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Optimizers;

/// <summary>Limits on gradients and weights, computed on the device without waiting for it.</summary>
internal static class WeightConstraints
{
    /// <summary>Scales all gradients together so that their joint L2 norm is at most the limit (Pascanu et al. 2013).</summary>
    public static void ClipNorm(IReadOnlyList<Tensor> gradients, double limit)
    {
        if (gradients.Count == 0)
            return; // a batch that took a branch without weights
        var norm = stack(gradients.Select(gradient => gradient.norm())).norm();
        var factor = norm.Add(1e-6).reciprocal().Mul(limit).ClampMax(1);
        foreach (var gradient in gradients)
            gradient.mul_(factor);
    }

    /// <summary>
    /// Scales each unit's incoming weights so that their L2 norm is at most the limit (Hinton et al., "Improving neural networks by
    /// preventing co-adaptation of feature detectors", 2012). Biases and scales are left alone.
    /// </summary>
    public static void LimitUnitNorms(IReadOnlyList<(PlannedWeight Weight, Tensor Tensor)> parameters, double limit)
    {
        foreach (var (weight, tensor) in parameters)
        {
            if (weight.UnitAxis is not { } units)
                continue;
            long[] incoming = [.. Enumerable.Range(0, (int)tensor.ndim).Where(axis => axis != units).Select(axis => (long)axis)];
            var norms = tensor.Square().sum(incoming, keepdim: true).sqrt();
            tensor.mul_(norms.ClampMin(limit).reciprocal().Mul(limit));
        }
    }
}
