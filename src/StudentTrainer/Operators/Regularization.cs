using OnnxKd.Core.Onnx;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>What is random in training and nothing in evaluation. The trainer decides which it is, not the file.</summary>
internal static class Regularization
{
    public static Kernel Dropout7(NodeContext node) => Dropout(node, node.Attributes.GetFloat("ratio", 0.5f));

    public static Kernel Dropout12(NodeContext node)
    {
        _ = node.Attributes.GetInt("seed", 0); // the run's seed decides
        if (node.Constant(2) is { } mode && mode.ToBytes()[0] != 0)
            throw node.Unsupported("is exported in training mode", "training_mode true", "export the model in evaluation mode");
        return Dropout(node, node.Scalar(1, 0.5f));
    }

    private static Kernel Dropout(NodeContext node, float ratio)
    {
        if (!(ratio >= 0 && ratio < 1))
            throw node.Unsupported("has a ratio outside [0, 1)", $"{ratio}");
        return x => [nn.functional.dropout(x[0], ratio, x.Training)];
    }
}
