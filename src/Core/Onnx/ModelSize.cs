using Onnx;
using OnnxKd.Core.Errors;

namespace OnnxKd.Core.Onnx;

/// <summary>The 2 GB that a protocol-buffers message may have at most.</summary>
internal static class ModelSize
{
    public static UnsupportedModelException TooLarge(string where, long bytes) => new(
        "A model is too large for one ONNX file.",
        where: where,
        found: $"{bytes:N0} bytes",
        expected: $"at most {int.MaxValue:N0} bytes, external data included",
        remedy: "use a smaller model, or one with float16 weights");

    /// <summary>Checks before serialising: protobuf itself would overflow its 32-bit sizes.</summary>
    public static void Require(ModelProto model, string where)
    {
        long bytes = 0;
        foreach (var tensor in ModelTraversal.Tensors(model))
            bytes += tensor.CalculateSize();
        if (bytes > int.MaxValue)
            throw TooLarge(where, bytes);
    }
}
