using OnnxKd.StudentTrainer.Operators;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Losses.Rows;

/// <summary>The rows of a tensor on the CPU, where they lie.</summary>
/// <typeparam name="T">The type of its elements, or <see cref="byte"/>.</typeparam>
internal sealed class NativeRows<T> where T : unmanaged
{
    private readonly HostMemory<T> memory;

    /// <summary>Finds the memory.</summary>
    /// <param name="tensor">Rows × anything; contiguous.</param>
    public NativeRows(Tensor tensor)
    {
        memory = new(tensor);
        Length = memory.Length / (int)Math.Max(1, tensor.shape[0]);
    }

    /// <summary>Elements of a row.</summary>
    public int Length { get; }

    /// <summary>A row.</summary>
    public Span<T> this[int row] => memory.Slice(row * Length, Length);
}
