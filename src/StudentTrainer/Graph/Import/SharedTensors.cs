using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Operators;

namespace OnnxKd.StudentTrainer.Graph.Import;

/// <summary>
/// Gives a tensor to each of its roles. Exporters merge tensors that happen to be equal (a running variance and a scale, both ones), often
/// through Identity nodes; trained, they must differ. Matrices that are shared stay shared: those are tied on purpose.
/// </summary>
internal static class SharedTensors
{
    /// <summary>Where a tensor that was split off belongs in the file.</summary>
    /// <param name="Name">The new tensor.</param>
    /// <param name="Original">The one that the file has.</param>
    public sealed record Split(string Name, string Original);

    /// <summary>Splits.</summary>
    /// <returns>The new tensors.</returns>
    public static IReadOnlyList<Split> Separate(GraphProto graph, int version)
    {
        var splits = new List<Split>();
        RemoveAliases(graph, version, splits);
        SeparateRoles(graph, version, splits);
        return splits;
    }

    /// <summary>Makes the same change in a model's file, so that the new tensors can be written to.</summary>
    /// <param name="graph">The file's graph.</param>
    /// <param name="split">One new tensor.</param>
    /// <param name="version">The version of the operator set.</param>
    /// <returns>The new tensor in the file.</returns>
    public static TensorProto Materialise(GraphProto graph, Split split, int version)
    {
        var copy = ModelTensors.Find(graph, split.Original).Clone();
        copy.Name = split.Name;
        if (graph.Node.FirstOrDefault(node => node.OpType == "Identity" && node.Output[0] == split.Name) is { } alias)
            graph.Node.Remove(alias);
        else
            Redirect(graph, split.Original, split.Name, version);
        graph.Initializer.Add(copy);
        return copy;
    }

    /// <summary>Identity(tensor) becomes a tensor of its own where vectors of normalisations and biases are meant.</summary>
    private static void RemoveAliases(GraphProto graph, int version, List<Split> splits)
    {
        var tensors = ModelTensors.Of(graph);
        foreach (var alias in graph.Node.Where(node => node.OpType == "Identity" && tensors.ContainsKey(node.Input[0])).ToList())
        {
            var roles = RolesOf(graph, alias.Output[0], version);
            if (roles.Count == 0 || roles.Any(role => role is SlotRole.Weight or SlotRole.Embedding or SlotRole.Recurrent or SlotRole.Passed))
                continue;
            if (!TensorTypes.IsFloat(tensors[alias.Input[0]].DataType) || graph.Output.Any(output => output.Name == alias.Output[0]))
                continue;
            var copy = tensors[alias.Input[0]].Clone();
            copy.Name = alias.Output[0];
            graph.Node.Remove(alias);
            graph.Initializer.Add(copy);
            splits.Add(new(copy.Name, alias.Input[0]));
        }
    }

    /// <summary>A tensor that is read as running statistics and as something else is two.</summary>
    private static void SeparateRoles(GraphProto graph, int version, List<Split> splits)
    {
        foreach (var (name, tensor) in ModelTensors.Of(graph))
        {
            var roles = RolesOf(graph, name, version);
            if (!roles.Contains(SlotRole.Statistic) || roles.Count == 1)
                continue;
            var copy = tensor.Clone();
            copy.Name = $"{name}.statistic";
            Redirect(graph, name, copy.Name, version);
            graph.Initializer.Add(copy);
            splits.Add(new(copy.Name, name));
        }
    }

    private static void Redirect(GraphProto graph, string from, string to, int version)
    {
        foreach (var node in graph.Node)
        {
            for (var slot = 0; slot < node.Input.Count; slot++)
            {
                if (node.Input[slot] == from && RoleOf(node, slot, version) == SlotRole.Statistic)
                    node.Input[slot] = to;
            }
        }
    }

    private static HashSet<SlotRole> RolesOf(GraphProto graph, string tensor, int version) =>
    [
        .. from node in graph.Node
           from slot in Enumerable.Range(0, node.Input.Count)
           where node.Input[slot] == tensor
           select RoleOf(node, slot, version),
    ];

    private static SlotRole RoleOf(NodeProto node, int slot, int version) =>
        OperatorTable.Find(node.OpType, version)?.RoleOf(slot) ?? SlotRole.Data;
}
