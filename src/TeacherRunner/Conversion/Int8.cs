using System.Runtime.InteropServices;
using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.TeacherRunner.Sessions;

namespace OnnxKd.TeacherRunner.Conversion;

/// <summary>
/// Writes QuantizeLinear and DequantizeLinear into a float32 model, which ONNX Runtime turns into integer arithmetic: activations of 8 bits with one scale for a tensor,
/// weights with a scale for each output. Weights have 7 bits: with 8, processors without VNNI add two products in 16 bits, which overflow, and give other answers.
/// </summary>
internal sealed class Int8
{
    private const int LargestWeight = 63;

    // Half of what 32 bits hold: products are added to it.
    private const float LargestBias = 1 << 30;

    private readonly GraphProto graph;
    private readonly Int8Places places;
    private readonly IReadOnlyDictionary<string, CodeScale> scales;
    private readonly Dictionary<string, TensorProto> weights;
    private readonly Dictionary<(string, int), string> stored = [];
    private readonly List<NodeProto> written = [];

    private Int8(GraphProto graph, Int8Places places, IReadOnlyDictionary<string, CodeScale> scales)
    {
        (this.graph, this.places, this.scales) = (graph, places, scales);
        weights = graph.Initializer.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
    }

    /// <summary>Refuses what has nothing to quantise.</summary>
    /// <exception cref="UnsupportedModelException">It is quantised already, or has no float32 weights in convolutions and products.</exception>
    public static void Require(GraphProto graph, string name)
    {
        if (QuantizedArithmetic.IsUsed(graph))
            throw new UnsupportedModelException("The model is quantised already.", name, "QuantizeLinear or integer arithmetic", "a float32 model", "convert the original");
        if (Int8Places.Of(graph).Count == 0)
            throw new UnsupportedModelException(
                "The model has nothing that can be computed in int8.", name, "no Conv, Gemm or MatMul with float32 weights", "a float32 model", "leave it as it is");
    }

    /// <summary>Quantises a graph in place.</summary>
    /// <param name="graph">The graph; its nodes are in order.</param>
    /// <param name="places">Where it is rounded.</param>
    /// <param name="scales">The scale of each rounded tensor.</param>
    public static void Apply(GraphProto graph, Int8Places places, IReadOnlyDictionary<string, CodeScale> scales) => new Int8(graph, places, scales).Run();

    private void Run()
    {
        foreach (var input in graph.Input.Select(input => input.Name))
            Round(input);
        foreach (var node in graph.Node)
        {
            var (own, readRounded) = (node.Clone(), Enumerable.Range(0, node.Input.Count).Where(i => places.ReadsRounded(node, i)).ToArray());
            if (places.WeightedAt(node) is { } found)
                StoreWeights(own, found.ChannelAxis);
            foreach (var place in readRounded)
                own.Input[place] = Rounded(node.Input[place]);
            written.Add(own);
            foreach (var output in node.Output)
                Round(output);
        }
        graph.Node.Clear();
        graph.Node.AddRange(written);
        GraphEdits.RemoveUnusedInitializers(graph);
        graph.ValueInfo.Clear();
    }

    private static string Rounded(string tensor) => $"{tensor}/rounded";

    private void Round(string tensor)
    {
        if (!places.IsRounded(tensor))
            return;
        var (scale, zero) = scales[places.ScaledAs(tensor)];
        var codes = $"{tensor}/codes";
        string[] parameters = [$"{tensor}/scale", $"{tensor}/zero"];
        graph.Initializer.Add(TensorData.Create(parameters[0], [scale]));
        graph.Initializer.Add(TensorData.Create(parameters[1], ElementType.UInt8, [zero]));
        written.Add(GraphEdits.Node("QuantizeLinear", [tensor, .. parameters], codes));
        written.Add(GraphEdits.Node("DequantizeLinear", [codes, .. parameters], Rounded(tensor)));
    }

