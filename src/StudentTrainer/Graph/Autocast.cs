using Onnx;
using OnnxKd.StudentTrainer.Operators;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Graph;

/// <summary>A node as it is compiled.</summary>
/// <param name="Node">The node.</param>
/// <param name="Operator">Its operator.</param>
/// <param name="Inputs">The tensors that it really reads: those of the node, or what they were cast to.</param>
internal sealed record PlannedNode(NodeProto Node, OperatorEntry Operator, IReadOnlyList<string> Inputs);

/// <summary>
/// Puts casts between nodes, so that each computes in the type that <see cref="MixedPrecision"/> says. A tensor is cast where it is first
/// needed in another type, and once, however many nodes read it: a weight is rounded once in a step. What is handed out is float32.
/// </summary>
internal sealed class Autocast
{
    private static readonly OperatorEntry Narrowing = Cast("to bfloat16", ScalarType.Float32, ScalarType.BFloat16);
    private static readonly OperatorEntry Widening = Cast("to float32", ScalarType.BFloat16, ScalarType.Float32);

    private readonly List<PlannedNode> planned = [];
    private readonly HashSet<string> narrow = new(StringComparer.Ordinal);
    private readonly HashSet<string> maybeNarrow;
    private readonly HashSet<string> casts = new(StringComparer.Ordinal);

    private Autocast(IEnumerable<string> inputs) => maybeNarrow = inputs.ToHashSet(StringComparer.Ordinal);

    /// <summary>Casts.</summary>
    /// <param name="nodes">The nodes, in order.</param>
    /// <param name="inputs">The graph's inputs.</param>
    /// <param name="outputs">What is handed out.</param>
    /// <returns>The nodes with casts between them, and the tensors to hand out, in the order of the outputs.</returns>
    public static (IReadOnlyList<PlannedNode> Nodes, IReadOnlyList<string> Outputs) Apply(
        IEnumerable<(NodeProto Node, OperatorEntry Operator)> nodes, IEnumerable<string> inputs, IEnumerable<string> outputs)
    {
        var autocast = new Autocast(inputs);
        foreach (var (node, entry) in nodes)
            autocast.Add(node, entry);
        string[] results = [.. outputs.Select(autocast.Widened)];
        return (autocast.planned, results);
    }

    private void Add(NodeProto node, OperatorEntry entry)
    {
        var type = MixedPrecision.Of(entry);
        string[] inputs = [.. node.Input.Select(name => name.Length == 0 ? name : type switch
        {
            ComputeType.BFloat16 => Narrowed(name),
            ComputeType.Float32 => Widened(name),
            _ => name,
        })];
        planned.Add(new(node, entry, inputs));
        if (type == ComputeType.BFloat16)
            narrow.UnionWith(node.Output);
        if (type == ComputeType.BFloat16 || type == ComputeType.AsGiven && inputs.Any(maybeNarrow.Contains))
            maybeNarrow.UnionWith(node.Output);
    }

    private string Narrowed(string name) => narrow.Contains(name) ? name : Through(Narrowing, name);

    private string Widened(string name) => maybeNarrow.Contains(name) ? Through(Widening, name) : name;

    private string Through(OperatorEntry cast, string name)
    {
        var result = $"{name} {cast.Name}";
        if (casts.Add(result))
            planned.Add(new(new() { OpType = cast.Name, Name = name, Input = { name }, Output = { result } }, cast, [name]));
        return result;
    }

    /// <summary>A cast from one type alone: integers and other floats pass as they are.</summary>
    private static OperatorEntry Cast(string name, ScalarType from, ScalarType to) =>
        new(name, 1, [SlotRole.Passed], _ => x => [x[0].dtype == from ? x[0].to(to) : x[0].alias()]);
}
