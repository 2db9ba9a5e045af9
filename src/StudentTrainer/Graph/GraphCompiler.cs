using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Operators;

namespace OnnxKd.StudentTrainer.Graph;

/// <summary>Turns a graph into a <see cref="GraphProgram"/>; no tensor of the device is touched.</summary>
internal sealed class GraphCompiler
{
    private readonly GraphProto graph;
    private readonly GraphIndex index;
    private readonly int version;
    private readonly IReadOnlyList<string> outputs;
    private readonly Dictionary<string, TensorProto> tensors;
    private readonly Dictionary<string, int> slots = new(StringComparer.Ordinal);
    private readonly HashSet<string> read = new(StringComparer.Ordinal);

    private GraphCompiler(GraphProto graph, int version, IReadOnlyList<string> outputs)
    {
        (this.graph, index, this.version, this.outputs) = (graph, new(graph), version, outputs);
        tensors = ModelTensors.Of(graph);
    }

    /// <summary>Compiles what some tensors depend on; the rest of the graph is left out.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="version">The version of ONNX's operator set.</param>
    /// <param name="outputs">The tensors to compute.</param>
    /// <param name="overrides">What the user decided of the parameters; default: nothing.</param>
    /// <param name="mixed">Whether it computes in mixed precision (see <see cref="MixedPrecision"/>); default: in the tensors' own types.</param>
    /// <exception cref="UnsupportedModelException">Names everything that is not supported, before any work.</exception>
    /// <exception cref="InputException">The graph has no such tensor, or a pattern of the overrides matches none.</exception>
    public static GraphProgram Compile(
        GraphProto graph, int version, IReadOnlyList<string> outputs, ParameterOverrides? overrides = null, bool mixed = false) =>
        new GraphCompiler(NestedGraphs.ExposeCaptures(NestedWeights.Lift(graph)), version, outputs).Compile(overrides ?? ParameterOverrides.None, mixed);

    private GraphProgram Compile(ParameterOverrides overrides, bool mixed)
    {
        var found = FindOperators(Needed());
        var plan = overrides.Apply(ParameterPlan.Create(found, tensors, version, outputs));
        var (nodes, results) = mixed
            ? Autocast.Apply(found, index.Inputs.Select(input => input.Name), outputs)
            : ([.. found.Select(pair => new PlannedNode(pair.Node, pair.Operator, pair.Node.Input))], outputs);
        read.UnionWith(nodes.SelectMany(node => node.Inputs).Concat(results));
        int[] inputSlots = [.. index.Inputs.Select(input => Slot(input.Name))];
        int[] weightSlots = [.. plan.Select(weight => Slot(weight.Name))];
        var lastUses = LastUses(nodes, results);
        var refusals = new List<OnnxKdException>();
        Step?[] steps = [.. nodes.Select((node, at) => TryCompileNode(node, lastUses[at], refusals))];
        refusals.AddRange(plan.Where(weight => TorchTypes.Of(weight.Source.DataType) is null).Select(UnknownType));
        refusals.AddRange(plan.Where(weight => TensorTypes.IsByte(weight.Source.DataType) && weight.Uses.Any(use => use.IsLearned && use.Role == SlotRole.Weight)).Select(ScaledByHand));
        if (refusals.Count > 0)
            throw Join(refusals);
        return new(plan, outputs, steps!, new(slots.Count, inputSlots, weightSlots, [.. results.Select(Slot)])) { RunsSamplesAlone = SampleBranches.AreIn(graph) };
    }

    /// <summary>The nodes that the outputs depend on, in order.</summary>
    private List<NodeProto> Needed()
    {
        var known = index.Inputs.Select(input => input.Name).Concat(tensors.Keys).ToHashSet(StringComparer.Ordinal);
        if (outputs.FirstOrDefault(name => !known.Contains(name) && index.Producer(name) is null) is { } unknown)
            throw new InputException("The student has no tensor of this name.", found: $"'{unknown}'");
        var wanted = outputs.ToHashSet(StringComparer.Ordinal);
        var needed = new List<NodeProto>();
        foreach (var node in graph.Node.Reverse().Where(node => !ModelTensors.IsConstant(node) && node.Output.Any(wanted.Contains)))
        {
            needed.Add(node);
            wanted.UnionWith(node.Input);
        }
        needed.Reverse();
        return needed;
    }

    private List<(NodeProto Node, OperatorEntry Operator)> FindOperators(List<NodeProto> nodes)
    {
        var found = new List<(NodeProto, OperatorEntry)>();
        var missing = new List<NodeProto>();
        foreach (var node in nodes)
        {
            var entry = FusedOperators.Find(node, version);
            if (entry is null)
                missing.Add(node);
            else
                found.Add((node, entry));
        }
        return missing.Count == 0 ? found : throw new UnsupportedModelException(
            "The student uses operators that the trainer does not support.",
            found: string.Join("; ", missing.Select(Describe)),
            expected: "operators of docs/operators.md",
            remedy: "choose another architecture, or export the model with another operator-set version");
    }