    private void StoreWeights(NodeProto node, int axis)
    {
        var weight = weights[node.Input[1]];
        var rows = new ChannelRows(weight.ToFloats(), (int)weight.Dims[axis], (int)weight.Dims.Skip(axis + 1).Aggregate(1L, (product, size) => product * size));
        var weightScales = ScalesOf(weight, axis, rows);
        if (BiasOf(node, axis) is { } bias)
            node.Input[2] = StoreBias(bias, weightScales, InputScale(node), $"{node.Output[0]}/bias");
        if (!stored.TryGetValue((weight.Name, axis), out var read))
            stored[(weight.Name, axis)] = read = Store(
                stored.Keys.Any(key => key.Item1 == weight.Name) ? $"{weight.Name}/{axis}" : weight.Name, ElementType.Int8, MemoryMarshal.AsBytes(rows.Codes(weightScales, LargestWeight).AsSpan()), weight.Dims, weightScales, axis);
        node.Input[1] = read;
    }

    /// <summary>The scale of each channel of weights, wide enough for the bias of every node that reads them: beside a large bias, tiny weights are 0.</summary>
    private float[] ScalesOf(TensorProto weight, int axis, ChannelRows rows)
    {
        var found = rows.Scales(LargestWeight);
        foreach (var reader in graph.Node.Where(node => node.Input.Count > 2 && node.Input[1] == weight.Name && places.WeightedAt(node)?.ChannelAxis == axis))
            if (BiasOf(reader, axis) is { } bias)
                found = [.. found.Zip(bias.ToFloats(), (scale, value) => Math.Max(scale, Math.Abs(value) / (LargestBias * InputScale(reader))))];
        return found;
    }

    /// <summary>The bias that has a value for each channel; <c>null</c>: there is none.</summary>
    private TensorProto? BiasOf(NodeProto node, int axis) =>
        node.Input.Count > 2 && weights.TryGetValue(node.Input[2], out var bias) && bias.Dims is [var length] && length == weights[node.Input[1]].Dims[axis] ? bias : null;

    private float InputScale(NodeProto node) => scales[places.ScaledAs(node.Input[0])].Scale;

    /// <summary>Biases are added to products of codes: they have the products' scales, and 32 bits.</summary>
    private string StoreBias(TensorProto bias, float[] weightScales, float inputScale, string name)
    {
        var biasScales = Array.ConvertAll(weightScales, scale => scale * inputScale);
        var codes = bias.ToFloats().Zip(biasScales, (value, scale) => (int)Math.Round((double)value / scale)).ToArray();
        return Store(name, ElementType.Int32, MemoryMarshal.AsBytes(codes.AsSpan()), bias.Dims, biasScales, axis: 0);
    }

    private string Store(string name, ElementType type, ReadOnlySpan<byte> codes, IReadOnlyList<long> shape, float[] channelScales, int axis)
    {
        string[] inputs = [$"{name}/codes", $"{name}/scale", $"{name}/zero"];
        graph.Initializer.Add(TensorData.Create(inputs[0], type, codes, [.. shape]));
        graph.Initializer.Add(TensorData.Create(inputs[1], channelScales, channelScales.Length));
        graph.Initializer.Add(TensorData.Create(inputs[2], type, new byte[channelScales.Length * type.Size()], channelScales.Length));
        written.Add(GraphEdits.Node("DequantizeLinear", inputs, Rounded(name), GraphEdits.Integer("axis", axis)));
        return Rounded(name);
    }

    /// <summary>Weights, and which channel each belongs to.</summary>
    /// <param name="values">The weights.</param>
    /// <param name="channels">How many channels there are.</param>
    /// <param name="inner">How many values of a channel stand beside each other.</param>
    private readonly struct ChannelRows(float[] values, int channels, int inner)
    {
        /// <summary>The scale of each channel, by which its largest weight has the largest code.</summary>
        public float[] Scales(int largestCode)
        {
            var largest = new float[channels];
            for (var i = 0; i < values.Length; i++)
                largest[i / inner % channels] = Math.Max(largest[i / inner % channels], Math.Abs(values[i]));
            return Array.ConvertAll(largest, value => value / largestCode is var scale && float.IsNormal(scale) ? scale : 1);
        }

        /// <summary>The nearest codes.</summary>
        public sbyte[] Codes(float[] scales, int largestCode)
        {
            var codes = new sbyte[values.Length];
            for (var i = 0; i < codes.Length; i++)
                codes[i] = (sbyte)Math.Clamp(MathF.Round(values[i] / scales[i / inner % channels]), -largestCode, largestCode);
            return codes;
        }
    }
}
