using System.Buffers.Binary;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace OnnxKd.Core.Tensors;

/// <summary>Conversions between elements as they lie in files (little-endian) and numbers.</summary>
internal static class Elements
{
    /// <summary>The nearest bfloat16, the even one of two; of a number that is none, one.</summary>
    public static ushort ToBFloat16(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? (ushort)(bits >> 16 | 0x40) : (ushort)(bits + 0x7FFF + (bits >> 16 & 1) >> 16);
    }

    /// <summary>Converts elements of any type to float32, rounding to nearest; false and true are 0 and 1.</summary>
    /// <param name="source">Little-endian elements.</param>
    /// <param name="type">Their type.</param>
    /// <param name="destination">As many values as there are elements.</param>
    public static void ToSingle(ReadOnlySpan<byte> source, ElementType type, Span<float> destination)
    {
        if (source.Length != (long)destination.Length * type.Size())
            throw new ArgumentException($"{source.Length} bytes are not {destination.Length} elements of {type.Name()}.");
        switch (type)
        {
            case ElementType.Bool or ElementType.UInt8: Widen(source, destination); break;
            case ElementType.Int8: Convert<sbyte>(source, destination); break;
            case ElementType.UInt16: Convert<ushort>(source, destination); break;
            case ElementType.Int16: Convert<short>(source, destination); break;
            case ElementType.UInt32: Convert<uint>(source, destination); break;
            case ElementType.Int32: Convert<int>(source, destination); break;
            case ElementType.UInt64: Convert<ulong>(source, destination); break;
            case ElementType.Int64: Convert<long>(source, destination); break;
            case ElementType.Float16: Convert<Half>(source, destination); break;
            case ElementType.BFloat16: Shift(source, destination); break;
            case ElementType.Float32: source.CopyTo(MemoryMarshal.AsBytes(destination)); break;
            case ElementType.Float64: Convert<double>(source, destination); break;
        }
    }

    /// <summary>Converts integer elements to 64 bits; unsigned values above 2⁶³ − 1 become 2⁶³ − 1.</summary>
    /// <inheritdoc cref="ToSingle"/>
    /// <exception cref="NotSupportedException">The type is a float.</exception>
    public static void ToInt64(ReadOnlySpan<byte> source, ElementType type, Span<long> destination)
    {
        if (source.Length != (long)destination.Length * type.Size())
            throw new ArgumentException($"{source.Length} bytes are not {destination.Length} elements of {type.Name()}.");
        switch (type)
        {
            case ElementType.Bool or ElementType.UInt8: Integers<byte>(source, destination); break;
            case ElementType.Int8: Integers<sbyte>(source, destination); break;
            case ElementType.UInt16: Integers<ushort>(source, destination); break;
            case ElementType.Int16: Integers<short>(source, destination); break;
            case ElementType.UInt32: Integers<uint>(source, destination); break;
            case ElementType.Int32: Integers<int>(source, destination); break;
            case ElementType.UInt64: Integers<ulong>(source, destination); break;
            case ElementType.Int64: Integers<long>(source, destination); break;
            default: throw new NotSupportedException($"{type.Name()} is not an integer type.");
        }
    }

    /// <summary>Reverses the bytes of each element in place: big-endian to little-endian and back.</summary>
    public static void ReverseEndianness(Span<byte> elements, int elementSize)
    {
        switch (elementSize)
        {
            case 2:
                var shorts = MemoryMarshal.Cast<byte, ushort>(elements);
                BinaryPrimitives.ReverseEndianness(shorts, shorts);
                break;
            case 4:
                var ints = MemoryMarshal.Cast<byte, uint>(elements);
                BinaryPrimitives.ReverseEndianness(ints, ints);
                break;
            case 8:
                var longs = MemoryMarshal.Cast<byte, ulong>(elements);
                BinaryPrimitives.ReverseEndianness(longs, longs);
                break;
        }
    }

    private static void Convert<T>(ReadOnlySpan<byte> source, Span<float> destination) where T : unmanaged, INumberBase<T> =>
        TensorPrimitives.ConvertTruncating(MemoryMarshal.Cast<byte, T>(source), destination);

    private static void Integers<T>(ReadOnlySpan<byte> source, Span<long> destination) where T : unmanaged, INumberBase<T>
    {
        var values = MemoryMarshal.Cast<byte, T>(source);
        for (var i = 0; i < values.Length; i++)
            destination[i] = long.CreateSaturating(values[i]);
    }

    /// <summary>Bytes to floats, sixteen at a time: images are mostly bytes, and the general conversion takes them one by one.</summary>
    private static void Widen(ReadOnlySpan<byte> source, Span<float> destination)
    {
        var i = 0;
        for (; i <= source.Length - Vector128<byte>.Count; i += Vector128<byte>.Count)
        {
            var shorts = Vector256.WidenLower(Vector128.Create(source[i..]).ToVector256Unsafe());
            var ints = Vector512.WidenLower(shorts.ToVector512Unsafe());
            Vector512.ConvertToSingle(ints.AsInt32()).CopyTo(destination[i..]);
        }
        for (; i < source.Length; i++)
            destination[i] = source[i];
    }

    private static void Shift(ReadOnlySpan<byte> source, Span<float> destination)
    {
        var halves = MemoryMarshal.Cast<byte, ushort>(source);
        for (var i = 0; i < halves.Length; i++)
            destination[i] = BitConverter.UInt32BitsToSingle((uint)halves[i] << 16);
    }
}
