using Onnx;
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
/// <param name="Uses">Where it is used.</param>
internal sealed record PlannedWeight(string Name, WeightRole Role, TensorProto Source, int? UnitAxis, IReadOnlyList<WeightUse> Uses)
{
    /// <summary>Whether its values are read on the CPU only: shapes, axes, bounds.</summary>
    public bool OnHost => Role == WeightRole.Constant && Uses.All(use => use.OnHost);

    /// <summary>Whether it is learned in branches of an If alone, so that samples may be without a gradient for it.</summary>
    public bool IsConditional => Uses.Where(use => use.IsLearned).All(use => use.IsConditional);
}

/// <summary>A place where a tensor of the file is used.</summary>
/// <param name="Node">The node.</param>
/// <param name="Operator">Its operator.</param>
/// <param name="Slot">Its input.</param>
/// <param name="IsLearned">Whether a float tensor there is learned.</param>
/// <param name="Direct">Whether the node reads the tensor as it lies in the file (of whatever type), or a rearrangement of it.</param>
internal sealed record WeightUse(NodeProto Node, OperatorEntry Operator, int Slot, bool IsLearned, bool Direct)
{
    /// <summary>What the input is for.</summary>
    public SlotRole Role => Operator.RoleOf(Slot);

    /// <summary>Whether the values are read on the CPU.</summary>
    public bool OnHost => Operator.Host.Contains(Slot);

    /// <summary>Whether it is in a branch of an If, which runs for some samples.</summary>
    public bool IsConditional { get; init; }
}

/// <summary>Decides the role of every tensor that a graph uses, each once, however many nodes use it.</summary>
internal static class ParameterPlan
{
    // What the text of a tensor says that lies where weights do.
    private const string NotLearned = "onnxkd: not learned";

    private static readonly HashSet<string> KeepShape = ["Identity", "Cast", "CastLike", "QuantizeLinear", "DequantizeLinear"];

    // By which a weight is computed of what is learned: its length is taken out, or its deviation.
    private static readonly HashSet<string> OfWeights =
    [
        "ReduceL1", "ReduceL2", "ReduceMean", "ReduceSum", "ReduceSumSquare", "LpNormalization", "Abs", "Exp", "Pow", "Reciprocal", "Sqrt", "Sigmoid", "Softplus", "Tanh",
    ];

    /// <summary>Walks the nodes in order; rearranging operators pass a tensor on to where it is really used.</summary>
    /// <param name="nodes">Each node with its operator.</param>
    /// <param name="tensors">The file's tensors.</param>
    /// <param name="version">The version of the operator set.</param>
    /// <param name="outputs">What is handed out; a tensor of the file among it is planned although no node uses it.</param>
    public static IReadOnlyList<PlannedWeight> Create(
        IReadOnlyList<(NodeProto Node, OperatorEntry Operator)> nodes, IReadOnlyDictionary<string, TensorProto> tensors, int version,
        IReadOnlyList<string> outputs)
    {
        var uses = FindUses(nodes, tensors, version);
        var constants = WrittenConstants.Find([.. nodes.Select(node => node.Node)], tensors, uses, outputs);
        return [.. tensors.Where(tensor => uses.Contains(tensor.Key) || outputs.Contains(tensor.Key))
            .Select(tensor => Plan(tensor.Key, tensor.Value))];

        PlannedWeight Plan(string name, TensorProto source)
        {
            WeightUse[] places = [.. uses[name]];
            var role = constants.Contains(name) ? WeightRole.Constant : RoleOf(source, places);
            var matrix = role == WeightRole.Parameter ? Array.Find(places, use => use is { Direct: true, Slot: 1, IsLearned: true }) : null;
            return new(name, role, source, matrix?.Operator.UnitAxis?.Invoke(ContextOf(matrix.Node, source)), places);
        }

        // The weight may reach the node through others that keep its shape.
        NodeContext ContextOf(NodeProto node, TensorProto weight) =>
            new(node, version, new Dictionary<string, TensorProto> { [node.Input[1]] = weight });
    }

    /// <summary>Marks a tensor as none that is learned, wherever it is used and whatever becomes of its name: its file says so.</summary>
    /// <returns>The same tensor.</returns>
    public static TensorProto Fix(TensorProto tensor)
    {
        tensor.DocString = NotLearned;
        return tensor;
    }

