using Onnx;
using OnnxKd.Core.Onnx;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Graph.Import;

/// <summary>
/// BatchNormalization that only training has. Exporters fold it into the convolutions before it, and fresh weights hardly train without; so
/// each convolution with a bias of its own gets one again, and export folds it back: the file's graph stays as it was.
/// </summary>
internal sealed class NormOverlay
{
    private const float Epsilon = 1e-5f;
    private static readonly string[] Suffixes = ["scale", "bias", "mean", "variance"];

    private readonly List<Layer> layers = [];

    /// <summary>One convolution and what follows it in training.</summary>
    /// <param name="Kernel">Its weight.</param>
    /// <param name="Bias">Its bias.</param>
    /// <param name="Raw">What it gives, the bias included: what is normalised.</param>
    private sealed record Layer(string Kernel, string Bias, string Raw)
    {
        /// <summary>A tensor of the normalisation.</summary>
        public string Tensor(string suffix) => $"{Kernel}.overlay.{suffix}";
    }

    /// <summary>The number of convolutions that got one.</summary>
    public int Count => layers.Count;

    /// <summary>The tensors that are normalised, in the order of the layers.</summary>
    public IReadOnlyList<string> RawTensors => [.. layers.Select(layer => layer.Raw)];

    /// <summary>Whether a tensor belongs to the overlay and not to the file.</summary>
    public bool Owns(string name) => layers.Any(layer => Suffixes.Any(suffix => layer.Tensor(suffix) == name));

    /// <summary>Inserts normalisations, which change nothing yet (scale and variance 1, bias and mean 0).</summary>
    /// <param name="graph">The graph to change.</param>
    /// <param name="logits">What is learned from: other parts of the graph are left alone.</param>
    /// <param name="isUsable">Whether a tensor may be folded into: it is learned, and is no integer in the file.</param>
    public static NormOverlay Insert(GraphProto graph, IEnumerable<string> logits, Func<string, bool> isUsable)
    {
        var overlay = new NormOverlay();
        var learned = LeadingTo(logits, graph);
        var index = new GraphIndex(graph);
        var tensors = ModelTensors.Of(graph);
        foreach (var convolution in graph.Node.Where(node => node.OpType == "Conv").ToList())
        {
            if (FindLayer(convolution, graph, index, tensors) is not { } layer || !learned.Contains(layer.Raw)
                || !isUsable(layer.Kernel) || !isUsable(layer.Bias))
                continue;
            overlay.layers.Add(layer);
            Insert(graph, layer, tensors[layer.Kernel].Dims[0]);
        }
        return overlay;
    }

