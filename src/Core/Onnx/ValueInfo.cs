using Onnx;
using OnnxKd.Core.Errors;
using static Onnx.TensorShapeProto.Types;

namespace OnnxKd.Core.Onnx;

/// <summary>One axis of a declared shape: a size, a name, or neither.</summary>
/// <param name="Size">The size, if it is fixed.</param>
/// <param name="Name">The name of a size that is free, if it has one.</param>
public readonly record struct Dim(long? Size, string? Name = null)
{
    /// <summary>Whether any size will do.</summary>
    public bool IsDynamic => Size is null;

    /// <summary>The size, the name, or <c>?</c>.</summary>
    public override string ToString() => Size?.ToString() ?? Name ?? "?";

    /// <summary>A fixed size.</summary>
    public static implicit operator Dim(long size) => new(size);

    /// <summary>A free size with a name.</summary>
    public static implicit operator Dim(string name) => new(null, name);
}

/// <summary>Declared types of a graph's inputs and outputs.</summary>
internal static class ValueInfo
{
    /// <summary>The shape; <c>null</c> if the model does not declare one.</summary>
    /// <exception cref="UnsupportedModelException">The value is not a dense tensor.</exception>
    public static IReadOnlyList<Dim>? ShapeOf(this ValueInfoProto value)
    {
        var type = TensorType(value);
        return type.Shape is null ? null : [.. type.Shape.Dim.Select(ToDim)];
    }

    /// <summary>ONNX's number of the element type; 0 if the model does not declare one.</summary>
    /// <exception cref="UnsupportedModelException">The value is not a dense tensor.</exception>
    public static int DataTypeOf(this ValueInfoProto value) => TensorType(value).ElemType;

    /// <summary>A declaration of a dense tensor.</summary>
    public static ValueInfoProto Create(string name, Tensors.ElementType type, params ReadOnlySpan<Dim> shape)
    {
        var proto = new TensorShapeProto();
        foreach (var dim in shape)
        {
            proto.Dim.Add(dim switch
            {
                { Size: { } size } => new Dimension { DimValue = size },
                { Name: { } parameter } => new Dimension { DimParam = parameter },
                _ => new Dimension(),
            });
        }
        return new() { Name = name, Type = new() { TensorType = new() { ElemType = type.ToDataType(), Shape = proto } } };
    }

    private static Dim ToDim(Dimension dim) => dim.ValueCase switch
    {
        // Some exporters write −1 (or 0) for a size that is free.
        Dimension.ValueOneofCase.DimValue => dim.DimValue > 0 ? new(dim.DimValue) : new(null),
        Dimension.ValueOneofCase.DimParam => new(null, dim.DimParam),
        _ => new(null),
    };

    private static TypeProto.Types.Tensor TensorType(ValueInfoProto value) => value.Type?.TensorType ?? throw new UnsupportedModelException(
        "An input or output is not a dense tensor.",
        where: $"'{value.Name}'",
        found: value.Type?.ValueCase.ToString() ?? "no type",
        expected: "a tensor",
        remedy: "export the model with tensors as inputs and outputs (for scikit-learn: option zipmap=False)");
}
