using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;
using static Onnx.TensorProto.Types;

namespace OnnxKd.Core.Onnx;

/// <summary>
/// The structural rules of the ONNX specification that everything here relies on: names are unique, every value exists before it is read,
/// every domain has a version, every tensor holds as many values as its shape says.
/// </summary>
internal static class ModelValidation
{
    private const int FirstIrVersionWithOpsets = 3;

    public static void Validate(ModelProto model, string where)
    {
        if (model.Graph is null)
            throw Bad("A model has no graph.", where, null, "a graph");
        if (model.IrVersion < FirstIrVersionWithOpsets)
            throw new UnsupportedModelException(
                "A model is too old, or has no version.",
                where: where,
                found: model.IrVersion != 0 ? $"IR version {model.IrVersion}" : "no IR version",
                expected: $"IR version {FirstIrVersionWithOpsets} or newer",
                remedy: "export the model again with a current exporter");
        foreach (var tensor in ModelTraversal.Tensors(model))
            ValidateTensor(tensor, where);
        if (model.MetadataProps.GroupBy(entry => entry.Key, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw Bad("A model's metadata has a key twice.", where, $"'{twice.Key}'", "each key once");
        var domains = Domains(model.OpsetImport, where);
        ValidateGraph(model.Graph, [], domains, where);
        foreach (var function in model.Functions)
        {
            var place = $"{where}, function '{function.Name}'";
            ValidateNodes(function.Node, outer: [], own: [.. function.Input], Domains(function.OpsetImport, place), place);
        }
    }

    private static HashSet<string> Domains(IEnumerable<OperatorSetIdProto> imports, string where)
    {
        var domains = new HashSet<string>(StringComparer.Ordinal);
        foreach (var import in imports)
        {
            if (import.Version < 1 || !domains.Add(Normal(import.Domain)))
                throw Bad(
                    "A model's operator-set imports are wrong.",
                    where,
                    $"domain '{import.Domain}', version {import.Version}",
                    "each domain once, with a version from 1");
        }
        return domains;
    }

    private static void ValidateGraph(GraphProto graph, HashSet<string> outer, HashSet<string> domains, string where)
    {
        // An initializer may be listed as an input too: then it is that input's default.
        var inputs = new HashSet<string>(StringComparer.Ordinal);
        foreach (var input in graph.Input)
        {
            if (input.Name.Length == 0 || !inputs.Add(input.Name))
                throw Duplicate("input", input.Name, where);
        }
        var initializers = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in graph.Initializer.Select(t => t.Name).Concat(graph.SparseInitializer.Select(t => t.Values?.Name ?? "")))
        {
            if (name.Length == 0 || !initializers.Add(name))
                throw Duplicate("initializer", name, where);
        }
        var known = ValidateNodes(graph.Node, outer, [.. inputs, .. initializers], domains, where);
        var outputs = new HashSet<string>(StringComparer.Ordinal);
        foreach (var output in graph.Output)
        {
            if (!outputs.Add(output.Name))
                throw Duplicate("output", output.Name, where);
            if (!known.Contains(output.Name))
                throw Bad("A graph's output is made by no node.", where, $"'{output.Name}'", "the name of a tensor in the graph");
        }
    }

    /// <param name="nodes">The nodes of one graph.</param>
    /// <param name="outer">Names of the graphs around it, which it may read and may hide.</param>
    /// <param name="own">Names of the graph's inputs and initializers.</param>
    /// <param name="domains">Imported domains.</param>
    /// <param name="where">The graph, for messages.</param>
    /// <returns>Every name that is known at the end.</returns>
    private static HashSet<string> ValidateNodes(
        IReadOnlyList<NodeProto> nodes, HashSet<string> outer, HashSet<string> own, HashSet<string> domains, string where)
    {
        HashSet<string> known = [.. outer, .. own];
        var later = nodes.SelectMany(n => n.Output).ToHashSet(StringComparer.Ordinal);
        foreach (var node in nodes)
        {
            var place = $"{where}, node '{node.Name}' ({node.OpType})";
            if (node.OpType.Length == 0)
                throw Bad("A node has no operator.", place, null, "an operator's name");
            if (!domains.Contains(Normal(node.Domain)))
                throw Bad(
                    "A model does not import the operator set that a node needs.",
                    place,
                    $"domain '{node.Domain}'",
                    domains.Count == 0 ? "an import (there is none: the file may be truncated)" : $"one of '{string.Join("', '", domains)}'");
            if (RequiredInputs.Problem(node) is { } problem)
                throw Bad("A node lacks an input.", place, problem, $"every input that {node.OpType} requires");
            if (node.Output.All(name => name.Length == 0))
                throw Bad("A node gives nothing.", place, null, "an output with a name");
            foreach (var input in node.Input.Where(name => name.Length > 0 && !known.Contains(name)))
            {
                throw later.Contains(input)
                    ? Bad("A node reads a tensor that is made after it.", place, $"'{input}'", "nodes in order of use, without a cycle")
                    : Bad("A node reads a tensor that does not exist.", place, $"'{input}'", "an input, an initializer or an output");
            }
            foreach (var subgraph in ModelTraversal.Subgraphs(node))
                ValidateGraph(subgraph, known, domains, $"{place}, subgraph '{subgraph.Name}'");
            foreach (var output in node.Output.Where(name => name.Length > 0))
            {
                if (!own.Add(output))
                    throw Duplicate("output", output, place);
                known.Add(output);
            }
        }
        return known;
    }

    private static void ValidateTensor(TensorProto tensor, string where)
    {
        var place = $"{where}, tensor '{tensor.Name}'";
        var type = $"{TensorTypes.Name(tensor.DataType)} {Shapes.Format(tensor.Dims)}";
        if (!Shapes.TryElements(tensor.Dims, out var elements) || elements > int.MaxValue)
            throw Bad("A tensor's shape is impossible.", place, type, "sizes from 0, below 2^31 elements in all");
        if (tensor.DataType == (int)DataType.String)
        {
            RequireValues(tensor.StringData.Count, elements);
            return;
        }
        if (TensorTypes.Bits(tensor.DataType) is not { } bits)
            throw Bad("A tensor has an unknown element type.", place, type, "a type of the ONNX specification");
        if (!tensor.RawData.IsEmpty)
        {
            var expected = (elements * bits + 7) / 8;
            if (tensor.RawData.Length != expected)
                throw Bad("A tensor's data does not fit its shape.", place, $"{tensor.RawData.Length} bytes", $"{expected} bytes ({type})");
        }
        else
        {
            var expected = bits == 4 ? (elements + 1) / 2 : IsComplex(tensor) ? 2 * elements : elements;
            RequireValues(StoredValues(tensor), expected);
        }

        void RequireValues(long found, long expected)
        {
            if (found != expected)
                throw Bad("A tensor's data does not fit its shape.", place, $"{found} values", $"{expected} values ({type})");
        }
    }

    private static bool IsComplex(TensorProto tensor) => tensor.DataType is (int)DataType.Complex64 or (int)DataType.Complex128;

    private static int StoredValues(TensorProto tensor) => (DataType)tensor.DataType switch
    {
        DataType.Float or DataType.Complex64 => tensor.FloatData.Count,
        DataType.Double or DataType.Complex128 => tensor.DoubleData.Count,
        DataType.Int64 => tensor.Int64Data.Count,
        DataType.Uint32 or DataType.Uint64 => tensor.Uint64Data.Count,
        _ => tensor.Int32Data.Count,
    };

    private static string Normal(string domain) => domain == "ai.onnx" ? "" : domain;

    private static InputException Duplicate(string kind, string name, string where) =>
        Bad("A name is missing or used twice.", $"{where}, {kind}", $"'{name}'", "one unique name each");

    private static InputException Bad(string what, string where, string? found, string expected) =>
        new(what, where, found, expected, "the file breaks the ONNX specification: export it again");
}
