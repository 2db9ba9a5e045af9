using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>ONNX's element types as libtorch's.</summary>
internal static class TorchTypes
{
    /// <summary>The type for ONNX's number; <c>null</c> where libtorch has none (text, complex, unsigned integers above 8 bits).</summary>
    public static ScalarType? Of(int dataType) => TensorTypes.TryElementType(dataType, out var type) ? Of(type) : null;

    /// <summary>The type; <c>null</c> for unsigned integers above 8 bits.</summary>
    public static ScalarType? Of(ElementType type) => type switch
    {
        ElementType.Bool => ScalarType.Bool,
        ElementType.UInt8 => ScalarType.Byte,
        ElementType.Int8 => ScalarType.Int8,
        ElementType.Int16 => ScalarType.Int16,
        ElementType.Int32 => ScalarType.Int32,
        ElementType.Int64 => ScalarType.Int64,
        ElementType.Float16 => ScalarType.Float16,
        ElementType.BFloat16 => ScalarType.BFloat16,
        ElementType.Float32 => ScalarType.Float32,
        ElementType.Float64 => ScalarType.Float64,
        _ => null,
    };

    /// <summary>A tensor of a file, in its own type.</summary>
    /// <exception cref="UnsupportedModelException">libtorch has no such type.</exception>
    public static Tensor ToTensor(this Onnx.TensorProto source, Device device)
    {
        var type = Of(source.DataType) ?? throw new UnsupportedModelException(
            "A tensor has an element type that the trainer does not support.",
            where: $"tensor '{source.Name}'",
            found: TensorTypes.Name(source.DataType),
            expected: "bool, uint8, a signed integer or a float",
            remedy: "export the model without this type");
        using var scope = NewDisposeScope();
        var tensor = empty([.. source.Dims], type, CPU);
        source.RawBytes().CopyTo(tensor.bytes);
        return tensor.to(device).MoveToOuterDisposeScope();
    }
}
