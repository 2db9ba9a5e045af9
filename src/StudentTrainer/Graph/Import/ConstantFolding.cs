using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Limits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Operators;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Graph.Import;

/// <summary>
/// Computes what depends on constants alone, once, and puts the branch that is taken in the place of an <c>If</c> with a constant
/// condition. Tensors that may turn out to be weights (floats with an axis) are left alone, whatever is done to them.
/// </summary>
internal sealed class ConstantFolding
{
    private const int LargestResult = 1 << 20;

    private readonly GraphProto graph;
    private readonly int version;
    private readonly Dictionary<string, TensorProto> tensors;
    private readonly List<NodeProto> kept = [];
    private readonly HashSet<string> names;
    private int folded;

    private ConstantFolding(GraphProto graph, int version)
    {
        (this.graph, this.version) = (graph, version);
        tensors = ModelTensors.Of(graph);
        names = [.. tensors.Keys, .. graph.Input.Select(input => input.Name), .. graph.Node.SelectMany(node => node.Output)];
    }

    /// <summary>Folds.</summary>
    /// <returns>The number of nodes that went away.</returns>
    /// <exception cref="InputException">A branch reuses a name of the graph around it.</exception>
    public static int Apply(GraphProto graph, int version)
    {
        var folding = new ConstantFolding(graph, version);
        folding.Visit([.. graph.Node]);
        graph.Node.Clear();
        graph.Node.AddRange(folding.kept);
        return folding.folded;
    }

    private void Visit(IEnumerable<NodeProto> nodes)
    {
        foreach (var node in nodes)
        {
            if (node is { OpType: "If", Domain: "" or "ai.onnx" } && tensors.TryGetValue(node.Input[0], out var condition))
                Inline(node, condition.RawBytes()[0] != 0 ? "then_branch" : "else_branch");
            else if (!ModelTensors.IsConstant(node) && CanFold(node))
                Fold(node);
            else
                kept.Add(node);
        }
    }

    private void Inline(NodeProto node, string branchName)
    {
        folded++;
        var branch = new Attributes(node).GetGraph(branchName) ?? throw new InputException(
            "An If lacks a branch.", where: NodeContext.Describe(node), found: "no graph", expected: branchName);
        string[] own = [.. branch.Initializer.Select(tensor => tensor.Name), .. branch.Node.SelectMany(inner => inner.Output)];
        if (own.FirstOrDefault(name => name.Length > 0 && !names.Add(name)) is { } twice)
            throw new InputException(
                "A branch of an If reuses a name of the graph around it.",
                where: NodeContext.Describe(node),
                found: $"'{twice}'",
                expected: "names that are unique in graph and branches",
                remedy: "export the model again");
        graph.Initializer.AddRange(branch.Initializer);
        foreach (var (name, tensor) in ModelTensors.Of(branch))
            tensors[name] = tensor;
        Visit(branch.Node);
        Visit(node.Output.Select((output, i) => new NodeProto
        {
            OpType = "Identity", Name = $"{node.Name}.{output}", Input = { branch.Output[i].Name }, Output = { output },
        }));
    }

    private bool CanFold(NodeProto node)
    {
        if (node.Domain is not ("" or "ai.onnx") || OperatorTable.Find(node.OpType, version) is null || node.Input.Count == 0)
            return false;
        if (node.OpType == "DequantizeLinear" || node.OpType == "Cast" && IsMatrixOfBytes(node.Input[0])) // integers with a scale are weights too
            return false;
        var looksOnlyAtShape = node.OpType is "Shape" or "Size";
        return node.Input.All(name =>
            name.Length == 0 || tensors.TryGetValue(name, out var tensor) && (looksOnlyAtShape || IsSetting(tensor)));
    }

    private bool IsMatrixOfBytes(string name) => tensors.TryGetValue(name, out var tensor) && tensor.Dims.Count > 1 && TensorTypes.IsByte(tensor.DataType);

    private static bool IsSetting(TensorProto tensor) =>
        TorchTypes.Of(tensor.DataType) is not null && (!TensorTypes.IsFloat(tensor.DataType) || tensor.Dims.Count == 0);

    private void Fold(NodeProto node)
    {
        if ((IntegerCast.TryCompute(node, tensors, LargestResult) is { } cast ? [cast] : Compute(node)) is not { } results)
        {
            kept.Add(node);
            return;
        }
        folded++;
        foreach (var result in results)
        {
            tensors[result.Name] = ParameterPlan.Fix(result); // the file has no such tensor, to which what was learned could go back
            graph.Initializer.Add(result);
        }
    }

    /// <summary>The named results of a node; <c>null</c>: they are too large to keep.</summary>
    private TensorProto[]? Compute(NodeProto node)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        ModelTrial.RequireTime(() => NodeContext.Describe(node));
        Tensor?[] inputs = [.. node.Input.Select(name => name.Length == 0 ? null : tensors[name].ToTensor(CPU))];
        int[] slots = [.. node.Input.Select((name, slot) => name.Length == 0 ? -1 : slot)];
        Tensor[] results;
        try
        {
            results = OperatorTable.Find(node.OpType, version)!.Compile(new(node, version, tensors))(new(inputs, slots, training: false));
        }
        catch (Exception error) when (NodeRefusal.Is(error))
        {
            throw NodeRefusal.Of(node, inputs, error);
        }
        return results.Any(result => result.numel() > LargestResult)
            ? null
            : [.. node.Output.Zip(results).Where(pair => pair.First.Length > 0).Select(pair => ToProto(pair.First, pair.Second))];
    }

    private static TensorProto ToProto(string name, Tensor value) =>
        TensorData.Create(name, ElementTypeOf(value.dtype), value.contiguous().bytes, value.shape);

    private static ElementType ElementTypeOf(ScalarType type) =>
        Enum.GetValues<ElementType>().First(element => TorchTypes.Of(element) == type);
}
