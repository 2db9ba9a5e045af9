using System.Buffers;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>Memory that batches live in, of the kind that a session's device copies from fastest: page-locked for CUDA, plain for the CPU.</summary>
internal sealed class HostMemory : IDisposable
{
    private readonly OrtAllocator allocator;
    private readonly List<Block> blocks = [];

    /// <summary>Opens the allocator that a session has for its device's host memory.</summary>
    public HostMemory(InferenceSession session, ExecutionDevice device)
    {
        using var kind = device.DescribeHostMemory();
        try
        {
            allocator = new(session, kind);
        }
        catch (OnnxRuntimeException)
        {
            // A build without page-locked memory copies slower, but copies.
            allocator = new(session, OrtMemoryInfo.DefaultInstance);
        }
    }

    /// <summary>A block that lives until this is disposed; its content is not set.</summary>
    public Memory<float> Allocate(int length)
    {
        if (length == 0)
            return Memory<float>.Empty;
        var block = new Block(OrtValue.CreateAllocatedTensorValue(allocator, TensorElementType.Float, [length]), length);
        blocks.Add(block);
        return block.Memory;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var block in blocks)
            ((IDisposable)block).Dispose();
        blocks.Clear();
        allocator.Dispose();
    }

    /// <summary>A tensor's memory as <see cref="Memory{T}"/>. It never moves, so pinning it costs nothing.</summary>
    private sealed unsafe class Block : MemoryManager<float>
    {
        private readonly OrtValue tensor;
        private readonly float* start;
        private readonly int length;

        public Block(OrtValue tensor, int length)
        {
            (this.tensor, this.length) = (tensor, length);
            fixed (float* first = tensor.GetTensorMutableDataAsSpan<float>())
                start = first;
        }

        public override Span<float> GetSpan() => new(start, length);

        public override MemoryHandle Pin(int elementIndex = 0) => new(start + elementIndex);

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing) => tensor.Dispose();
    }
}
