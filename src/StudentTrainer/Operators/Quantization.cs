using OnnxKd.Core.Onnx;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>
/// Integer codes for floats: code = round(x ÷ scale) + zero point, kept within the integer type; and back. Where a gradient is wanted,
/// the codes stay floats, and the gradient passes straight through the rounding (Bengio et al., arXiv:1308.3432) but not where a code
/// is kept within bounds.
/// </summary>
internal static class Quantization
{
    /// <summary>One scale for all.</summary>
    public static Kernel QuantizeLinear10(NodeContext node) => Quantize(node, QuantizationGrid.PerTensor);

    /// <summary>One scale, one per position on an axis, or (version 21) one per block of positions.</summary>
    public static Kernel QuantizeLinear13(NodeContext node)
    {
        _ = node.Attributes.GetInt("saturate", 1); // concerns 8-bit floats only
        return Quantize(node, QuantizationGrid.Read(node));
    }

    /// <inheritdoc cref="QuantizeLinear10"/>
    public static Kernel DequantizeLinear10(NodeContext node) => Dequantize(node, QuantizationGrid.PerTensor);

    /// <inheritdoc cref="QuantizeLinear13"/>
    public static Kernel DequantizeLinear13(NodeContext node) => Dequantize(node, QuantizationGrid.Read(node));

    private static Kernel Quantize(NodeContext node, QuantizationGrid grid)
    {
        RequireIntegers(node, 2);
        var defaultType = ReadType(node);
        return x =>
        {
            var type = x.Optional(2)?.dtype ?? defaultType;
            var (low, high) = Bounds(type);
            var scaled = Single(x[0]).div(grid.Fit(Single(x[1]), x[0].shape));
            var straight = scaled.requires_grad;
            var codes = straight ? scaled.Add(scaled.round().sub(scaled).detach()) : scaled.round();
            if (x.Optional(2) is { } zero)
                codes = codes.Add(grid.Fit(zero, x[0].shape));
            codes = codes.Clamp(low, high);
            return [straight ? codes : codes.to(type)];
        };
    }

    private static Kernel Dequantize(NodeContext node, QuantizationGrid grid)
    {
        RequireIntegers(node, 0);
        RequireIntegers(node, 2);
        return x =>
        {
            var scale = Single(x[1]);
            var codes = x[0].to(scale.dtype);
            if (x.Optional(2) is { } zero)
                codes = codes.sub(grid.Fit(zero, x[0].shape));
            var values = codes.mul(grid.Fit(scale, x[0].shape));
            return [values.to(x[1].dtype)];
        };
    }

    /// <summary>libtorch computes little in 16-bit floats on the CPU.</summary>
    private static Tensor Single(Tensor x) => x.dtype is ScalarType.Float16 or ScalarType.BFloat16 ? x.to(float32) : x;

    /// <summary>The type of codes without a zero point. Files have the attribute from version 21 on, import sets it in any.</summary>
    private static ScalarType ReadType(NodeContext node)
    {
        var type = (int)node.Attributes.GetInt("output_dtype", 0);
        if (type == 0)
            return ScalarType.Byte;
        return TorchTypes.Of(type) is { } known and (ScalarType.Byte or ScalarType.Int8 or ScalarType.Int16)
            ? known
            : throw Refusal(node, type);
    }

    /// <summary>Codes of the file must be of a type that libtorch has; those that are computed are checked where that happens.</summary>
    private static void RequireIntegers(NodeContext node, int input)
    {
        if (node.IsConstant(input) && node.Constant(input)!.DataType is var type && TorchTypes.Of(type) is null)
            throw Refusal(node, type);
    }

    private static Core.Errors.UnsupportedModelException Refusal(NodeContext node, int type) => node.Unsupported(
        "has codes of a type that is not supported", TensorTypes.Name(type), "quantise the model to uint8, int8 or int16");

    private static (int Low, int High) Bounds(ScalarType type) => type switch
    {
        ScalarType.Byte => (byte.MinValue, byte.MaxValue),
        ScalarType.Int8 => (sbyte.MinValue, sbyte.MaxValue),
        ScalarType.Int16 => (short.MinValue, short.MaxValue),
        _ => throw new ArgumentException($"codes of type {type} are not supported"),
    };
}

/// <summary>Which scale and zero point goes for which element.</summary>
/// <param name="Axis">The axis along which they change, if there are several.</param>
/// <param name="BlockSize">How many positions in a row share them; 0: they are one per position.</param>
internal sealed record QuantizationGrid(long Axis, long BlockSize)
{
    /// <summary>One for all.</summary>
    public static QuantizationGrid PerTensor { get; } = new(0, 0);

    /// <summary>Reads the attributes.</summary>
    public static QuantizationGrid Read(NodeContext node) =>
        new(node.Attributes.GetInt("axis", 1), node.Attributes.GetInt("block_size", 0));

    /// <summary>Shapes scales or zero points so that they broadcast over data.</summary>
    public Tensor Fit(Tensor setting, long[] shape)
    {
        if (setting.ndim == 0)
            return setting;
        if (setting.numel() == 1)
            return setting.reshape();
        var axis = (int)(Axis < 0 ? Axis + shape.Length : Axis);
        if (BlockSize > 0)
            return setting.repeat_interleave(BlockSize, axis).narrow(axis, 0, shape[axis]);
        var sizes = new long[shape.Length];
        Array.Fill(sizes, 1);
        sizes[axis] = shape[axis];
        return setting.reshape(sizes);
    }
}