    private string Describe(NodeProto node) => OperatorSets.IsOwn(node.Domain)
        ? $"{node.OpType} (version {version}, {NodeContext.Describe(node)})"
        : $"{node.Domain}.{node.OpType} ({NodeContext.Describe(node)})";

    private Step? TryCompileNode(PlannedNode node, string[] dead, List<OnnxKdException> refusals)
    {
        try
        {
            return CompileNode(node, dead);
        }
        catch (OnnxKdException refusal)
        {
            refusals.Add(refusal);
            return null;
        }
        catch (Exception error) when (NodeRefusal.Is(error))
        {
            refusals.Add(NodeRefusal.Of(node.Node, [], error));
            return null;
        }
    }

    private Step CompileNode(PlannedNode planned, string[] dead)
    {
        var (node, entry, _) = planned;
        var context = new NodeContext(node, version, tensors, IsRead, Nested, IsOfShapes);
        if (version < 6)
            context.Attributes.Has("consumed_inputs"); // which inputs may be overwritten: a hint that changes no result
        var kernel = entry.Compile(context);
        context.Attributes.RequireAllRead();
        if (node.Output.Skip(entry.Outputs).FirstOrDefault(IsRead) is { } extra)
            throw context.Unsupported(
                $"is supported only with its first {(entry.Outputs == 1 ? "output" : $"{entry.Outputs} outputs")}",
                $"'{extra}' is read too");
        int[] inputs = [.. planned.Inputs.Select(name => name.Length == 0 ? -1 : Slot(name))];
        int[] results = [.. node.Output.Select(name => IsRead(name) ? Slot(name) : -1)];
        return new(node, entry, kernel, inputs, results, entry.Host, [.. dead.Select(Slot)]);
    }

    /// <summary>Compiles a graph that a node holds, as one that runs by itself.</summary>
    private NestedGraph Nested(GraphProto inner)
    {
        var program = Compile(inner, version, [.. inner.Output.Select(output => output.Name)]);
        return new([.. program.Plan.Where(weight => weight.Role != WeightRole.Constant).Select(weight => weight.Name)], (inputs, device, training) =>
        {
            using var weights = WeightSet.Load(program.Plan, device, trainable: false);
            // It may hand out a tensor from outside as it is, or a constant of its own.
            return Array.ConvertAll(program.Run(weights, inputs, training), output => output.alias());
        });
    }

    /// <summary>Whether a tensor follows from constants and shapes alone.</summary>
    private bool IsOfShapes(string name)
    {
        var (open, seen) = (new Stack<string>([name]), new HashSet<string>(StringComparer.Ordinal));
        while (open.TryPop(out var tensor))
        {
            if (tensor.Length == 0 || tensors.ContainsKey(tensor) || !seen.Add(tensor))
                continue;
            if (index.Producer(tensor) is not { Input.Count: > 0 } node)
                return false;
            foreach (var input in node.OpType is "Shape" or "Size" ? [] : node.Input)
                open.Push(input);
        }

        return true;
    }

    private bool IsRead(string name) => name.Length > 0 && read.Contains(name);

    /// <summary>Per node, the computed tensors that are read there for the last time (or never).</summary>
    private string[][] LastUses(IReadOnlyList<PlannedNode> nodes, IReadOnlyList<string> results)
    {
        var last = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < nodes.Count; i++)
        {
            foreach (var input in nodes[i].Inputs.Where(last.ContainsKey))
                last[input] = i;
            foreach (var output in nodes[i].Node.Output.Where(IsRead))
                last[output] = i;
        }
        var byNode = last.Where(use => !results.Contains(use.Key)).ToLookup(use => use.Value, use => use.Key);
        return [.. Enumerable.Range(0, nodes.Count).Select(i => byNode[i].ToArray())];
    }

    private int Slot(string name)
    {
        slots.TryAdd(name, slots.Count);
        return slots[name];
    }

    private static UnsupportedModelException UnknownType(PlannedWeight weight) => new(
        "A tensor has an element type that the trainer does not support.",
        where: $"tensor '{weight.Name}', read by {string.Join(", ", weight.Uses.Select(use => NodeContext.Describe(use.Node)).Distinct())}",
        found: TensorTypes.Name(weight.Source.DataType),
        expected: "bool, uint8, a signed integer or a float",
        remedy: "export the model without this type");

    private static UnsupportedModelException ScaledByHand(PlannedWeight weight) => new(
        "A weight of integers is scaled by other nodes than DequantizeLinear, so that nothing says how to round what it learns.",
        where: $"tensor '{weight.Name}', read by {string.Join(", ", weight.Uses.Select(use => NodeContext.Describe(use.Node)).Distinct())}",
        found: TensorTypes.Name(weight.Source.DataType),
        expected: "a float, or integers that DequantizeLinear reads",
        remedy: "export the model with float weights, or with QuantizeLinear and DequantizeLinear (QDQ)");

    private static OnnxKdException Join(List<OnnxKdException> refusals) => refusals is [var only]
        ? only
        : new UnsupportedModelException(
            "The student uses operators in ways that the trainer does not support.",
            found: string.Join(Environment.NewLine, refusals.Select(refusal => refusal.Message)));
}
