using System.Globalization;
using Google.Protobuf;
using Onnx;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.Onnx;

/// <summary>An output that is a sequence of maps in the file, and was read as the tensor that the maps are made of.</summary>
/// <param name="Output">Its name.</param>
/// <param name="Keys">What each column stands for, in ascending order.</param>
/// <param name="KeysAreTexts">Whether keys are texts, else numbers of 64 bits.</param>
public sealed record MappedOutput(string Output, IReadOnlyList<string> Keys, bool KeysAreTexts);

/// <summary>
/// Classifiers of scikit-learn and LightGBM end in ai.onnx.ml's ZipMap unless their exporters are told otherwise: for each sample a map from class to score. What
/// the maps hold is a tensor, in the order of the node's keys.
/// </summary>
internal static class ZipMaps
{
    private const string OperatorDomain = "ai.onnx.ml";
    private const string Operator = "ZipMap";
    private const long OperatorOpset = 1;
    private const long Opset = 13; // of ONNX's own operators, where a model has none

    /// <summary>Whether a graph has one.</summary>
    public static bool AreIn(GraphProto graph) => graph.Node.Any(node => node is { OpType: Operator, Domain: OperatorDomain });

    /// <summary>Gives a tensor of scores as a map for each sample.</summary>
    /// <param name="model">The model; changed, but for its outputs.</param>
    /// <param name="scores">The tensor: float32 [N, columns].</param>
    /// <param name="map">What the maps are called, and what stands for each column.</param>
    /// <returns>What the output is declared as.</returns>
    public static ValueInfoProto Add(ModelProto model, string scores, MappedOutput map)
    {
        var keys = new AttributeProto
        {
            Name = map.KeysAreTexts ? "classlabels_strings" : "classlabels_int64s",
            Type = map.KeysAreTexts ? AttributeProto.Types.AttributeType.Strings : AttributeProto.Types.AttributeType.Ints,
        };
        if (map.KeysAreTexts)
            keys.Strings.AddRange(map.Keys.Select(ByteString.CopyFromUtf8));
        else
            keys.Ints.AddRange(map.Keys.Select(key => long.Parse(key, CultureInfo.InvariantCulture)));
        model.Graph.Node.Add(new NodeProto { OpType = Operator, Domain = OperatorDomain, Name = map.Output, Input = { scores }, Output = { map.Output }, Attribute = { keys } });
        model.Import(OperatorDomain, OperatorOpset);
        var type = new TypeProto.Types.Map
        {
            KeyType = (int)(map.KeysAreTexts ? TensorProto.Types.DataType.String : TensorProto.Types.DataType.Int64),
            ValueType = new() { TensorType = new() { ElemType = ElementType.Float32.ToDataType() } },
        };
        return new() { Name = map.Output, Type = new() { SequenceType = new() { ElemType = new() { MapType = type } } } };
    }

    /// <summary>Puts the tensor in the place of the maps, its columns in the order of the keys: numbers by value, texts by their characters.</summary>
    /// <param name="model">A valid model; changed.</param>
    /// <returns>What was replaced.</returns>
    public static IReadOnlyList<MappedOutput> Replace(ModelProto model)
    {
        var (graph, replaced) = (model.Graph, new List<MappedOutput>());
        foreach (var node in graph.Node.Where(node => node is { OpType: Operator, Domain: OperatorDomain }).ToArray())
        {
            var (name, keys, order, areTexts) = (node.Output[0], KeysOf(node), OrderOf(node), AreTexts(node));
            if (keys.Length == 0 || graph.Output.FirstOrDefault(value => value.Name == name) is not { } output)
                continue;
            (node.Domain, node.OpType) = ("", "Identity");
            node.Attribute.Clear();
            if (!order.SequenceEqual(Enumerable.Range(0, keys.Length)))
                Sort(graph, node, order);
            output.Type = ValueInfo.Create(name, ElementType.Float32, [BatchOf(graph), keys.Length]).Type;
            replaced.Add(new(name, [.. order.Select(column => keys[column])], areTexts));
        }

        if (replaced.Count > 0 && model.OwnVersion() is null)
            model.Import("", Opset);
        return replaced;
    }

    /// <summary>Puts maps back in the place of the tensors that they were read as.</summary>
    /// <param name="model">A model with these tensors as outputs; changed.</param>
    /// <param name="maps">What was replaced.</param>
    public static void Restore(ModelProto model, IEnumerable<MappedOutput> maps)
    {
        foreach (var map in maps)
        {
            var (scores, declared) = ($"{map.Output}/scores", model.Graph.Output.First(output => output.Name == map.Output));
            foreach (var node in model.Graph.Node)
            {
                node.Name = node.Name == map.Output ? scores : node.Name;
                for (var i = 0; i < node.Input.Count; i++)
                    node.Input[i] = node.Input[i] == map.Output ? scores : node.Input[i];
                for (var i = 0; i < node.Output.Count; i++)
                    node.Output[i] = node.Output[i] == map.Output ? scores : node.Output[i];
            }
            model.Graph.Output[model.Graph.Output.IndexOf(declared)] = Add(model, scores, map);
        }
    }

    private static void Sort(GraphProto graph, NodeProto node, int[] order)
    {
        var columns = $"{node.Output[0]}/columns";
        graph.Initializer.Add(TensorData.Create(columns, [.. order.Select(column => (long)column)], order.Length));
        node.OpType = "Gather";
        node.Input.Add(columns);
        node.Attribute.Add(new AttributeProto { Name = "axis", Type = AttributeProto.Types.AttributeType.Int, I = 1 });
    }

    private static bool AreTexts(NodeProto node) => Find(node, "classlabels_int64s") is not { Ints.Count: > 0 };

    private static string[] KeysOf(NodeProto node) =>
        Find(node, "classlabels_int64s") is { Ints.Count: > 0 } numbers ? [.. numbers.Ints.Select(key => $"{key}")]
        : Find(node, "classlabels_strings") is { } texts ? [.. texts.Strings.Select(key => key.ToStringUtf8())]
        : [];

    private static int[] OrderOf(NodeProto node)
    {
        if (Find(node, "classlabels_int64s") is { Ints.Count: > 0 } numbers)
            return [.. Enumerable.Range(0, numbers.Ints.Count).OrderBy(column => numbers.Ints[column])];
        var keys = KeysOf(node);
        return [.. Enumerable.Range(0, keys.Length).OrderBy(column => keys[column], StringComparer.Ordinal)];
    }

    private static AttributeProto? Find(NodeProto node, string name) => node.Attribute.FirstOrDefault(attribute => attribute.Name == name);

    private static Dim BatchOf(GraphProto graph) =>
        graph.Input.FirstOrDefault(input => input.Type?.TensorType?.Shape?.Dim.Count > 0) is { } input ? input.ShapeOf()![0] : new(null);
}
