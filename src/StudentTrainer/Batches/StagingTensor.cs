using OnnxKd.Core.Errors;
using OnnxKd.Core.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Batches;

/// <summary>
/// A tensor on the host that is filled over and over, on its way to a device. For a GPU its memory is page-locked and a copy is only begun, so that
/// nobody waits for it: before it is filled again, <see cref="Settle"/> must have waited for the device.
/// </summary>
/// <param name="shape">[rows, ...].</param>
/// <param name="type">Of the elements.</param>
/// <param name="device">Where it goes.</param>
internal sealed class StagingTensor(long[] shape, ScalarType type, Device device) : IDisposable
{
    private readonly Tensor host = Create(shape, type, device);

    /// <summary>Where it is filled.</summary>
    public Span<byte> Bytes => host.bytes;

    /// <summary>Waits until nothing is being copied from any staging tensor to a device any more.</summary>
    /// <param name="device">The device; nothing is ever copied to the CPU.</param>
    public static void Settle(Device device)
    {
        if (device.type != DeviceType.CPU)
            cuda.synchronize(device);
    }

    /// <summary>What lies in it, on the device: the tensor itself where that is all of it on the CPU. Valid until it is filled again.</summary>
    /// <param name="rows">How many rows.</param>
    /// <param name="counted">Indices (int64, on the device) of those that are wanted; <c>null</c>: all.</param>
    public Tensor OnDevice(long rows, Tensor? counted = null)
    {
        var filled = rows == shape[0] ? host : host.narrow(0, 0, rows);
        if (device.type != DeviceType.CPU)
            filled = filled.to(device, non_blocking: true);
        return counted is null ? filled : filled.index_select(0, counted);
    }

    /// <inheritdoc/>
    public void Dispose() => host.Dispose();

    private static Tensor Create(long[] shape, ScalarType type, Device device)
    {
        var bytes = shape.Aggregate((Int128)type.ElementSize(), (product, size) => product * size);
        if (bytes > Array.MaxLength)
            throw new InputException(
                "A batch is too large.", "training.batch-size", $"{FileSize.Format((long)bytes)} of samples, or of what a teacher says of them, in a batch or a queue",
                $"{FileSize.Format(Array.MaxLength)} at most", "choose a smaller batch-size (or queue)");
        var plain = empty(shape, type, CPU).DetachFromDisposeScope();
        if (device.type == DeviceType.CPU)
            return plain;
        using (plain)
            return plain.pin_memory().DetachFromDisposeScope();
    }
}
