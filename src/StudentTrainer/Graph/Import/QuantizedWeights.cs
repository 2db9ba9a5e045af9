using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Operators;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Graph.Import;

/// <summary>
/// Gives integer weights (read by DequantizeLinear) float32 masters: the graph quantises and dequantises them in each run, so gradients
/// reach the masters straight through, and export writes integers again. Scales and zero points stay as they are.
/// </summary>
internal static class QuantizedWeights
{
    /// <summary>How a master becomes the integers of the file.</summary>
    /// <param name="Scale">float32, one value or one per index of the axis.</param>
    /// <param name="ZeroPoint">The same for zero points; <c>null</c>: 0.</param>
    /// <param name="Axis">The axis of per-axis scales.</param>
    /// <param name="Type">The integer type.</param>
    public sealed record Codec(TensorProto Scale, TensorProto? ZeroPoint, long Axis, ElementType Type)
    {
        /// <summary>Real values.</summary>
        public Tensor Decode(Tensor codes) => codes.to(float64).sub(ZeroPointLike(codes)).mul(Like(Scale, codes)).to(float32);

        /// <summary>The nearest integers (half to even), within the type's range.</summary>
        public Tensor Encode(Tensor values) =>
            values.to(float64).div(Like(Scale, values)).round().Add(ZeroPointLike(values)).Clamp(Lowest, Highest)
                .to(TorchTypes.Of(Type)!.Value);

        private long Lowest => Type switch { ElementType.UInt8 => 0, ElementType.Int8 => sbyte.MinValue, _ => int.MinValue };

        private long Highest => Type switch
        {
            ElementType.UInt8 => byte.MaxValue, ElementType.Int8 => sbyte.MaxValue, _ => int.MaxValue,
        };

        private Tensor ZeroPointLike(Tensor values) => ZeroPoint is null ? zeros(1, float64) : Like(ZeroPoint, values);

        private Tensor Like(TensorProto vector, Tensor values)
        {
            var factors = vector.ToTensor(CPU).to(float64);
            if (factors.numel() == 1)
                return factors.reshape(1);
            var shape = new long[values.ndim];
            Array.Fill(shape, 1);
            shape[Axis < 0 ? Axis + values.ndim : Axis] = factors.numel();
            return factors.reshape(shape);
        }
    }

