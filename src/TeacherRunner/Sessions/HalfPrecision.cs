using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using AttributeType = Onnx.AttributeProto.Types.AttributeType;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>
/// Turns a model's float32 arithmetic into float16: its weights, its constants, and the types that its nodes name. Values beyond float16
/// become its largest (masks of −3e38, for one, go on masking).
/// </summary>
internal static class HalfPrecision
{
    /// <summary>Inputs that ONNX defines as float32: scales, which also decide sizes.</summary>
    private static readonly HashSet<(string Operator, int Input)> AlwaysFloat = [("Resize", 1), ("Resize", 2), ("Upsample", 1)];

    /// <summary>Whether ONNX defines an input as float32.</summary>
    public static bool IsAlwaysFloat(string operation, int input) => AlwaysFloat.Contains((operation, input));

    /// <summary>Converts a graph in place. Its inputs and outputs change with it; feed and read them through Casts.</summary>
    /// <exception cref="UnsupportedModelException">The model has subgraphs, functions, or operators that are not ONNX's own.</exception>
    public static void Apply(ModelProto proto, string model)
    {
        var graph = proto.Graph;
        RequirePlain(graph, model);
        var kept = KeepScales(graph);
        foreach (var tensor in graph.Initializer.Where(tensor => !kept.Contains(tensor.Name)))
            Narrow(tensor);
        foreach (var value in graph.Input.Concat(graph.Output))
            if (value.Type?.TensorType is { ElemType: (int)DataType.Float } type)
                type.ElemType = (int)DataType.Float16;
        foreach (var node in graph.Node.Where(node => !kept.Contains(node.Output[0])))
            NarrowTypes(node);
        graph.ValueInfo.Clear(); // hints, which no longer hold
    }

    private static void RequirePlain(GraphProto graph, string model)
    {
        var foreign = graph.Node.FirstOrDefault(
            node => node.Domain is not ("" or "ai.onnx") || node.Attribute.Any(a => a.G is not null || a.Graphs.Count > 0));
        if (foreign is not null)
            throw new UnsupportedModelException(
                "The model cannot be converted to float16.", $"node '{foreign.Name}' ({foreign.OpType}) of {model}",
                OperatorSets.IsOwn(foreign.Domain) ? "a node with a subgraph" : $"an operator of the domain {foreign.Domain}",
                "ONNX's own operators, without subgraphs", "run it in its own precision (precision: fp32)");
    }

    /// <summary>Gives every input that must be float32 a tensor that stays float32: a constant of its own, or a Cast of what is computed.</summary>
    /// <returns>The names of the tensors that must not be converted.</returns>
    private static HashSet<string> KeepScales(GraphProto graph)
    {
        var index = new GraphIndex(graph);
        var kept = new HashSet<string>();
        for (var n = 0; n < graph.Node.Count; n++)
        {
            var node = graph.Node[n];
            for (var i = 0; i < node.Input.Count; i++)
            {
                var name = node.Input[i];
                if (name.Length == 0 || !AlwaysFloat.Contains((node.OpType, i)))
                    continue;
                var copy = $"{name}/float_{n}";
                if (index.Initializers.TryGetValue(name, out var tensor))
                {
                    graph.Initializer.Add(new TensorProto(tensor) { Name = copy });
                    kept.Add(copy);
                }
                else if (index.Producer(name) is { OpType: "Constant" } constant)
                {
                    graph.Node.Insert(n++, new NodeProto(constant) { Name = copy, Output = { [0] = copy } });
                    kept.Add(copy);
                }
                else
                {
                    graph.Node.Insert(n++, GraphEdits.Cast(name, copy, DataType.Float));
                    kept.Add(copy);
                }

                node.Input[i] = copy;
            }
        }

        return kept;
    }

    /// <summary>Turns the types and constants that a node's attributes name into float16.</summary>
    public static void NarrowTypes(NodeProto node)
    {
        foreach (var attribute in node.Attribute)
        {
            if (attribute.Type == AttributeType.Tensor)
                Narrow(attribute.T);
            else if (node.OpType == "Constant" && attribute.Name is "value_float" or "value_floats")
                ToTensor(attribute);
            else if (attribute is { Name: "to" or "dtype", I: (long)DataType.Float })
                attribute.I = (long)DataType.Float16;
        }

        // Without a value of its own, it fills with zeros of float32.
        if (node.OpType == "ConstantOfShape" && node.Attribute.Count == 0)
            node.Attribute.Add(new AttributeProto
            {
                Name = "value", Type = AttributeType.Tensor, T = TensorData.Create("", ElementType.Float16, [0, 0], 1),
            });
    }

    private static void ToTensor(AttributeProto attribute)
    {
        var tensor = attribute.Type == AttributeType.Float
            ? TensorData.Create("", [attribute.F])
            : TensorData.Create("", [.. attribute.Floats], attribute.Floats.Count);
        Narrow(tensor);
        attribute.Floats.Clear();
        (attribute.Name, attribute.Type, attribute.T) = ("value", AttributeType.Tensor, tensor);
    }

    /// <summary>Turns a float32 tensor into float16; others stay.</summary>
    public static void Narrow(TensorProto tensor)
    {
        if (tensor.DataType != (int)DataType.Float)
            return;
        var values = tensor.ToFloats();
        var bytes = new byte[2 * values.Length];
        for (var i = 0; i < values.Length; i++)
            BitConverter.TryWriteBytes(bytes.AsSpan(2 * i), (Half)Math.Clamp(values[i], (float)Half.MinValue, (float)Half.MaxValue));
        tensor.Set(ElementType.Float16, bytes);
    }
}
