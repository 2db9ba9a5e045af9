using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;

namespace OnnxKd.TeacherRunner.Deployment;

/// <summary>One value for each input of a model.</summary>
public sealed class FeedBatch : IDisposable
{
    private readonly List<OrtValue> values = [];
    private readonly List<string> names = [];

    /// <summary>Starts a batch.</summary>
    /// <param name="rows">How many samples it will hold.</param>
    internal FeedBatch(int rows) => Rows = rows;

    /// <summary>How many samples it holds.</summary>
    public int Rows { get; }

    /// <summary>The size of all values.</summary>
    public long Bytes { get; private set; }

    /// <summary>The inputs.</summary>
    internal IReadOnlyCollection<string> Names => names;

    /// <summary>A value for each of them.</summary>
    internal IReadOnlyCollection<OrtValue> Values => values;

    /// <summary>Adds an input; whole numbers are cut off, and what is no number of the type becomes its nearest.</summary>
    internal void Add(string name, ElementType type, long[] shape, ReadOnlySpan<float> content)
    {
        var value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, (TensorElementType)type.ToDataType(), shape);
        names.Add(name);
        values.Add(value);
        var bytes = value.GetTensorMutableRawData();
        Bytes += bytes.Length;
        Write(content, type, bytes);
    }

    /// <summary>Adds an input of texts; empty ones where there are fewer.</summary>
    internal void AddTexts(string name, long[] shape, IReadOnlyList<string> content)
    {
        var value = OrtValue.CreateTensorWithEmptyStrings(OrtAllocator.DefaultInstance, shape);
        names.Add(name);
        values.Add(value);
        for (var i = 0; i < content.Count; i++)
            value.StringTensorSetElementAt(content[i].AsSpan(), i);
    }

    /// <inheritdoc/>
    public void Dispose() => values.ForEach(value => value.Dispose());

    private static void Write(ReadOnlySpan<float> content, ElementType type, Span<byte> bytes)
    {
        switch (type)
        {
            case ElementType.Bool: Convert(content, bytes, v => v != 0); break;
            case ElementType.UInt8: Convert(content, bytes, byte.CreateSaturating<float>); break;
            case ElementType.Int8: Convert(content, bytes, sbyte.CreateSaturating<float>); break;
            case ElementType.UInt16: Convert(content, bytes, ushort.CreateSaturating<float>); break;
            case ElementType.Int16: Convert(content, bytes, short.CreateSaturating<float>); break;
            case ElementType.UInt32: Convert(content, bytes, uint.CreateSaturating<float>); break;
            case ElementType.Int32: Convert(content, bytes, int.CreateSaturating<float>); break;
            case ElementType.UInt64: Convert(content, bytes, ulong.CreateSaturating<float>); break;
            case ElementType.Int64: Convert(content, bytes, long.CreateSaturating<float>); break;
            case ElementType.Float16: Convert(content, bytes, Half.CreateSaturating<float>); break;
            case ElementType.BFloat16: Convert(content, bytes, Elements.ToBFloat16); break;
            case ElementType.Float64: Convert(content, bytes, v => (double)v); break;
            default: MemoryMarshal.AsBytes(content).CopyTo(bytes); break;
        }
    }

    private static void Convert<T>(ReadOnlySpan<float> content, Span<byte> bytes, Func<float, T> convert)
        where T : unmanaged
    {
        var target = MemoryMarshal.Cast<byte, T>(bytes);
        for (var i = 0; i < content.Length; i++)
            target[i] = convert(content[i]);
    }
}
