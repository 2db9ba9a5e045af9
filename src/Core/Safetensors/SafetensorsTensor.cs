using System.Runtime.InteropServices;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.Safetensors;

/// <summary>A tensor to be written.</summary>
/// <param name="Name">Its name, unique in the file.</param>
/// <param name="Type">The element type.</param>
/// <param name="Shape">The sizes of the axes; empty for a scalar.</param>
/// <param name="WriteTo">Writes the little-endian elements, last axis fastest: exactly as many bytes as type and shape say.</param>
internal sealed record SafetensorsTensor(string Name, ElementType Type, IReadOnlyList<long> Shape, Action<Stream> WriteTo)
{
    /// <summary>A tensor from little-endian bytes.</summary>
    public static SafetensorsTensor FromBytes(
        string name, ElementType type, ReadOnlyMemory<byte> bytes, params IReadOnlyList<long> shape) =>
        new(name, type, shape, stream => stream.Write(bytes.Span));

    /// <summary>A float32 tensor.</summary>
    public static SafetensorsTensor From(string name, ReadOnlyMemory<float> values, params IReadOnlyList<long> shape) =>
        new(name, ElementType.Float32, shape, stream => stream.Write(MemoryMarshal.AsBytes(values.Span)));

    /// <summary>An int64 tensor.</summary>
    public static SafetensorsTensor From(string name, ReadOnlyMemory<long> values, params IReadOnlyList<long> shape) =>
        new(name, ElementType.Int64, shape, stream => stream.Write(MemoryMarshal.AsBytes(values.Span)));
}
