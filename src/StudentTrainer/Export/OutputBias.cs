using System.Runtime.InteropServices;
using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Graph;

namespace OnnxKd.StudentTrainer.Export;

/// <summary>Adds offsets to a model's class scores: in the bias of its last layer, or as an Add behind it where there is none.</summary>
internal static class OutputBias
{
    private const string Prefix = "bias-offset";

    /// <summary>Adds them.</summary>
    /// <param name="model">The model, which gives class scores of whole samples; not changed.</param>
    /// <param name="output">The output, or a tensor inside the graph; <c>null</c>: the only output that holds floats.</param>
    /// <param name="offsets">One for each class.</param>
    /// <returns>The model with the offsets in its logits.</returns>
    /// <exception cref="InputException">There is no such output.</exception>
    public static OnnxModel Add(OnnxModel model, string? output, ReadOnlySpan<float> offsets)
    {
        var proto = model.Proto.Clone();
        var trace = LogitTrace.Find(proto.Graph, output, model.Path ?? "model in memory");
        if (FindBias(proto.Graph, trace, offsets.Length) is { } bias)
        {
            var values = ModelTensors.Find(proto.Graph, bias).ToFloats();
            for (var c = 0; c < values.Length; c++)
                values[c] += offsets[c];
            ModelTensors.Write(proto.Graph, bias, ElementType.Float32, MemoryMarshal.AsBytes<float>(values));
        }
        else
            AddBehind(proto.Graph, trace, offsets);
        return OnnxModel.FromProto(proto);
    }

    /// <summary>The name of the bias that the last layer alone reads.</summary>
    private static string? FindBias(GraphProto graph, LogitTrace trace, int classes)
    {
        var index = new GraphIndex(graph);
        if (index.Producer(trace.Activation == HeadActivation.None ? trace.Source : trace.Logits) is not { } layer)
            return null;
        var names = layer.OpType switch
        {
            "Gemm" when layer.Attribute.All(attribute => attribute.Name != "beta" || attribute.F == 1) => layer.Input.Skip(2),
            "Add" => layer.Input,
            _ => [],
        };
        var held = ModelTensors.Of(graph);
        return names.FirstOrDefault(name => index.Consumers(name).Count == 1 && graph.Output.All(o => o.Name != name)
            && held.TryGetValue(name, out var tensor) && tensor.DataType == (int)TensorProto.Types.DataType.Float
            && tensor.Dims.Count > 0 && tensor.Dims[^1] == classes && tensor.ElementCount() == classes);
    }

    /// <summary>Behind the last layer: before what only converts its scores, and in the type that it computes in.</summary>
    private static void AddBehind(GraphProto graph, LogitTrace trace, ReadOnlySpan<float> offsets)
    {
        var (index, scores) = (new GraphIndex(graph), trace.Logits);
        while (trace.Activation == HeadActivation.None && index.Producer(scores) is { OpType: "Cast" } cast)
            scores = cast.Input[0];
        var layer = graph.Node.Single(node => node.Output.Contains(scores));
        var names = graph.Node.SelectMany(node => node.Output.Append(node.Name)).Concat(graph.Initializer.Select(tensor => tensor.Name)).ToHashSet(StringComparer.Ordinal);
        var (values, before, type) = (Free("values"), Free("before"), FloatTypes.Of(graph, scores));
        layer.Output[layer.Output.IndexOf(scores)] = before;
        graph.Initializer.Add(TensorData.Create(values, offsets, offsets.Length));
        var at = graph.Node.IndexOf(layer) + 1;
        if (type != (int)TensorProto.Types.DataType.Float)
        {
            var converted = Free("converted");
            graph.Node.Insert(at++, new NodeProto
            {
                OpType = "Cast", Name = converted, Input = { values }, Output = { converted },
                Attribute = { new AttributeProto { Name = "to", Type = AttributeProto.Types.AttributeType.Int, I = type } },
            });
            values = converted;
        }

        graph.Node.Insert(at, new NodeProto { OpType = "Add", Name = Free("add"), Input = { before, values }, Output = { scores } });

        string Free(string name)
        {
            var free = $"{Prefix}/{name}";
            while (!names.Add(free))
                free += "'";
            return free;
        }
    }
}
