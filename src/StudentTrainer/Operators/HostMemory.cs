using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>
/// The elements of a tensor on the CPU, where they lie. The memory is libtorch's and does not move, so it can be used on any thread until the
/// tensor is disposed.
/// </summary>
/// <typeparam name="T">The type of its elements, or <see cref="byte"/>.</typeparam>
internal readonly unsafe struct HostMemory<T> where T : unmanaged
{
    private readonly Tensor owner; // lives as long as this, and with it the memory
    private readonly T* first;

    /// <summary>Finds the memory.</summary>
    /// <param name="tensor">Contiguous.</param>
    public HostMemory(Tensor tensor)
    {
        owner = tensor;
        var bytes = owner.bytes;
        Length = bytes.Length / sizeof(T);
        fixed (byte* address = bytes)
            first = (T*)address;
    }

    /// <summary>How many elements there are.</summary>
    public int Length { get; }

    /// <summary>Some of the elements.</summary>
    public Span<T> Slice(int start, int count) => new(first + start, count);
}

/// <summary>What of a tensor can be used as host memory.</summary>
internal static class HostMemory
{
    /// <summary>As many as a span of their bytes can hold.</summary>
    public const int MostFloats = int.MaxValue / sizeof(float);

    /// <summary>Whether a tensor holds float32 on the CPU, and no more than a span can.</summary>
    public static bool HoldsFloats(Tensor tensor) => tensor.device_type == TorchSharp.DeviceType.CPU && tensor.dtype == float32
        && tensor.numel() <= MostFloats;
}
