using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Normalisation.</summary>
internal static class Normalization
{
    /// <summary>
    /// In evaluation, (x − mean) ÷ √(variance + epsilon) · scale + bias with the running statistics. In training, with the batch's,
    /// which also enter the running ones: <c>running = running · momentum + batch · (1 − momentum)</c>.
    /// </summary>
    public static Kernel BatchNormalization(NodeContext node)
    {
        var epsilon = node.Attributes.GetFloat("epsilon", 1e-5f);
        var momentum = node.Attributes.GetFloat("momentum", 0.9f);
        if (node.Attributes.GetInt("training_mode", 0) != 0)
            throw node.Unsupported("is exported in training mode", "training_mode 1", "export the model in evaluation mode");
        return x => [x.Training ? Train(x, momentum, epsilon) : nn.functional.batch_norm(x[0], x[3], x[4], x[1], x[2], false, 0, epsilon)];
    }

    /// <summary>
    /// libtorch's momentum is one minus ONNX's, and it keeps the unbiased variance where ONNX (version 14) keeps the population's.
    /// So it writes this batch's statistics alone into scratch vectors (momentum 1), and the running ones are updated from those by
    /// ONNX's rule.
    /// </summary>
    private static Tensor Train(StepInputs x, double momentum, double epsilon)
    {
        var (runningMean, runningVariance) = (x[3], x[4]);
        var mean = zeros_like(runningMean);
        var variance = zeros_like(runningVariance);
        var result = nn.functional.batch_norm(x[0], mean, variance, x[1], x[2], true, 1, epsilon);
        using var _ = no_grad();
        var count = (double)x[0].numel() / mean.numel();
        runningMean.mul_(momentum).add_(mean, 1 - momentum);
        runningVariance.mul_(momentum);
        if (count > 1) // one value has no spread, and its unbiased variance is not a number
            runningVariance.add_(variance, (1 - momentum) * (count - 1) / count);
        return result;
    }
}
