using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Tensors;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace OnnxKd.StudentTrainer.Signals;

/// <summary>Some classes at each position; their indices are the first field.</summary>
/// <param name="stream">The stream.</param>
internal abstract class SparseScoreForm(CacheStream stream) : ScoreForm(stream)
{
    /// <inheritdoc/>
    protected sealed override bool IsDense => false;

    /// <summary>A class that does not exist must not get to a device, where it would bring down the process.</summary>
    /// <inheritdoc/>
    public override void Check(int field, ReadOnlySpan<byte> stored)
    {
        if (field != 0 || stored.IsEmpty)
            return;
        var largest = Fields[0].Type == ElementType.UInt16
            ? TensorPrimitives.Max<ushort>(MemoryMarshal.Cast<byte, ushort>(stored))
            : TensorPrimitives.Max<uint>(MemoryMarshal.Cast<byte, uint>(stored));
        if (largest >= Stream.Classes)
            throw new CheckFailedException(
                "A logit cache names a class that does not exist.",
                where: $"stream '{Stream.Name}'",
                found: $"class {largest}",
                expected: $"0 to {Stream.Classes - 1}",
                remedy: "capture the cache again");
    }

    /// <summary>A field of integers as int64; 16-bit ones are unsigned, and travel as signed ones of the same bits.</summary>
    protected Tensor Integers(int field, IReadOnlyList<Tensor> fields) =>
        Fields[field].Type == ElementType.UInt16 ? fields[field].to(int64).Remainder(1 << 16) : fields[field].to(int64);
}
