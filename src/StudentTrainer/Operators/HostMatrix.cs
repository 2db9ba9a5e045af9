using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>A matrix of float32 in host memory: each row lies in one piece, or, transposed, each column does.</summary>
/// <param name="Memory">Where it lies.</param>
/// <param name="Start">The index of its first value there.</param>
/// <param name="Rows">Rows.</param>
/// <param name="Columns">Columns.</param>
/// <param name="Stride">From one row (column) to the next.</param>
/// <param name="IsTransposed">Whether columns, and not rows, lie in one piece.</param>
internal readonly record struct HostMatrix(HostMemory<float> Memory, int Start, int Rows, int Columns, int Stride, bool IsTransposed)
{
    /// <summary>The matrix of a contiguous tensor of two axes.</summary>
    public HostMatrix(Tensor tensor) : this(tensor, tensor.shape)
    {
    }

    private HostMatrix(Tensor tensor, long[] shape) : this(new(tensor), 0, (int)shape[0], (int)shape[1], (int)shape[1], false)
    {
    }

    /// <summary>The same values with rows for columns.</summary>
    public HostMatrix Transposed => this with { Rows = Columns, Columns = Rows, IsTransposed = !IsTransposed };

    /// <summary>From the first value on.</summary>
    public Span<float> Values => Memory.Slice(Start, Memory.Length - Start);

    /// <summary>Some rows.</summary>
    public HostMatrix RowRange(int first, int count) => this with { Start = Start + first * (IsTransposed ? 1 : Stride), Rows = count };

    /// <summary>Some columns.</summary>
    public HostMatrix ColumnRange(int first, int count) => this with { Start = Start + first * (IsTransposed ? Stride : 1), Columns = count };

    /// <summary>A row that lies in one piece.</summary>
    public Span<float> Row(int index) => Memory.Slice(Start + index * Stride, Columns);
}