    /// <summary>The tensors that others are computed from.</summary>
    private static HashSet<string> LeadingTo(IEnumerable<string> tensors, GraphProto graph)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        var index = new GraphIndex(graph);
        var open = new Stack<string>(tensors);
        while (open.TryPop(out var next))
        {
            foreach (var input in (index.Producer(next)?.Input ?? []).Where(found.Add))
                open.Push(input);
        }
        return found;
    }

    /// <summary>Kernels and biases with the normalisations folded in: y = (x · k + b − mean) · scale ÷ √(variance + ε) + bias.</summary>
    public IReadOnlyDictionary<string, Tensor> Fold(WeightSet weights)
    {
        var values = weights.Trained.ToDictionary(pair => pair.Weight.Name, pair => pair.Tensor.detach(), StringComparer.Ordinal);
        var folded = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var layer in layers)
        {
            var (scale, shift) = (values[layer.Tensor("scale")], values[layer.Tensor("bias")]);
            var factor = scale.div(values[layer.Tensor("variance")].Add(Epsilon).sqrt());
            var (kernel, bias) = (values[layer.Kernel], values[layer.Bias]);
            folded[layer.Kernel] = kernel.mul(factor.reshape([-1, .. Enumerable.Repeat(1L, (int)kernel.ndim - 1)]));
            folded[layer.Bias] = bias.reshape(-1).sub(values[layer.Tensor("mean")]).mul(factor).Add(shift).reshape(bias.shape);
        }
        return folded;
    }

    /// <summary>
    /// Sets the normalisations of a trained student so that they change nothing on the data that they were measured on.
    /// </summary>
    /// <param name="weights">The weights.</param>
    /// <param name="statistics">Mean and population variance per channel, in the order of <see cref="RawTensors"/>.</param>
    public void Calibrate(WeightSet weights, IReadOnlyList<(Tensor Mean, Tensor Variance)> statistics)
    {
        using var _ = no_grad();
        var values = weights.Trained.ToDictionary(pair => pair.Weight.Name, pair => pair.Tensor, StringComparer.Ordinal);
        foreach (var (layer, (mean, variance)) in layers.Zip(statistics))
        {
            values[layer.Tensor("mean")].copy_(mean);
            values[layer.Tensor("variance")].copy_(variance);
            values[layer.Tensor("bias")].copy_(mean);
            values[layer.Tensor("scale")].copy_(variance.Add(Epsilon).sqrt());
        }
    }

    private static Layer? FindLayer(NodeProto convolution, GraphProto graph, GraphIndex index, Dictionary<string, TensorProto> tensors)
    {
        if (!IsOwn(convolution.Input[1]) || IsPooled(convolution.Input[0], index))
            return null;
        var channels = tensors[convolution.Input[1]].Dims[0];
        var output = convolution.Output[0];
        var bias = convolution.Input.ElementAtOrDefault(2) ?? "";
        var isAdded = false;
        if (bias.Length == 0 && index.Consumers(output) is [{ OpType: "Add" } add] && !IsOutput(output))
        {
            bias = add.Input.FirstOrDefault(name => name != output) ?? "";
            output = add.Output[0];
            isAdded = true;
        }
        var isPlain = IsOwn(bias) && tensors[bias].ElementCount() == channels
            && (!isAdded || IsPerChannel(tensors[bias], tensors[convolution.Input[1]]));
        var isBare = !IsOutput(output) && !index.Consumers(output).Any(node => node.OpType == "BatchNormalization");
        return isPlain && isBare && LeadsToMore(output)
            ? new(convolution.Input[1], bias, output)
            : null;

        bool IsOwn(string name) => tensors.ContainsKey(name) && index.Consumers(name).Count == 1;

        bool IsOutput(string name) => graph.Output.Any(value => value.Name == name);

        // A convolution that ends the network gives the logits, which were never normalised.
        bool LeadsToMore(string name) => index.Consumers(name).Any(node =>
            node.OpType is "Conv" or "Gemm" or "MatMul" or "ConvTranspose" or "LSTM" or "GRU" or "RNN" || LeadsToMore(node.Output[0]));
    }

    /// <summary>Whether what is added lies along the channels: [C, 1, 1] or [1, C, 1, 1] in two dimensions.</summary>
    private static bool IsPerChannel(TensorProto added, TensorProto kernel) =>
        added.Dims.Count >= kernel.Dims.Count - 1 && added.Dims[^(kernel.Dims.Count - 1)] == kernel.Dims[0];

    /// <summary>Whether a convolution reads pooled values (squeeze and excite): one per channel has no spread to normalise by.</summary>
    private static bool IsPooled(string tensor, GraphIndex index)
    {
        while (index.Producer(tensor) is { } node && node.OpType is not ("MaxPool" or "AveragePool"))
        {
            if (node.OpType is "GlobalAveragePool" or "GlobalMaxPool" or "ReduceMean")
                return true;
            var passes = node.OpType is "Relu" or "Conv" or "Add" or "Clip" or "Sigmoid" or "HardSigmoid" or "HardSwish" or "Swish";
            if (!passes || index.Consumers(tensor).Count > 1)
                return false;
            tensor = node.Input[0];
        }
        return false;
    }

    private static void Insert(GraphProto graph, Layer layer, long channels)
    {
        var result = $"{layer.Raw}.overlay";
        foreach (var node in graph.Node)
        {
            for (var slot = 0; slot < node.Input.Count; slot++)
            {
                if (node.Input[slot] == layer.Raw)
                    node.Input[slot] = result;
            }
        }
        foreach (var suffix in Suffixes)
        {
            var values = new float[channels];
            Array.Fill(values, suffix is "scale" or "variance" ? 1 : 0);
            graph.Initializer.Add(TensorData.Create(layer.Tensor(suffix), values, channels));
        }
        var producer = graph.Node.Select((node, at) => (node, at)).First(pair => pair.node.Output.Contains(layer.Raw)).at;
        graph.Node.Insert(producer + 1, new()
        {
            OpType = "BatchNormalization", Name = result, Output = { result },
            Input = { layer.Raw, layer.Tensor("scale"), layer.Tensor("bias"), layer.Tensor("mean"), layer.Tensor("variance") },
            Attribute = { new AttributeProto { Name = "epsilon", Type = AttributeProto.Types.AttributeType.Float, F = Epsilon } },
        });
    }
}
