using System.Runtime.InteropServices;
using Google.Protobuf;
using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.Onnx;

/// <summary>The values of a <see cref="TensorProto"/>, in whichever of its fields they are stored.</summary>
/// <remarks>Writing always uses <c>raw_data</c> (little-endian), the one form that holds every type, and clears the typed fields.</remarks>
internal static class TensorData
{
    /// <summary>The element type.</summary>
    /// <exception cref="UnsupportedModelException">Text, complex numbers, or a type that is not known.</exception>
    public static ElementType ElementTypeOf(this TensorProto tensor) =>
        TensorTypes.TryElementType(tensor.DataType, out var type) ? type : throw new UnsupportedModelException(
            "A tensor has an element type that is not supported.",
            where: $"tensor '{tensor.Name}'",
            found: TensorTypes.Name(tensor.DataType),
            expected: "bool, an integer of 8 to 64 bits, or a float of 16 to 64 bits");

    /// <summary>The number of elements.</summary>
    /// <exception cref="InputException">The shape is impossible.</exception>
    public static int ElementCount(this TensorProto tensor) =>
        Shapes.TryElements(tensor.Dims, out var elements) && elements <= Array.MaxLength ? (int)elements : throw Bad(
            tensor, "A tensor's shape is impossible.", Shapes.Format(tensor.Dims), $"at most {Array.MaxLength} elements, no negative size");

    /// <summary>The values as float32 (rounded to nearest from wider types), last axis fastest.</summary>
    public static float[] ToFloats(this TensorProto tensor)
    {
        var values = new float[tensor.ElementCount()];
        Elements.ToSingle(tensor.RawBytes(), tensor.ElementTypeOf(), values);
        return values;
    }

    /// <summary>The values of an integer or bool tensor.</summary>
    /// <exception cref="InputException">The tensor holds floats.</exception>
    public static long[] ToLongs(this TensorProto tensor)
    {
        var type = tensor.ElementTypeOf();
        if (type.IsFloat())
            throw Bad(tensor, "A tensor of integers is needed.", type.Name(), "an integer type");
        var values = new long[tensor.ElementCount()];
        Elements.ToInt64(tensor.RawBytes(), type, values);
        return values;
    }

    /// <summary>The elements as they lie, or would lie, in <c>raw_data</c>: little-endian, last axis fastest.</summary>
    /// <exception cref="InputException">The stored values do not fit the shape.</exception>
    public static ReadOnlySpan<byte> RawBytes(this TensorProto tensor)
    {
        var type = tensor.ElementTypeOf();
        var bytes = !tensor.RawData.IsEmpty ? tensor.RawData.Span : TypedBytes(tensor, type);
        var expected = (long)tensor.ElementCount() * type.Size();
        return bytes.Length == expected ? bytes : throw Bad(
            tensor,
            "A tensor's values do not fit its shape.",
            $"{bytes.Length / type.Size()} values ({bytes.Length} bytes)",
            $"{tensor.ElementCount()} values of {type.Name()} {Shapes.Format(tensor.Dims)}");
    }

    /// <summary>Replaces values and, if given, the shape; the type becomes float32.</summary>
    public static void SetFloats(this TensorProto tensor, ReadOnlySpan<float> values, IEnumerable<long>? shape = null) =>
        Set(tensor, ElementType.Float32, MemoryMarshal.AsBytes(values), shape);

    /// <summary>Replaces type, values and, if given, the shape.</summary>
    /// <param name="tensor">The tensor to change.</param>
    /// <param name="type">The new element type.</param>
    /// <param name="bytes">Little-endian elements.</param>
    /// <param name="shape">The new shape; <c>null</c> keeps the old one.</param>
    /// <exception cref="ArgumentException">The number of bytes does not fit the shape.</exception>
    public static void Set(this TensorProto tensor, ElementType type, ReadOnlySpan<byte> bytes, IEnumerable<long>? shape = null) =>
        Set(tensor, type, ByteString.CopyFrom(bytes), shape);

    /// <summary>A new float32 tensor.</summary>
    public static TensorProto Create(string name, ReadOnlySpan<float> values, params ReadOnlySpan<long> shape) =>
        Create(name, ElementType.Float32, MemoryMarshal.AsBytes(values), shape);

    /// <summary>A new int64 tensor.</summary>
    public static TensorProto Create(string name, ReadOnlySpan<long> values, params ReadOnlySpan<long> shape) =>
        Create(name, ElementType.Int64, MemoryMarshal.AsBytes(values), shape);

    /// <summary>A new tensor of any type, from little-endian elements.</summary>
    public static TensorProto Create(string name, ElementType type, ReadOnlySpan<byte> bytes, params ReadOnlySpan<long> shape) =>
        Wrap(name, type, bytes.ToArray(), shape);

    /// <summary>A new tensor of these very bytes, which nobody may change any more.</summary>
    public static TensorProto Wrap(string name, ElementType type, byte[] bytes, params ReadOnlySpan<long> shape)
    {
        var tensor = new TensorProto { Name = name };
        Set(tensor, type, UnsafeByteOperations.UnsafeWrap(bytes), shape.ToArray());
        return tensor;
    }

    /// <summary>Forgets the values, wherever they are.</summary>
    internal static void ClearValues(TensorProto tensor)
    {
        tensor.RawData = ByteString.Empty;
        tensor.FloatData.Clear();
        tensor.DoubleData.Clear();
        tensor.Int32Data.Clear();
        tensor.Int64Data.Clear();
        tensor.Uint64Data.Clear();
        tensor.StringData.Clear();
        tensor.ExternalData.Clear();
        tensor.DataLocation = TensorProto.Types.DataLocation.Default;
    }

    private static void Set(TensorProto tensor, ElementType type, ByteString bytes, IEnumerable<long>? shape)
    {
        long[] dims = [.. shape ?? tensor.Dims];
        if (!Shapes.TryBytes(type, dims, out var expected) || bytes.Length != expected)
            throw new ArgumentException($"{bytes.Length} bytes do not fill {type.Name()} {Shapes.Format(dims)} of '{tensor.Name}'.");
        tensor.Dims.Clear();
        tensor.Dims.AddRange(dims);
        tensor.DataType = type.ToDataType();
        ClearValues(tensor);
        tensor.RawData = bytes;
    }

    /// <summary>From the typed field that ONNX prescribes; narrow types (and the bits of 16-bit floats) share <c>int32_data</c>.</summary>
    private static byte[] TypedBytes(TensorProto tensor, ElementType type) => type switch
    {
        ElementType.Float32 => Bytes<float>([.. tensor.FloatData]),
        ElementType.Float64 => Bytes<double>([.. tensor.DoubleData]),
        ElementType.Int64 => Bytes<long>([.. tensor.Int64Data]),
        ElementType.Int32 => Bytes<int>([.. tensor.Int32Data]),
        ElementType.UInt64 => Bytes<ulong>([.. tensor.Uint64Data]),
        ElementType.UInt32 => Bytes<uint>([.. tensor.Uint64Data.Select(value => (uint)value)]),
        ElementType.Bool => Bytes<byte>([.. tensor.Int32Data.Select(value => value == 0 ? (byte)0 : (byte)1)]),
        _ when type.Size() == 1 => Bytes<byte>([.. tensor.Int32Data.Select(value => (byte)value)]),
        _ => Bytes<ushort>([.. tensor.Int32Data.Select(value => (ushort)value)]),
    };

    private static byte[] Bytes<T>(T[] values) where T : unmanaged => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();

    private static InputException Bad(TensorProto tensor, string what, string found, string expected) =>
        new(what, where: $"tensor '{tensor.Name}'", found, expected);
}
