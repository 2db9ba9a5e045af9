using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>
/// In evaluation, (x − mean) ÷ √(variance + epsilon) · scale + bias with the running statistics. In training, with the batch's, which
/// also enter the running ones: <c>running = running · momentum + batch · (1 − momentum)</c>.
/// </summary>
internal sealed class BatchNormalization
{
    private readonly double epsilon;
    private readonly double momentum;
    private readonly bool exportedForTraining;
    private readonly bool givesStatistics;

    private BatchNormalization(NodeContext node, bool exportedForTraining)
    {
        epsilon = node.Attributes.GetFloat("epsilon", 1e-5f);
        momentum = node.Attributes.GetFloat("momentum", 0.9f);
        this.exportedForTraining = exportedForTraining;
        givesStatistics = node.IsRead(1) || node.IsRead(2);
    }

    /// <summary>Has <c>spatial</c>: whether statistics are kept per channel, or per element of a sample.</summary>
    public static Kernel Compile1(NodeContext node)
    {
        var isTest = node.Attributes.GetInt("is_test", 0) != 0;
        var normalization = new BatchNormalization(node, exportedForTraining: node.Version < 7 && !isTest);
        if (node.Attributes.GetInt("spatial", 1) != 0)
            return normalization.Run;
        return x =>
        {
            Tensor[] flat = [x[0].flatten(1), .. Enumerable.Range(1, 4).Select(i => x[i].flatten())];
            return [normalization.Run(new(flat, [0, 1, 2, 3, 4], x.Training))[0].reshape(x[0].shape)];
        };
    }

    public static Kernel Compile9(NodeContext node) => new BatchNormalization(node, exportedForTraining: false).Run;

    /// <summary>Outputs 1 and 2 are the running statistics after the batch.</summary>
    public static Kernel Compile14(NodeContext node)
    {
        var normalization = new BatchNormalization(node, node.Attributes.GetInt("training_mode", 0) != 0);
        if (normalization is { givesStatistics: true, exportedForTraining: false })
            throw node.Unsupported("gives statistics only in training mode", "training_mode 0, and an output after the first is read");
        return normalization.Run;
    }

    /// <summary>Whether scale, bias and statistics are float32, whatever the samples are: libtorch then computes in float32.</summary>
    public static bool KeepsFloat32(StepInputs x) => x[1].dtype == ScalarType.Float32;

    private Tensor[] Run(StepInputs x)
    {
        if (x[1].ndim != 1 || x[2].ndim != 1) // found by libtorch in the backward pass only
            throw new ArgumentException("scale and bias must be vectors");
        return x.Training ? Train(x)
            : exportedForTraining ? EvaluateAsExported(x)
            : [nn.functional.batch_norm(x[0], x[3], x[4], x[1], x[2], false, 0, epsilon)];
    }

    /// <summary>
    /// libtorch's momentum is one minus ONNX's, and it keeps the unbiased variance where ONNX (version 14) keeps the population's. So
    /// it writes this batch's statistics alone into scratch vectors (momentum 1), and the running ones are updated from those by
    /// ONNX's rule, in place.
    /// </summary>
    private Tensor[] Train(StepInputs x)
    {
        var (runningMean, runningVariance) = (x[3], x[4]);
        var mean = zeros_like(runningMean);
        var variance = zeros_like(runningVariance);
        var result = nn.functional.batch_norm(x[0], mean, variance, x[1], x[2], true, 1, epsilon);
        using var _ = no_grad();
        var count = (double)x[0].numel() / mean.numel();
        runningMean.MulInPlace(momentum).AddInPlace(mean, 1 - momentum);
        runningVariance.MulInPlace(momentum);
        if (count > 1) // one value has no spread, and its unbiased variance is not a number
            runningVariance.AddInPlace(variance, (1 - momentum) * (count - 1) / count);
        return givesStatistics ? [result, runningMean.alias(), runningVariance.alias()] : [result];
    }

    /// <summary>What the file says: the batch's statistics, and what the running ones would become; they stay as they are.</summary>
    private Tensor[] EvaluateAsExported(StepInputs x)
    {
        var result = nn.functional.batch_norm(x[0], null, null, x[1], x[2], true, 0, epsilon);
        if (!givesStatistics)
            return [result];
        long[] axes = [0, .. Enumerable.Range(2, (int)x[0].ndim - 2)];
        return
        [
            result,
            x[3].Mul(momentum).Add(x[0].mean(axes), 1 - momentum),
            x[4].Mul(momentum).Add(x[0].var(axes, unbiased: false), 1 - momentum),
        ];
    }
}
