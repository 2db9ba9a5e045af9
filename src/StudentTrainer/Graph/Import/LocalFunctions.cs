using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;

namespace OnnxKd.StudentTrainer.Graph.Import;

/// <summary>
/// Puts the bodies of a model's own functions in the place of their calls, as newer exporters of PyTorch write them. What ships has them so too: a
/// weight inside a function that is called twice is two weights then.
/// </summary>
internal sealed class LocalFunctions
{
    // A function may call others, but none calls itself; 2^20 nodes are more than any network has.
    private const int MostNodes = 1 << 20;

    private readonly ModelProto model;
    private readonly Dictionary<(string, string, string), FunctionProto> functions;
    private readonly HashSet<string> taken;
    private int calls;
    private int nodes;

    private LocalFunctions(ModelProto model)
    {
        this.model = model;
        functions = model.Functions.ToDictionary(function => (function.Domain, function.Name, function.Overload));
        taken = Names(model.Graph).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Replaces all calls; the functions go.</summary>
    /// <param name="model">The model to change.</param>
    /// <returns>How many calls there were.</returns>
    /// <exception cref="UnsupportedModelException">A function is of another operator set than the model, or calls itself.</exception>
    public static int Inline(ModelProto model)
    {
        if (model.Functions.Count == 0)
            return 0;
        var inlining = new LocalFunctions(model);
        inlining.Inline(model.Graph, []);
        model.Functions.Clear();
        return inlining.calls;
    }

    private void Inline(GraphProto graph, IReadOnlyList<FunctionProto> callers)
    {
        NodeProto[] made = [.. graph.Node.SelectMany(node => Expand(node, callers))];
        graph.Node.Clear();
        graph.Node.AddRange(made);
    }

    private IEnumerable<NodeProto> Expand(NodeProto node, IReadOnlyList<FunctionProto> callers)
    {
        if (!functions.TryGetValue((node.Domain, node.OpType, node.Overload), out var function))
        {
            foreach (var branch in ModelTraversal.Subgraphs(node))
                Inline(branch, callers);
            return [node];
        }

        if (callers.Contains(function) || (nodes += function.Node.Count) > MostNodes)
            throw Refuse(function, "it calls itself, or there are too many calls", "calls that end");
        calls++;
        RequireVersions(function);
        return Body(function, node).SelectMany(inner => Expand(inner, [.. callers, function]));
    }

    private IEnumerable<NodeProto> Body(FunctionProto function, NodeProto call)
    {
        var prefix = call.Name.Length > 0 ? call.Name : call.Output.FirstOrDefault(name => name.Length > 0) ?? function.Name;
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < function.Input.Count; i++)
            names[function.Input[i]] = i < call.Input.Count ? call.Input[i] : "";
        var passed = new List<NodeProto>();
        for (var i = 0; i < Math.Min(function.Output.Count, call.Output.Count); i++)
        {
            if (call.Output[i].Length == 0)
                continue;
            // An output that is an input, or that is given twice.
            if (!names.TryAdd(function.Output[i], call.Output[i]))
                passed.Add(new NodeProto { OpType = "Identity", Name = call.Output[i], Input = { names[function.Output[i]] }, Output = { call.Output[i] } });
        }

        var attributes = function.AttributeProto.Concat(call.Attribute).GroupBy(attribute => attribute.Name).ToDictionary(group => group.Key, group => group.Last());
        foreach (var node in function.Node)
            yield return Copy(node, prefix, names, attributes);
        foreach (var node in passed)
            yield return node;
    }

    private NodeProto Copy(NodeProto node, string prefix, Dictionary<string, string> names, IReadOnlyDictionary<string, AttributeProto> given)
    {
        var copy = node.Clone();
        copy.Name = Take($"{prefix}/{(node.Name.Length > 0 ? node.Name : node.OpType)}");
        for (var i = 0; i < copy.Input.Count; i++)
            copy.Input[i] = Renamed(copy.Input[i]);
        for (var i = 0; i < copy.Output.Count; i++)
            copy.Output[i] = Renamed(copy.Output[i]);
        copy.Attribute.Clear();
        foreach (var attribute in node.Attribute)
        {
            if (attribute.RefAttrName.Length == 0)
                copy.Attribute.Add(attribute.Clone());
            else if (given.TryGetValue(attribute.RefAttrName, out var value))
            {
                copy.Attribute.Add(value.Clone());
                copy.Attribute[^1].Name = attribute.Name;
            }
        }

        foreach (var branch in ModelTraversal.Subgraphs(copy))
        {
            foreach (var tensor in branch.Initializer)
                tensor.Name = Renamed(tensor.Name);
            foreach (var value in branch.Input.Concat(branch.Output))
                value.Name = Renamed(value.Name);
            NodeProto[] inner = [.. branch.Node.Select(each => Copy(each, prefix, names, given))];
            branch.Node.Clear();
            branch.Node.AddRange(inner);
        }

        return copy;

        string Renamed(string name) => name.Length == 0 ? name : names.TryGetValue(name, out var known) ? known : names[name] = Take($"{prefix}/{name}");
    }

    private string Take(string wanted)
    {
        while (!taken.Add(wanted))
            wanted += "'";
        return wanted;
    }

    private void RequireVersions(FunctionProto function)
    {
        foreach (var import in function.OpsetImport.Where(import => !model.Functions.Any(other => other.Domain == import.Domain)))
        {
            var own = model.OpsetImport.FirstOrDefault(known => IsSame(known.Domain, import.Domain));
            if (own is null)
                model.OpsetImport.Add(import.Clone());
            else if (own.Version != import.Version)
                throw Refuse(function, $"operator set {import.Version} of '{import.Domain}'", $"{own.Version}, as the model has");
        }

        static bool IsSame(string a, string b) => a == b || (a is "" or "ai.onnx" && b is "" or "ai.onnx");
    }

    private static UnsupportedModelException Refuse(FunctionProto function, string found, string expected) => new(
        "A function of the model cannot be put in the place of its calls.", $"function '{function.Domain}.{function.Name}'", found, expected,
        "export the model without local functions");

    private static IEnumerable<string> Names(GraphProto graph) =>
        graph.Initializer.Select(tensor => tensor.Name).Concat(graph.Input.Select(input => input.Name))
            .Concat(graph.Node.SelectMany(node => node.Output.Append(node.Name)))
            .Concat(graph.Node.SelectMany(ModelTraversal.Subgraphs).SelectMany(Names));
}
