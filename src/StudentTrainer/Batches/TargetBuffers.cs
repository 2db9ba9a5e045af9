using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Operators;
using OnnxKd.StudentTrainer.Signals;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Batches;

/// <summary>
/// A stream of a cache, batch by batch: its fields go to the device as they are stored, so that 16-bit and sparse targets stay small on
/// the way.
/// </summary>
/// <param name="cache">The cache.</param>
/// <param name="form">The stream.</param>
/// <param name="batchSize">The most samples of a batch.</param>
/// <param name="device">Where it goes.</param>
internal sealed class TargetBuffers(LogitCache cache, StreamForm form, long batchSize, Device device) : IDisposable
{
    private readonly StagingTensor[] fields =
        [.. form.Fields.Select(field => new StagingTensor(Shape(field, batchSize, form.Stream.Positions), TypeOf(field.Type), device))];

    /// <summary>The stream's name.</summary>
    public string Name => form.Stream.Name;

    /// <summary>Reads rows of the cache.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="view">Their view.</param>
    /// <param name="sample">Which sample of the batch the first one is.</param>
    public void Fill(ReadOnlySpan<long> rows, int view, int sample = 0)
    {
        for (var i = 0; i < fields.Length; i++)
        {
            var bytes = checked((int)form.Fields[i].Bytes);
            var stored = fields[i].Bytes.Slice(sample * bytes, rows.Length * bytes);
            cache.ReadField(form.Stream, form.Fields[i].Name, rows, view, stored);
            form.Check(i, stored);
        }
    }

    /// <summary>Makes a signal of what was read last.</summary>
    /// <param name="rows">How many samples.</param>
    /// <param name="counted">The positions that count; of inner tensors all are kept. <c>null</c>: all.</param>
    public StreamSignal ToDevice(int rows, CountedRows? counted)
    {
        var indices = form.Kind == SignalKind.Features ? null : counted?.Indices(form.Stream.Positions);
        return form.Bind(Array.ConvertAll(fields, field => field.OnDevice((long)rows * form.Stream.Positions, indices)));
    }

    /// <inheritdoc/>
    public void Dispose() => Array.ForEach(fields, field => field.Dispose());

    /// <summary>Positions of all samples × values of each.</summary>
    private static long[] Shape(StorageField field, long batchSize, int positions) =>
        [batchSize * positions, field.Shape.Aggregate(1L, (product, size) => product * size) / positions];

    /// <summary>libtorch has no arithmetic on unsigned 16-bit integers: they travel as signed ones of the same bits.</summary>
    private static ScalarType TypeOf(ElementType type) => type == ElementType.UInt16 ? ScalarType.Int16 : TorchTypes.Of(type)!.Value;
}
