using OnnxKd.Core.Onnx;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Conversion to another element type. Floats lose their fraction on the way to integers, and are true unless zero.</summary>
internal static class Casting
{
    public static Kernel Cast(NodeContext node)
    {
        var type = TypeOf(node, node.Attributes.GetInt("to"));
        _ = node.Attributes.GetInt("saturate", 1); // says something of 8-bit floats only
        return x => [To(x[0], type)];
    }

    public static Kernel CastLike(NodeContext node)
    {
        _ = node.Attributes.GetInt("saturate", 1);
        return x => [To(x[0], x[1].dtype)];
    }

    /// <summary>The type that an attribute names by ONNX's number.</summary>
    /// <exception cref="Core.Errors.UnsupportedModelException">libtorch has none.</exception>
    internal static ScalarType TypeOf(NodeContext node, long dataType) =>
        TorchTypes.Of((int)dataType) ?? throw node.Unsupported(
            "gives an element type that the trainer does not support",
            TensorTypes.Name((int)dataType),
            "expected: bool, uint8, a signed integer, or a float of 16 to 64 bits");

    private static Tensor To(Tensor x, ScalarType type) => x.dtype == type ? x.alias() : x.to(type);
}