    /// <summary>Every use of every tensor of the file, in order.</summary>
    public static ILookup<string, WeightUse> FindUses(
        IReadOnlyList<(NodeProto Node, OperatorEntry Operator)> nodes, IReadOnlyDictionary<string, TensorProto> tensors, int version)
    {
        var uses = new List<(string Name, WeightUse Use)>();
        var origins = tensors.Keys.ToDictionary(name => name, name => new HashSet<string>([name]), StringComparer.Ordinal);
        var learned = new HashSet<string>(StringComparer.Ordinal);
        var asInFile = tensors.Keys.ToHashSet(StringComparer.Ordinal);
        var oneUnit = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (node, entry) in nodes)
        {
            var learns = node.Input.Any(learned.Contains);
            var fixedInputs = node.Input.All(name => name.Length == 0 || origins.ContainsKey(name));
            // What a graph within a node reads from outside is used as its own nodes use it.
            foreach (var (name, use) in NestedGraphs.Of(node).SelectMany(inner => UsesWithin(node, inner)))
                foreach (var origin in origins[name])
                {
                    uses.Add((origin, use with { Direct = use.Direct && asInFile.Contains(name) }));
                    learns |= use.IsLearned && IsFloat(tensors[origin]);
                }
            for (var slot = 0; slot < node.Input.Count; slot++)
            {
                if (!origins.TryGetValue(node.Input[slot], out var from))
                    continue;
                var role = entry.RoleOf(slot);
                // What is computed of weights alone is a weight: a direction with a length, a standardised kernel.
                HashSet<string> passed = role == SlotRole.Passed || role == SlotRole.Operand && fixedInputs ? from
                    : fixedInputs && OfWeights.Contains(node.OpType) ? [.. from.Where(origin => IsFloat(tensors[origin]))] : [];
                if (passed.Count > 0)
                {
                    foreach (var output in node.Output)
                        origins[output] = [.. origins.GetValueOrDefault(output, []), .. passed];
                    if (KeepShape.Contains(node.OpType) && asInFile.Contains(node.Input[slot]))
                        asInFile.Add(node.Output[0]);
                }
                foreach (var origin in from)
                {
                    // A single number beside an activation or within a weight is a scale that was written into the file, unless one unit has no other bias.
                    var isVector = tensors[origin].ElementCount() > 1;
                    var isLearned = role.IsLearned() && (isVector || from.Count == 1)
                        || role == SlotRole.Operand && learns && (isVector || IsBiasOfOneUnit(node, slot, tensors[origin]));
                    uses.Add((origin, new(node, entry, slot, isLearned, asInFile.Contains(node.Input[slot]))));
                    learns |= isLearned && IsFloat(tensors[origin]);
                }
            }
            // Shapes, ranks and truth values carry no gradient: what is computed of them is nobody's weight.
            if (learns && entry.Differentiable)
                learned.UnionWith(node.Output);
            if (entry.RoleOf(1) == SlotRole.Weight && node.Input.Count > 1 && node.Input.Skip(2).All(name => name.Length == 0) && HasOneUnit(node))
                oneUnit.UnionWith(node.Output);
        }
        return uses.ToLookup(use => use.Name, use => use.Use, StringComparer.Ordinal);

        bool HasOneUnit(NodeProto node) =>
            origins.TryGetValue(node.Input[1], out var from) && from.Any(origin => tensors[origin].Dims is { Count: > 1 } shape && shape.Take(2).Contains(1));

        bool IsBiasOfOneUnit(NodeProto node, int slot, TensorProto tensor) =>
            node.OpType == "Add" && tensor.Dims.Count > 0 && oneUnit.Contains(node.Input[1 - slot]);

        IEnumerable<(string Name, WeightUse Use)> UsesWithin(NodeProto node, GraphProto held)
        {
            var (body, isBranch) = (NestedGraphs.ExposeCaptures(held), NestedGraphs.IsBranching(node));
            var known = node.Input.Where(origins.ContainsKey).Distinct().ToDictionary(name => name, name => tensors[origins[name].First()]);
            var inner = body.Node.Select(each => (each, FusedOperators.Find(each, version))).Where(each => each.Item2 is not null).Select(each => (each.each, each.Item2!));
            return FindUses([.. inner], known, version).SelectMany(group => group.Select(use => (group.Key, use with { IsConditional = isBranch || use.IsConditional })));
        }
    }

    private static WeightRole RoleOf(TensorProto tensor, WeightUse[] uses) =>
        !IsFloat(tensor) || tensor.DocString == NotLearned ? WeightRole.Constant
        : Array.Exists(uses, use => use.IsLearned) ? WeightRole.Parameter
        : Array.Exists(uses, use => use.Role == SlotRole.Statistic) ? WeightRole.Buffer
        : WeightRole.Constant;

    private static bool IsFloat(TensorProto tensor) => TensorTypes.IsFloat(tensor.DataType);
}
