using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Losses.Rows;

/// <summary>
/// The rows of a tensor on the CPU, where they lie. Its memory is libtorch's and does not move, so rows can be read on any thread
/// until the tensor is disposed.
/// </summary>
/// <typeparam name="T">The type of its elements, or <see cref="byte"/>.</typeparam>
internal sealed unsafe class NativeRows<T> where T : unmanaged
{
    private readonly Tensor owner; // lives as long as this, and with it the memory
    private readonly T* first;

    /// <summary>Finds the memory.</summary>
    /// <param name="tensor">Rows × anything; contiguous.</param>
    public NativeRows(Tensor tensor)
    {
        owner = tensor;
        var bytes = owner.bytes;
        Length = checked((int)(bytes.Length / sizeof(T) / Math.Max(1, tensor.shape[0])));
        fixed (byte* address = bytes)
            first = (T*)address;
    }

    /// <summary>Elements of a row.</summary>
    public int Length { get; }

    /// <summary>A row.</summary>
    public Span<T> this[int row] => new(first + (long)row * Length, Length);
}
