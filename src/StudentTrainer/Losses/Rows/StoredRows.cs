using System.Runtime.InteropServices;
using OnnxKd.Core.Tensors;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Losses.Rows;

/// <summary>Rows of numbers, read in the type that they are stored in: no tensor is made of them as float32.</summary>
internal sealed class StoredRows
{
    private readonly NativeRows<byte> rows;
    private readonly ElementType type;

    /// <summary>Finds the rows.</summary>
    /// <param name="values">Rows × values on the CPU; converted if they are neither floats of 16 or 32 bits nor int8.</param>
    public StoredRows(Tensor values)
    {
        (var tensor, type) = values.dtype switch
        {
            ScalarType.Float16 => (values, ElementType.Float16),
            ScalarType.BFloat16 => (values, ElementType.BFloat16),
            ScalarType.Int8 => (values, ElementType.Int8),
            _ => (values.to(float32), ElementType.Float32),
        };
        rows = new(tensor.contiguous());
    }

    /// <summary>Values of a row.</summary>
    public int Length => rows.Length / type.Size();

    /// <summary>A row.</summary>
    /// <param name="row">Its index.</param>
    /// <param name="buffer">Where it is converted to, unless it can be read in place; at least as long as a row.</param>
    public ReadOnlySpan<float> Read(int row, Span<float> buffer)
    {
        if (type == ElementType.Float32)
            return MemoryMarshal.Cast<byte, float>(rows[row]);
        Elements.ToSingle(rows[row], type, buffer[..Length]);
        return buffer[..Length];
    }
}
