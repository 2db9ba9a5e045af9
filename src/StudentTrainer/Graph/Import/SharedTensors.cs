using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Operators;

namespace OnnxKd.StudentTrainer.Graph.Import;

/// <summary>
/// Gives layers vectors of their own. Exporters merge tensors that happen to be equal (a running variance and a scale, both ones), by
/// name or through Identity nodes; trained, they must differ. What is shared on purpose stays shared: matrices, and vectors of layers
/// that share all of their tensors.
/// </summary>
internal static class SharedTensors
{
    private const int FirstIrVersionWithoutListing = 4;

    /// <summary>Where a tensor that was split off belongs in the file.</summary>
    /// <param name="Name">The new tensor.</param>
    /// <param name="Original">The one that the file has.</param>
    /// <param name="Places">Inputs that read the new one: the first output of the node, and the input's index.</param>
    public sealed record Split(string Name, string Original, IReadOnlyList<(string Output, int Slot)> Places);

    /// <summary>Splits.</summary>
    /// <returns>The new tensors.</returns>
    public static IReadOnlyList<Split> Separate(GraphProto graph, int version)
    {
        var splits = new List<Split>();
        RemoveAliases(graph, version, splits);
        SeparateLayers(graph, version, splits);
        return splits;
    }

    /// <summary>Makes the same change in a model's file, so that the new tensor can be written to.</summary>
    /// <param name="model">The file.</param>
    /// <param name="split">One new tensor.</param>
    public static void Materialise(ModelProto model, Split split)
    {
        var copy = ModelTensors.Find(model.Graph, split.Original).Clone();
        copy.Name = split.Name;
        foreach (var part in ModelTensors.WithBranches(model.Graph).ToList())
        {
            if (part.Node.FirstOrDefault(node => node.OpType == "Identity" && node.Output[0] == split.Name) is { } alias)
                part.Node.Remove(alias);
            foreach (var node in part.Node)
            {
                foreach (var (output, slot) in split.Places.Where(place => place.Output == node.Output.FirstOrDefault()))
                    node.Input[slot] = split.Name;
            }
        }
        model.Graph.Initializer.Add(copy);
        if (model.IrVersion < FirstIrVersionWithoutListing)
            model.Graph.Input.Add(ValueInfo.Create(copy.Name, copy.ElementTypeOf(), [.. copy.Dims.Select(size => new Dim(size))]));
    }

    /// <summary>Identity(tensor) becomes a tensor of its own where vectors of normalisations and biases are meant.</summary>
    private static void RemoveAliases(GraphProto graph, int version, List<Split> splits)
    {
        var tensors = ModelTensors.Of(graph);
        var uses = UsesOf(graph);
        var outputs = graph.Output.Select(output => output.Name).ToHashSet(StringComparer.Ordinal);
        var gone = new HashSet<NodeProto>(ReferenceEqualityComparer.Instance);
        foreach (var alias in graph.Node.Where(node => node.OpType == "Identity" && tensors.ContainsKey(node.Input[0])).ToList())
        {
            var roles = uses[alias.Output[0]].Select(use => RoleOf(use.Node, use.Slot, version)).ToHashSet();
            if (roles.Count == 0 || roles.Overlaps([SlotRole.Weight, SlotRole.Embedding, SlotRole.Recurrent, SlotRole.Passed]))
                continue;
            if (!TensorTypes.IsFloat(tensors[alias.Input[0]].DataType) || outputs.Contains(alias.Output[0]))
                continue;
            gone.Add(alias);
            AddCopy(graph, tensors[alias.Input[0]], alias.Output[0]);
            splits.Add(new(alias.Output[0], alias.Input[0], []));
        }
        if (gone.Count == 0)
            return;
        NodeProto[] kept = [.. graph.Node.Where(node => !gone.Contains(node))];
        graph.Node.Clear();
        graph.Node.AddRange(kept);
    }

    /// <summary>A vector that several layers read is as many vectors; its other uses keep the original.</summary>
    private static void SeparateLayers(GraphProto graph, int version, List<Split> splits)
    {
        var (uses, index, tensors) = (UsesOf(graph), new GraphIndex(graph), ModelTensors.Of(graph));
        foreach (var (name, tensor) in tensors.Where(entry => TensorTypes.IsFloat(entry.Value.DataType)))
        {
            var places = uses[name].Select(use => (use.Node, use.Slot, Layer: BiasedMatrix(use.Node, use.Slot) ?? LayerOf(use.Node, use.Slot, version)));
            foreach (var layer in places.GroupBy(use => use.Layer).OrderBy(group => group.Key.Length > 0).Skip(1))
            {
                var moved = layer.Select(use => (use.Node.Output[0], use.Slot)).ToList();
                var copy = $"{name}/{moved[0].Item1}/{moved[0].Slot}";
                AddCopy(graph, tensor, copy);
                foreach (var (node, slot, _) in layer)
                    node.Input[slot] = copy;
                splits.Add(new(copy, name, moved));
            }
        }

        // Of a bias written as Add: the matrix whose product it is added to.
        string? BiasedMatrix(NodeProto node, int slot)
        {
            if (node.OpType != "Add" || index.Producer(node.Input[1 - slot]) is not { Input.Count: > 1 } product || RoleOf(product, 1, version) != SlotRole.Weight)
                return null;
            var matrix = product.Input[1];
            while (index.Producer(matrix) is { Input.Count: > 0 } passing && !tensors.ContainsKey(matrix) && RoleOf(passing, 0, version) == SlotRole.Passed)
                matrix = passing.Input[0];
            return tensors.ContainsKey(matrix) ? $"{node.OpType}\n{matrix}" : null;
        }
    }

    /// <summary>
    /// What tells layers apart: the place among the layer's tensors and their names, and the node itself if a name occurs twice among them
    /// (nobody shares a layer whose scale is its variance); empty for inputs that are no vectors of a layer.
    /// </summary>
    private static string LayerOf(NodeProto node, int slot, int version)
    {
        if (RoleOf(node, slot, version) is not (SlotRole.Scale or SlotRole.Bias or SlotRole.Statistic))
            return "";
        string[] tensors = [.. node.Input.Skip(1)];
        var isWhole = tensors.Distinct().Count() == tensors.Length;
        return $"{node.OpType}\n{slot}\n{string.Join('\n', tensors)}{(isWhole ? "" : $"\n{node.Output[0]}")}";
    }

    private static void AddCopy(GraphProto graph, TensorProto tensor, string name)
    {
        var copy = tensor.Clone();
        copy.Name = name;
        graph.Initializer.Add(copy);
    }

    /// <summary>Every place where each tensor is read, as of now, in order.</summary>
    private static ILookup<string, (NodeProto Node, int Slot)> UsesOf(GraphProto graph) =>
        graph.Node.SelectMany(node => node.Input.Select((name, slot) => (Name: name, Use: (node, slot))))
            .ToLookup(use => use.Name, use => use.Use, StringComparer.Ordinal);

    private static SlotRole RoleOf(NodeProto node, int slot, int version) =>
        FusedOperators.Find(node, version)?.RoleOf(slot) ?? SlotRole.Data;
}
