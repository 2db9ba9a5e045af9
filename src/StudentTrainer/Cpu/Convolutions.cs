using System.Runtime.Intrinsics.X86;
using OnnxKd.Core.Errors;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Cpu;

/// <summary>
/// Whether libtorch's convolutions are right on this processor. On a Zen 5 (EPYC, family 26) oneDNN 3.7, which libtorch 2.10 holds, leaves
/// garbage in the padding of channels that do not fill a block, and writes beyond its memory: with AVX-512, AVX2 and AVX alike, and not with SSE 4.1. On a
/// Zen 3 (EPYC, family 25, model 1) gradients of weights do the same now and then, and a later free ends the process.
/// </summary>
internal static class Convolutions
{
    /// <summary>The environment variable that limits oneDNN's instructions.</summary>
    public const string Limit = "ONEDNN_MAX_CPU_ISA";

    /// <summary>What is right everywhere.</summary>
    public const string Safe = "SSE41";

    private const int Size = 5;

    /// <summary>Whether this is a processor where oneDNN was found to be wrong.</summary>
    public static bool NeedLimit { get; } = X86Base.IsSupported && IsAffected(X86Base.CpuId(0, 0), X86Base.CpuId(1, 0).Eax);

    private static readonly Lazy<double> WorstError = new(() => Math.Max(Error(channels: 12, groups: 1), Error(channels: 8, groups: 4)));

    /// <summary>Computes two small convolutions once in a process, and compares them with the sums that they stand for.</summary>
    /// <exception cref="MachineException">libtorch is wrong.</exception>
    public static void RequireRight()
    {
        if (!(WorstError.Value < 1e-4))
            throw new MachineException(
                "libtorch's convolutions are wrong on this processor.", "a convolution of 3 × 3 weights",
                FormattableString.Invariant($"an error of {WorstError.Value:g3}"), "the sums that a convolution stands for",
                $"set the environment variable {Limit}={Safe}, which is slower and right where others were wrong");
    }

    private static bool IsAffected((int Eax, int Ebx, int Ecx, int Edx) vendor, int signature)
    {
        const int Auth = 0x68747541; // the start of AuthenticAMD
        var family = ((signature >> 8) & 0xF) + ((signature >> 20) & 0xFF);
        var model = ((signature >> 4) & 0xF) + ((signature >> 12) & 0xF0);
        return vendor.Ebx == Auth && (family == 26 || family == 25 && model < 16);
    }

    /// <summary>The largest error of a convolution whose channels fill no block, in both orders of memory.</summary>
    private static double Error(int channels, int groups)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var inGroup = (groups == 1 ? channels : groups) / groups;
        float[] x = Values(3 * inGroup * groups * Size * Size), weights = Values(channels * inGroup * 9);
        var input = tensor(x, [3, inGroup * groups, Size, Size]);
        var kernel = tensor(weights, [channels, inGroup, 3, 3]);
        return new[] { input, ChannelsLast.Of(input) }.Max(image =>
        {
            var found = nn.functional.conv2d(image, kernel, padding: [1, 1], groups: groups).contiguous().data<float>().ToArray();
            return found.Select((value, i) => Math.Abs(value - Expected(x, weights, i, channels, inGroup, groups))).Max();
        });
    }

    private static double Expected(float[] x, float[] weights, int index, int channels, int inGroup, int groups)
    {
        var (column, row, channel, sample) = (index % Size, index / Size % Size, index / (Size * Size) % channels, index / (Size * Size * channels));
        var first = channel / (channels / groups) * inGroup;
        var sum = 0.0;
        for (var c = 0; c < inGroup; c++)
            for (var dy = -1; dy <= 1; dy++)
                for (var dx = -1; dx <= 1; dx++)
                    if (row + dy is >= 0 and < Size && column + dx is >= 0 and < Size)
                        sum += (double)x[((sample * inGroup * groups + first + c) * Size + row + dy) * Size + column + dx]
                            * weights[((channel * inGroup + c) * 3 + dy + 1) * 3 + dx + 1];
        return sum;
    }

    private static float[] Values(int count) => [.. Enumerable.Range(0, count).Select(i => (float)Math.Sin(1 + i * i % 97))];
}
