using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Operators;

namespace OnnxKd.StudentTrainer.Graph;

/// <summary>What becomes of a tensor of the file in training.</summary>
internal enum WeightRole
{
    /// <summary>Learned by gradient.</summary>
    Parameter,

    /// <summary>Changed by the forward pass in training: running statistics.</summary>
    Buffer,

    /// <summary>Never changed.</summary>
    Constant,
}

/// <summary>One tensor of the file and its role.</summary>
/// <param name="Name">The initializer, or the output of the Constant node.</param>
/// <param name="Role">Its role.</param>
/// <param name="Source">Its values in the file.</param>
/// <param name="UnitAxis">For a weight matrix or kernel: the axis that counts output units.</param>
internal sealed record PlannedWeight(string Name, WeightRole Role, TensorProto Source, int? UnitAxis);

/// <summary>Decides the role of every tensor that a graph uses, each once, however many nodes use it.</summary>
internal static class ParameterPlan
{
    /// <summary>A place where a tensor of the file is used.</summary>
    private sealed record Use(WeightRole Role, NodeProto Node, int? UnitAxis);

    /// <summary>Walks the nodes in order; rearranging operators pass a tensor on to where it is really used.</summary>
    /// <param name="nodes">Each node with its operator.</param>
    /// <param name="tensors">The file's tensors.</param>
    /// <param name="version">The version of the operator set.</param>
    /// <exception cref="UnsupportedModelException">A tensor is used both as a weight and as running statistics.</exception>
    public static IReadOnlyList<PlannedWeight> Create(
        IReadOnlyList<(NodeProto Node, OperatorEntry Operator)> nodes, IReadOnlyDictionary<string, TensorProto> tensors, int version)
    {
        var uses = new Dictionary<string, List<Use>>(StringComparer.Ordinal);
        var origins = tensors.Keys.ToDictionary(name => name, StringComparer.Ordinal);
        var learned = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (node, entry) in nodes)
        {
            var learns = node.Input.Any(learned.Contains);
            for (var slot = 0; slot < node.Input.Count; slot++)
            {
                if (!origins.TryGetValue(node.Input[slot], out var origin))
                    continue;
                var role = entry.RoleOf(slot);
                if (role == SlotRole.Passed)
                    origins[node.Output[0]] = origin;
                if (!uses.TryGetValue(origin, out var places))
                    uses[origin] = places = [];
                var weightRole = RoleOf(role, tensors[origin], learns);
                var direct = origin == node.Input[slot];
                var unitAxis = direct && slot == 1 ? entry.UnitAxis?.Invoke(new(node, version, tensors)) : null;
                places.Add(new(weightRole, node, unitAxis));
                learns |= weightRole == WeightRole.Parameter && role == SlotRole.Weight;
            }
            if (learns)
                learned.UnionWith(node.Output);
        }
        return
        [
            .. tensors.Where(tensor => uses.ContainsKey(tensor.Key))
                .Select(tensor => Plan(tensor.Key, tensor.Value, uses[tensor.Key])),
        ];
    }

    private static WeightRole RoleOf(SlotRole slot, TensorProto tensor, bool othersLearn) => slot switch
    {
        _ when !TensorTypes.IsFloat(tensor.DataType) => WeightRole.Constant,
        SlotRole.Weight => WeightRole.Parameter,
        SlotRole.Statistic => WeightRole.Buffer,
        // A single number beside an activation is a scale that was written into the file, not a bias.
        SlotRole.Operand when othersLearn && tensor.ElementCount() > 1 => WeightRole.Parameter,
        _ => WeightRole.Constant,
    };

    private static PlannedWeight Plan(string name, TensorProto source, List<Use> uses)
    {
        var parameter = uses.Find(use => use.Role == WeightRole.Parameter);
        var buffer = uses.Find(use => use.Role == WeightRole.Buffer);
        if (parameter is not null && buffer is not null)
            throw new UnsupportedModelException(
                "A tensor is used both as a weight and as running statistics.",
                where: $"tensor '{name}'",
                found: $"{NodeContext.Describe(parameter.Node)} and {NodeContext.Describe(buffer.Node)}",
                expected: "a tensor of its own for each",
                remedy: "export the model without merging equal tensors");
        var role = (parameter ?? buffer)?.Role ?? WeightRole.Constant;
        return new(name, role, source, role == WeightRole.Parameter ? parameter!.UnitAxis : null);
    }
}
