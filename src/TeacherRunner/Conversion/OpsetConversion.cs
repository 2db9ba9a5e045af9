using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;

namespace OnnxKd.TeacherRunner.Conversion;

/// <summary>Takes a model to a newer operator set, by ONNX's rules for each of its operators.</summary>
internal static class OpsetConversion
{
    /// <summary>The oldest operator set that a model may come from.</summary>
    public const int Oldest = 7;

    /// <summary>The newest one: its changes are known, and the ONNX Runtime of this build runs it.</summary>
    public const int Newest = 26;

    // The format of the file that an operator set came with.
    private static readonly (int Opset, long Ir)[] IrVersions = [(25, 13), (24, 12), (23, 11), (21, 10), (19, 9), (15, 8), (12, 7), (11, 6), (10, 5), (9, 4), (7, 3)];

    /// <summary>Converts a model in place.</summary>
    /// <param name="model">The model.</param>
    /// <param name="target">The operator set.</param>
    /// <param name="known">The operators whose rules are known.</param>
    /// <param name="name">The model's name, for messages.</param>
    /// <exception cref="InputException">It is older than <see cref="Oldest"/>, or not older than the target.</exception>
    /// <exception cref="UnsupportedModelException">A node has no rule: it is named.</exception>
    public static void Apply(ModelProto model, int target, IReadOnlyCollection<string> known, string name)
    {
        var opset = model.OpsetImport.FirstOrDefault(o => OperatorSets.IsOwn(o.Domain))
            ?? throw new UnsupportedModelException("The model uses none of ONNX's operator sets.", name);
        if (opset.Version < Oldest || opset.Version > target)
            throw new InputException(
                "An operator set can only be raised.", name, $"from {opset.Version} to {target}", $"from {Oldest} or newer to one that is not older",
                "export the model again for the operator set that is wanted");
        if (model.Functions.Count > 0)
            throw new UnsupportedModelException("The operator set of a model with functions cannot be raised.", name, $"{model.Functions.Count} functions", "none", "export the model with its functions inlined");
        RequireKnown(model.Graph, known, name);
        var kinds = TensorKinds.Of(model, name);
        for (var version = opset.Version + 1; version <= target; version++)
            Raise(model.Graph, (int)version, kinds, name);
        opset.Version = target;
        model.IrVersion = Math.Max(model.IrVersion, IrVersions.First(entry => entry.Opset <= target).Ir);
    }

    private static void RequireKnown(GraphProto graph, IReadOnlyCollection<string> known, string name)
    {
        foreach (var node in graph.Node)
        {
            if (OperatorSets.IsOwn(node.Domain) && !known.Contains(node.OpType))
                throw Refuse(node, name, "its rules are not known here");
            foreach (var inner in Subgraphs(node))
                RequireKnown(inner, known, name);
        }
    }

    private static void Raise(GraphProto graph, int version, TensorKinds? kinds, string name)
    {
        foreach (var node in graph.Node.Where(node => OperatorSets.IsOwn(node.Domain)).ToArray()) // rules may put nodes around one
        {
            if (OpsetRules.Apply(new(node, graph, kinds), version) is { } reason)
                throw Refuse(node, name, $"at operator set {version} {reason}");
            foreach (var inner in Subgraphs(node))
                Raise(inner, version, kinds: null, name);
        }
    }

    private static IEnumerable<GraphProto> Subgraphs(NodeProto node) =>
        node.Attribute.SelectMany(attribute => attribute.Graphs.Prepend(attribute.G)).OfType<GraphProto>();

    private static UnsupportedModelException Refuse(NodeProto node, string name, string reason) => new(
        "The operator set of a model cannot be raised.", $"node '{(node.Name.Length > 0 ? node.Name : node.Output[0])}' ({node.OpType}) of {name}", reason,
        "a change of names, or of attributes to inputs", "export the model again for the operator set that is wanted");
}
