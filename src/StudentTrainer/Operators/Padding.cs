using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Padding of any axes; negative pads crop.</summary>
internal static class Padding
{
    private static readonly string[] Modes = ["constant", "edge", "reflect", "wrap"];

    public static Kernel Pad1(NodeContext node) => Pad(node, "paddings");

    public static Kernel Pad2(NodeContext node) => Pad(node, "pads");

    public static Kernel Pad11(NodeContext node)
    {
        var (pads, value, axes) = (node.Longs(1), node.OptionalDoubles(2), node.OptionalLongs(3));
        return Pad(node, pads, x => value?.Invoke(x) is [var number, ..] ? number : 0, axes);
    }

    private static Kernel Pad(NodeContext node, string attribute)
    {
        var pads = node.Attributes.GetInts(attribute) ?? throw node.Unsupported($"needs {attribute}", "none");
        var value = node.Attributes.GetFloat("value", 0);
        return Pad(node, _ => pads, _ => value, null);
    }

    private static Kernel Pad(
        NodeContext node, Func<StepInputs, long[]> pads, Func<StepInputs, double> value, Func<StepInputs, long[]>? axes)
    {
        var mode = node.Attributes.GetString("mode", "constant");
        if (!Modes.Contains(mode))
            throw node.Unsupported("has an unknown mode", mode, $"expected one of {string.Join(", ", Modes)}");
        return x =>
        {
            var (before, after) = Spread(pads(x), axes?.Invoke(x), (int)x[0].ndim);
            return [mode == "constant" ? Fill(x[0], before, after, value(x)) : Copy(x[0], before, after, mode)];
        };
    }

    /// <summary>Pads for every axis.</summary>
    private static (long[] Before, long[] After) Spread(long[] pads, long[]? axes, int rank)
    {
        var count = axes?.Length ?? rank;
        if (pads.Length != 2 * count)
            throw new ArgumentException($"there are {pads.Length} pads for {count} axes");
        var (before, after) = (new long[rank], new long[rank]);
        for (var i = 0; i < count; i++)
        {
            var axis = axes is null ? i : axes[i] < 0 ? axes[i] + rank : axes[i];
            if (axis < 0 || axis >= rank)
                throw new ArgumentException($"axis {axis} is outside the {rank} axes of the input");
            (before[axis], after[axis]) = (pads[i], pads[count + i]);
        }
        return (before, after);
    }

    private static Tensor Fill(Tensor x, long[] before, long[] after, double value) =>
        x.ndim == 0 ? x.alias() : nn.functional.pad(x, LastFirst(before, after, 0), value: value);

    private static Tensor Copy(Tensor x, long[] before, long[] after, string mode)
    {
        if (HasLibtorchKernel(x, before, after, mode))
            return nn.functional.pad(x, LastFirst(before, after, 2), mode == "edge" ? PaddingModes.Replicate : PaddingModes.Reflect);
        var result = x.alias();
        for (var axis = 0; axis < before.Length; axis++)
        {
            if (before[axis] != 0 || after[axis] != 0)
                result = result.index_select(axis, tensor(Positions(x.shape[axis], before[axis], after[axis], mode), device: x.device));
        }
        return result;
    }

    /// <summary>libtorch pads by copies in one to three spatial axes, never crops then, and reflects each element once.</summary>
    private static bool HasLibtorchKernel(Tensor x, long[] before, long[] after, string mode)
    {
        if (mode == "wrap" || x.ndim is < 3 or > 5 || x.dtype is not (ScalarType.Float32 or ScalarType.Float64))
            return false;
        var shape = x.shape;
        for (var axis = 0; axis < before.Length; axis++)
        {
            var (least, most) = (Math.Min(before[axis], after[axis]), Math.Max(before[axis], after[axis]));
            if (axis < 2 ? least != 0 || most != 0 : least < 0 || mode == "reflect" && most >= shape[axis])
                return false;
        }
        return true;
    }

    /// <summary>Where each element of a padded axis comes from; cropping comes first.</summary>
    private static long[] Positions(long size, long before, long after, string mode)
    {
        var first = Math.Max(0, -before);
        var rest = size - first - Math.Max(0, -after);
        if (rest < 1)
            throw new ArgumentException($"nothing remains of an axis of {size} to copy into its padding");
        var positions = new long[size + before + after];
        for (var i = 0; i < positions.Length; i++)
            positions[i] = first + Inside(i - Math.Max(0, before), rest, mode);
        return positions;
    }

    private static long Inside(long place, long size, string mode)
    {
        switch (mode)
        {
            case "edge":
                return Math.Clamp(place, 0, size - 1);
            case "wrap":
                return Modulo(place, size);
            default:
                var turn = Math.Max(1, 2 * (size - 1));
                var along = Modulo(place, turn);
                return Math.Min(along, turn - along) % size;
        }
    }

    private static long Modulo(long value, long by) => (value % by + by) % by;

    private static long[] LastFirst(long[] before, long[] after, int from)
    {
        var pads = new List<long>();
        for (var axis = before.Length - 1; axis >= from; axis--)
            pads.AddRange([before[axis], after[axis]]);
        return [.. pads];
    }
}
