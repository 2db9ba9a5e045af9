using OnnxKd.Core.Tensors;
using static Onnx.TensorProto.Types;

namespace OnnxKd.Core.Onnx;

/// <summary>ONNX's numbers for element types.</summary>
internal static class TensorTypes
{
    /// <summary>The element type of a tensor.</summary>
    /// <param name="dataType">A value of <c>TensorProto.DataType</c>.</param>
    /// <param name="type">The same as an element type.</param>
    /// <returns>Whether it is a type that can be computed with here: not text, complex, or narrower than a byte.</returns>
    public static bool TryElementType(int dataType, out ElementType type)
    {
        (var known, type) = (DataType)dataType switch
        {
            DataType.Float => (true, ElementType.Float32),
            DataType.Uint8 => (true, ElementType.UInt8),
            DataType.Int8 => (true, ElementType.Int8),
            DataType.Uint16 => (true, ElementType.UInt16),
            DataType.Int16 => (true, ElementType.Int16),
            DataType.Int32 => (true, ElementType.Int32),
            DataType.Int64 => (true, ElementType.Int64),
            DataType.Bool => (true, ElementType.Bool),
            DataType.Float16 => (true, ElementType.Float16),
            DataType.Double => (true, ElementType.Float64),
            DataType.Uint32 => (true, ElementType.UInt32),
            DataType.Uint64 => (true, ElementType.UInt64),
            DataType.Bfloat16 => (true, ElementType.BFloat16),
            _ => (false, default),
        };
        return known;
    }

    /// <summary>ONNX's number for an element type.</summary>
    public static int ToDataType(this ElementType type) => (int)(type switch
    {
        ElementType.Bool => DataType.Bool,
        ElementType.UInt8 => DataType.Uint8,
        ElementType.Int8 => DataType.Int8,
        ElementType.UInt16 => DataType.Uint16,
        ElementType.Int16 => DataType.Int16,
        ElementType.UInt32 => DataType.Uint32,
        ElementType.Int32 => DataType.Int32,
        ElementType.UInt64 => DataType.Uint64,
        ElementType.Int64 => DataType.Int64,
        ElementType.Float16 => DataType.Float16,
        ElementType.BFloat16 => DataType.Bfloat16,
        ElementType.Float32 => DataType.Float,
        ElementType.Float64 => DataType.Double,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
    });

    /// <summary>The type's name as ONNX writes it: <c>FLOAT</c>, <c>INT64</c>; the number for one that is not known.</summary>
    public static string Name(int dataType) =>
        Enum.IsDefined((DataType)dataType) ? ((DataType)dataType).ToString().ToUpperInvariant() : $"type {dataType}";

    /// <summary>Whether a type is an integer of 8 bits, with or without a sign.</summary>
    public static bool IsByte(int dataType) => (DataType)dataType is DataType.Int8 or DataType.Uint8;

    /// <summary>Whether a type is a float.</summary>
    public static bool IsFloat(int dataType) => TryElementType(dataType, out var type) && type.IsFloat();

    /// <summary>
    /// Bits of one element where elements have a fixed size; <c>null</c> for text and unknown types. Covers types newer than the schema
    /// (ONNX 1.18: float8 17–20 and 24, int4 21 and 22, float4 23), so that such tensors can be checked and carried.
    /// </summary>
    internal static int? Bits(int dataType) => TryElementType(dataType, out var type) ? type.Size() * 8 : dataType switch
    {
        (int)DataType.Complex64 => 64,
        (int)DataType.Complex128 => 128,
        17 or 18 or 19 or 20 or 24 => 8,
        21 or 22 or 23 => 4,
        _ => null,
    };
}
