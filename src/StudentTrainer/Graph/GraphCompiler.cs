using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Operators;

namespace OnnxKd.StudentTrainer.Graph;

/// <summary>Turns a model into a <see cref="GraphProgram"/>; no tensor is touched.</summary>
internal sealed class GraphCompiler
{
    private readonly GraphProto graph;
    private readonly int version;
    private readonly Dictionary<string, TensorProto> tensors;
    private readonly Dictionary<string, int> slots = new(StringComparer.Ordinal);

    private GraphCompiler(ModelProto model)
    {
        graph = model.Graph;
        version = (int)(model.OpsetImport.FirstOrDefault(import => import.Domain is "" or "ai.onnx")?.Version ?? 0);
        tensors = ModelTensors.Of(graph);
    }

    /// <summary>Compiles a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="taps">Tensors to hand out after the graph's outputs.</param>
    /// <exception cref="UnsupportedModelException">Names everything that is not supported, before any work.</exception>
    public static GraphProgram Compile(OnnxModel model, params IReadOnlyList<string> taps) => new GraphCompiler(model.Proto).Compile(taps);

    private GraphProgram Compile(IReadOnlyList<string> taps)
    {
        var input = StudentInput.Find(graph);
        var nodes = FindOperators();
        var plan = ParameterPlan.Create(nodes, tensors, version);
        var inputSlot = Slot(input.Name);
        int[] weightSlots = [.. plan.Select(weight => Slot(weight.Name))];
        string[] wanted = [.. graph.Output.Select(output => output.Name), .. taps];
        var lastUses = LastUses(nodes, wanted);
        Step[] steps = [.. nodes.Select((node, index) => CompileNode(node.Node, node.Operator, lastUses[index]))];
        int[] outputs = [.. wanted.Select(name => slots.TryGetValue(name, out var slot) ? slot : throw UnknownTap(name))];
        return new(plan, input, wanted, steps, new(slots.Count, inputSlot, weightSlots, outputs));
    }

    private List<(NodeProto Node, OperatorEntry Operator)> FindOperators()
    {
        var found = new List<(NodeProto, OperatorEntry)>();
        var missing = new List<NodeProto>();
        foreach (var node in graph.Node.Where(node => !ModelTensors.IsConstant(node)))
        {
            var entry = node.Domain is "" or "ai.onnx" ? OperatorTable.Find(node.OpType, version) : null;
            if (entry is null)
                missing.Add(node);
            else
                found.Add((node, entry));
        }
        return missing.Count == 0 ? found : throw new UnsupportedModelException(
            "The student uses operators that the trainer does not support.",
            found: string.Join("; ", missing.Select(Describe)),
            remedy: "choose another architecture, or export the model with another operator-set version");
    }

    private string Describe(NodeProto node)
    {
        var domain = node.Domain is "" or "ai.onnx" ? "" : $"{node.Domain}.";
        return $"{domain}{node.OpType} (version {version}, {NodeContext.Describe(node)})";
    }

    private Step CompileNode(NodeProto node, OperatorEntry entry, string[] dead)
    {
        var context = new NodeContext(node, version, tensors);
        var kernel = entry.Compile(context);
        context.Attributes.RequireAllRead();
        int[] inputs = [.. node.Input.Select(name => name.Length == 0 ? -1 : Slot(name))];
        // Further outputs (a dropout's mask, a pool's indices) are often declared, and hardly ever read.
        if (node.Output.Skip(1).FirstOrDefault(IsRead) is { } extra)
            throw context.Unsupported("is supported only with its first output", $"'{extra}' is read too");
        return new(NodeContext.Describe(node), kernel, inputs, [Slot(node.Output[0])], [.. dead.Select(Slot)]);
    }

    private bool IsRead(string name) =>
        name.Length > 0 && (graph.Output.Any(output => output.Name == name) || graph.Node.Any(node => node.Input.Contains(name)));

    /// <summary>Per node, the computed tensors that are read there for the last time (or never).</summary>
    private static string[][] LastUses(List<(NodeProto Node, OperatorEntry)> nodes, IReadOnlyList<string> wanted)
    {
        var kept = wanted.ToHashSet(StringComparer.Ordinal);
        var last = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < nodes.Count; i++)
        {
            foreach (var input in nodes[i].Node.Input.Where(last.ContainsKey))
                last[input] = i;
            last[nodes[i].Node.Output[0]] = i;
        }
        var byNode = last.Where(use => !kept.Contains(use.Key)).ToLookup(use => use.Value, use => use.Key);
        return [.. Enumerable.Range(0, nodes.Count).Select(i => byNode[i].ToArray())];
    }

    private int Slot(string name)
    {
        slots.TryAdd(name, slots.Count);
        return slots[name];
    }

    private static InputException UnknownTap(string name) => new("The student has no tensor of this name.", found: $"'{name}'");
}
