using OnnxKd.Core.Onnx;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>
/// What is random in training and nothing in evaluation. The trainer decides which it is, not the file. The second output tells what
/// was kept.
/// </summary>
internal static class Regularization
{
    public static Kernel Dropout1(NodeContext node)
    {
        _ = node.Attributes.GetInt("is_test", 0); // the trainer decides
        return Dropout7(node);
    }

    /// <summary>The mask has the type of the data.</summary>
    public static Kernel Dropout7(NodeContext node) => Dropout(node, ReadRatio(node), maskType: null);

    public static Kernel Dropout10(NodeContext node) => Dropout(node, ReadRatio(node), ScalarType.Bool);

    /// <summary>The ratio is an input.</summary>
    public static Kernel Dropout12(NodeContext node)
    {
        _ = node.Attributes.GetInt("seed", 0); // the run's seed decides
        if (node.IsConstant(2) && node.Constant(2)!.RawBytes()[0] != 0)
            throw node.Unsupported("is exported in training mode", "training_mode true", "export the model in evaluation mode");
        if (!node.Has(1) || node.IsConstant(1))
            return Dropout(node, Constant(node, node.Scalar(1, 0.5f)), ScalarType.Bool);
        return Dropout(node, x => x.Doubles(1)[0], ScalarType.Bool);
    }

    private static Kernel Dropout(NodeContext node, Func<StepInputs, double> ratio, ScalarType? maskType)
    {
        var readsMask = node.IsRead(1);
        return x =>
        {
            var p = x.Training ? ratio(x) : 0;
            if (!readsMask)
                return [nn.functional.dropout(x[0], p, x.Training)];
            var mask = x.Training ? rand_like(x[0]).Ge(p) : ones_like(x[0], ScalarType.Bool);
            return [x[0].mul(mask).Div(1 - p), mask.to(maskType ?? x[0].dtype)];
        };
    }

    private static Func<StepInputs, double> ReadRatio(NodeContext node) => Constant(node, node.Attributes.GetFloat("ratio", 0.5f));

    private static Func<StepInputs, double> Constant(NodeContext node, double ratio) =>
        ratio is >= 0 and < 1 ? _ => ratio : throw node.Unsupported("has a ratio outside [0, 1)", $"{ratio}");
}
