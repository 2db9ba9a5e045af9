using System.Collections;
using static TorchSharp.torch;

namespace TorchSharp.Utils;

/// <summary>Reads and writes a CPU tensor's elements in row-major order; strides are followed where it is not contiguous.</summary>
public sealed class TensorAccessor<T> : IDisposable, IEnumerable<T> where T : unmanaged
{
    private readonly Tensor tensor;
    private readonly nint pointer;
    private readonly long[] shape;
    private readonly long[] strides;
    private readonly bool contiguous;

    internal TensorAccessor(Tensor tensor)
    {
        this.tensor = tensor;
        pointer = tensor.DataPointer;
        shape = tensor.shape;
        strides = tensor.stride();
        contiguous = tensor.is_contiguous();
        Count = tensor.NumberOfElements;
    }

    public long Count { get; }

    public bool IsReadOnly => false;

    /// <summary>One index counts elements in row-major order; as many as dimensions select one element.</summary>
    public unsafe T this[params long[] indices]
    {
        get => *Address(indices);
        set => *Address(indices) = value;
    }

    public unsafe T[] ToArray()
    {
        var array = new T[Count];
        CopyTo(array);
        return array;
    }

    /// <summary>An array of the tensor's shape.</summary>
    public Array ToNDArray()
    {
        if (shape.Length == 0)
            return ToArray();
        var array = Array.CreateInstance(typeof(T), shape);
        var indices = new long[shape.Length];
        foreach (var value in this)
        {
            array.SetValue(value, indices);
            for (var d = shape.Length - 1; d >= 0 && ++indices[d] == shape[d]; d--)
                indices[d] = 0;
        }
        return array;
    }

    public void CopyTo(T[] array, int arrayIndex = 0, long tensorIndex = 0) => CopyTo(array.AsSpan(), arrayIndex, tensorIndex);

    public unsafe void CopyTo(Span<T> array, int arrayIndex = 0, long tensorIndex = 0)
    {
        var target = array[arrayIndex..];
        var count = (int)Math.Min(target.Length, Count - tensorIndex);
        if (contiguous)
            new ReadOnlySpan<T>((T*)pointer + tensorIndex, count).CopyTo(target);
        else
            for (var i = 0; i < count; i++)
                target[i] = *Element(tensorIndex + i);
        GC.KeepAlive(tensor);
    }

    public void CopyFrom(T[] array, int arrayIndex = 0, long tensorIndex = 0) =>
        CopyFrom((ReadOnlySpan<T>)array, arrayIndex, tensorIndex);

    public unsafe void CopyFrom(ReadOnlySpan<T> array, int arrayIndex = 0, long tensorIndex = 0)
    {
        var source = array[arrayIndex..];
        var count = (int)Math.Min(source.Length, Count - tensorIndex);
        if (contiguous)
            source[..count].CopyTo(new Span<T>((T*)pointer + tensorIndex, count));
        else
            for (var i = 0; i < count; i++)
                *Element(tensorIndex + i) = source[i];
        GC.KeepAlive(tensor);
    }

    public IEnumerator<T> GetEnumerator()
    {
        for (var i = 0L; i < Count; i++)
            yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override bool Equals(object? obj) => obj is TensorAccessor<T> other && this == other;

    public override int GetHashCode() => HashCode.Combine(pointer, Count);

    public static bool operator ==(TensorAccessor<T> left, TensorAccessor<T> right) =>
        ReferenceEquals(left, right) || (left is not null && right is not null && left.Count == right.Count && left.SequenceEqual(right));

    public static bool operator !=(TensorAccessor<T> left, TensorAccessor<T> right) => !(left == right);

    /// <summary>Does nothing: the tensor is its owner's. It is part of TorchSharp's API.</summary>
    public void Dispose() { }

    private unsafe T* Address(long[] indices)
    {
        if (indices.Length == 1)
            return indices[0] >= 0 && indices[0] < Count ? Element(indices[0]) : throw OutOfRange(indices);
        if (indices.Length != shape.Length)
            throw new ArgumentException($"Expected 1 or {shape.Length} indices, got {indices.Length}.");
        var offset = 0L;
        for (var d = 0; d < shape.Length; d++)
        {
            if (indices[d] < 0 || indices[d] >= shape[d])
                throw OutOfRange(indices);
            offset += indices[d] * strides[d];
        }
        return (T*)pointer + offset;
    }

    private unsafe T* Element(long index)
    {
        if (contiguous)
            return (T*)pointer + index;
        var offset = 0L;
        for (var d = shape.Length - 1; d >= 0; d--)
        {
            offset += index % shape[d] * strides[d];
            index /= shape[d];
        }
        return (T*)pointer + offset;
    }

    private IndexOutOfRangeException OutOfRange(long[] indices) =>
        new($"Index [{string.Join(", ", indices)}] is outside a tensor of shape [{string.Join(", ", shape)}].");
}
