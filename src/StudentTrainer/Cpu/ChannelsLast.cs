using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Cpu;

/// <summary>
/// Images on the CPU with the channels of a pixel side by side in memory. The shape stays [N, channels, height, width]; only the strides
/// change, and with them how fast libtorch is: convolutions, batch normalisation and pooling have better kernels for this layout, and each
/// hands it on to the next. What needs another layout makes its own copy.
/// </summary>
internal static class ChannelsLast
{
    /// <summary>Brings a batch of images into this layout; it costs nothing if the batch has it, and other tensors stay as they are.</summary>
    public static Tensor Of(Tensor x)
    {
        var isKnown = x.dtype is ScalarType.Float32 or ScalarType.BFloat16;
        if (x.ndim != 4 || x.device_type != DeviceType.CPU || !isKnown || x.stride(1) == 1)
            return x;
        // With one channel both layouts have the same order in memory, but not the same strides, and libtorch goes by those.
        return x.shape[1] == 1
            ? x.contiguous().squeeze(1).unsqueeze(3).permute(0, 3, 1, 2)
            : x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
    }
}
