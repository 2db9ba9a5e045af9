using OnnxKd.StudentTrainer.Cpu;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Convolution over one to three spatial axes.</summary>
internal static class Convolution
{
    public static Kernel Conv(NodeContext node)
    {
        var window = Window.Read(node, Window.KernelRank(node), pooling: false);
        var group = node.Attributes.GetInt("group", 1);
        return x => [Conv(x[0], x[1], x.Optional(2), window, group)];
    }

    private static Tensor Conv(Tensor input, Tensor weight, Tensor? bias, Window window, long group)
    {
        var axes = window.Fit(input.shape.AsSpan(2), weight.shape.AsSpan(2));
        var symmetric = Array.TrueForAll(axes, axis => axis.FitsSymmetric);
        if (!symmetric)
            input = nn.functional.pad(input, axes.Pads(axis => axis.Before, axis => axis.After));
        var padding = axes.Of(axis => symmetric ? axis.Before : 0);
        var (strides, dilations) = (axes.Of(axis => axis.Stride), axes.Of(axis => axis.Dilation));
        input = CpuPaths.ForConvolution(input);
        return axes.Length switch
        {
            1 => nn.functional.conv1d(input, weight, bias, strides[0], padding[0], dilations[0], group),
            2 => nn.functional.conv2d(input, weight, bias, strides, padding, dilations, group),
            _ => nn.functional.conv3d(input, weight, bias, strides, padding, dilations, group),
        };
    }
}