    /// <summary>Puts masters in the place of integer weights.</summary>
    /// <returns>How each is written back, by its name.</returns>
    /// <exception cref="UnsupportedModelException">A weight is quantised in blocks, or in two ways.</exception>
    public static IReadOnlyDictionary<string, Codec> Unfold(GraphProto graph)
    {
        var tensors = ModelTensors.Of(graph);
        var codecs = new Dictionary<string, Codec>(StringComparer.Ordinal);
        var scales = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var at = 0; at < graph.Node.Count; at++)
        {
            var node = graph.Node[at];
            if (node.OpType != "DequantizeLinear" || !tensors.TryGetValue(node.Input[0], out var weight))
                continue;
            if (!codecs.ContainsKey(node.Input[0]) && IsInteger(weight) && tensors.TryGetValue(node.Input[1], out var scale))
                codecs[node.Input[0]] = ReadCodec(node, weight, scale, tensors);
            if (!codecs.TryGetValue(node.Input[0], out var codec))
                continue;
            if (!scales.TryAdd(node.Input[0], node.Input[1]) && scales[node.Input[0]] != node.Input[1])
                throw Refuse(node, "A weight is quantised in two ways.", $"scales '{scales[node.Input[0]]}' and '{node.Input[1]}'");
            if (codec.Type == ElementType.Int32)
                Pass(node); // a bias: its grid is so fine that rounding it while training would teach nothing
            else
                graph.Node.Insert(at++, Quantize(node, codec));
        }
        foreach (var (name, codec) in codecs)
            SetMaster(graph, tensors[name], name, codec);
        return codecs;
    }

    /// <summary>Limits masters to what the file's integers and scales can hold: beyond it they would get no gradient.</summary>
    /// <param name="plan">The plan; its tensors are changed.</param>
    /// <param name="codecs">How each is written back.</param>
    public static void KeepInRange(IReadOnlyList<PlannedWeight> plan, IReadOnlyDictionary<string, Codec> codecs)
    {
        using var scope = NewDisposeScope();
        foreach (var weight in plan.Where(weight => codecs.ContainsKey(weight.Name)))
        {
            var codec = codecs[weight.Name];
            var limited = codec.Decode(codec.Encode(weight.Source.ToTensor(CPU)));
            weight.Source.Set(ElementType.Float32, limited.contiguous().bytes);
        }
    }

    private static Codec ReadCodec(NodeProto node, TensorProto weight, TensorProto scale, Dictionary<string, TensorProto> tensors)
    {
        var attributes = new Attributes(node);
        if (attributes.GetInt("block_size", 0) != 0)
            throw Refuse(node, "A weight is quantised in blocks.", $"block_size {attributes.GetInt("block_size")}");
        var zeroPoint = node.Input.Count > 2 && node.Input[2].Length > 0 ? tensors.GetValueOrDefault(node.Input[2]) : null;
        var axis = attributes.GetInt("axis", 1);
        RequireFit(node, weight, axis, scale);
        if (zeroPoint is not null)
            RequireFit(node, weight, axis, zeroPoint);
        return new(scale, zeroPoint, axis, weight.ElementTypeOf());
    }

    /// <summary>Checks that there is one value, or one for each index of the axis.</summary>
    private static void RequireFit(NodeProto node, TensorProto weight, long axis, TensorProto values)
    {
        var at = axis < 0 ? axis + weight.Dims.Count : axis;
        if (values.ElementCount() != 1 && (at < 0 || at >= weight.Dims.Count || values.Dims.Count != 1 || values.Dims[0] != weight.Dims[(int)at]))
            throw new InputException(
                "Scales or zero points do not fit the weight that they belong to.", NodeContext.Describe(node),
                $"{Shapes.Format(values.Dims)} for a weight {Shapes.Format(weight.Dims)}, axis {axis}", "one value, or one for each index of the axis");
    }

    private static bool IsInteger(TensorProto tensor) =>
        TensorTypes.TryElementType(tensor.DataType, out var type) && type is ElementType.Int8 or ElementType.UInt8 or ElementType.Int32;

    private static NodeProto Quantize(NodeProto dequantize, Codec codec)
    {
        var codes = $"{dequantize.Output[0]}.codes";
        var quantize = new NodeProto
        {
            OpType = "QuantizeLinear", Name = codes, Input = { dequantize.Input }, Output = { codes },
            Attribute = { dequantize.Attribute.Where(attribute => attribute.Name == "axis") },
        };
        if (codec.ZeroPoint is null) // whose type would have told
            quantize.Attribute.Add(new AttributeProto
            {
                Name = "output_dtype", Type = AttributeProto.Types.AttributeType.Int, I = codec.Type.ToDataType(),
            });
        dequantize.Input[0] = codes;
        return quantize;
    }

    private static void Pass(NodeProto dequantize)
    {
        dequantize.OpType = "Identity";
        dequantize.Attribute.Clear();
        while (dequantize.Input.Count > 1)
            dequantize.Input.RemoveAt(1);
    }

    private static void SetMaster(GraphProto graph, TensorProto weight, string name, Codec codec)
    {
        using var scope = NewDisposeScope();
        var master = codec.Decode(weight.ToTensor(CPU));
        // A Constant node's tensor has no name of its own; both forms are written in place.
        ModelTensors.Write(graph, name, ElementType.Float32, master.contiguous().bytes);
    }

    private static UnsupportedModelException Refuse(NodeProto node, string what, string found) =>
        new(what, where: NodeContext.Describe(node), found: found, remedy: "quantise weights per tensor or per channel, each once");
}
