using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Losses.Targets;
using OnnxKd.StudentTrainer.Operators;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Training;

/// <summary>
/// A stream of a cache, batch by batch: its fields go to the device as they are stored, so that 16-bit and sparse targets stay small on
/// the way.
/// </summary>
/// <param name="cache">The cache.</param>
/// <param name="form">The stream.</param>
/// <param name="batchSize">The most rows of a batch.</param>
internal sealed class TargetBuffers(LogitCache cache, TargetForm form, long batchSize) : IDisposable
{
    private readonly Tensor[] fields = [.. form.Fields.Select(field =>
        empty([batchSize, .. field.Shape.Select(size => (long)size)], TypeOf(field.Type), CPU).DetachFromDisposeScope())];

    /// <summary>The stream's name.</summary>
    public string Name => form.Stream.Name;

    /// <summary>Reads rows.</summary>
    public void Fill(ReadOnlySpan<long> rows, int view)
    {
        for (var i = 0; i < fields.Length; i++)
        {
            var stored = fields[i].bytes[..checked((int)(rows.Length * form.Fields[i].Bytes))];
            cache.ReadField(form.Stream, form.Fields[i].Name, rows, view, stored);
            form.Check(i, stored);
        }
    }

    /// <summary>Makes targets of what was read last.</summary>
    /// <param name="rows">How many samples.</param>
    /// <param name="device">Where they go.</param>
    /// <param name="valid">The positions that count, on the device; <c>null</c>: all.</param>
    public TeacherTargets ToDevice(int rows, Device device, Tensor? valid) => form.Bind(Array.ConvertAll(fields, field =>
        Batch.Rows(field.narrow(0, 0, rows).to(device), field.numel() / (batchSize * form.Stream.Positions), valid)));

    /// <inheritdoc/>
    public void Dispose() => Array.ForEach(fields, field => field.Dispose());

    /// <summary>libtorch has no arithmetic on unsigned 16-bit integers: they travel as signed ones of the same bits.</summary>
    private static ScalarType TypeOf(ElementType type) => type == ElementType.UInt16 ? ScalarType.Int16 : TorchTypes.Of(type)!.Value;
}
