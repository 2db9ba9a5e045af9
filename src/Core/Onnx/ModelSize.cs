using Onnx;
using OnnxKd.Core.Errors;

namespace OnnxKd.Core.Onnx;

/// <summary>The 2 GB that a protocol-buffers message may have at most.</summary>
internal static class ModelSize
{
    public static UnsupportedModelException TooLarge(string where, long bytes, long most = int.MaxValue) => new(
        "A model is too large for one ONNX file.",
        where: where,
        found: $"{bytes:N0} bytes",
        expected: $"at most {most:N0} bytes",
        remedy: "use a smaller model, or one with float16 weights");

    /// <summary>Checks that tensors can be read into memory, and that ONNX Runtime can have them once more.</summary>
    public static void RequireMemory(string where, long bytes)
    {
        var available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2;
        if (bytes > available)
            throw new UnsupportedModelException(
                "A model does not fit into memory.", where, $"{bytes:N0} bytes, external data included", $"at most {available:N0} bytes, half of this machine's memory", "use a machine with more memory, or a model with float16 weights");
    }

    /// <summary>Checks before serialising: protobuf itself would overflow its 32-bit sizes.</summary>
    public static void Require(ModelProto model, string where, long most = int.MaxValue)
    {
        if (Of(model) is var bytes && bytes > most)
            throw TooLarge(where, bytes, most);
    }

    /// <summary>The bytes of a model's tensors, which are nearly all of it.</summary>
    public static long Of(ModelProto model) => ModelTraversal.Tensors(model).Sum(tensor => (long)tensor.CalculateSize());
}
