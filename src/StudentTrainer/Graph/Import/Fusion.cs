using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Operators;
using static Onnx.AttributeProto.Types;

namespace OnnxKd.StudentTrainer.Graph.Import;

/// <summary>
/// Joins what exporters write in many nodes, where ONNX got an operator for it later: GELU (before version 20: by Erf, or by Tanh), Swish (before 24) and layer
/// normalisation (before 17); and a product with a weight matrix with the bias that is added to it. One step is faster than two to nine,
/// and roles are clear. The file is not touched.
/// </summary>
internal sealed class Fusion
{
    private const double Tolerance = 1e-4;

    private readonly GraphProto graph;
    private readonly GraphIndex index;
    private readonly Dictionary<string, TensorProto> tensors;

    private readonly HashSet<string> kept;

    private Fusion(GraphProto graph, IEnumerable<string> taps)
    {
        (this.graph, index, tensors) = (graph, new(graph), ModelTensors.Of(graph));
        kept = [.. graph.Output.Select(output => output.Name), .. taps];
    }

    /// <summary>Joins what it finds.</summary>
    /// <param name="graph">The graph to change.</param>
    /// <param name="taps">Tensors that must stay, because somebody reads them.</param>
    /// <returns>The number of places.</returns>
    public static int Apply(GraphProto graph, IReadOnlyList<string>? taps = null)
    {
        var fusion = new Fusion(graph, taps ?? []);
        var places = graph.Node.Select(node => fusion.MatchGelu(node) ?? fusion.MatchSwish(node) ?? fusion.MatchLayerNormalization(node) ?? fusion.MatchLinear(node))
            .OfType<Match>().ToList();
        if (places.Count == 0)
            return 0;
        // Messages compare by content, which tells neither apart fast nor equal ones at all.
        var comparer = ReferenceEqualityComparer.Instance;
        var gone = places.SelectMany(place => place.Parts).ToHashSet<object>(comparer);
        var last = places.GroupBy(place => place.Parts[^1], comparer).ToDictionary(group => group.Key!, group => group.First().Whole, comparer);
        NodeProto[] kept = [.. graph.Node.Where(node => last.ContainsKey(node) || !gone.Contains(node)).Select(node => last.GetValueOrDefault(node, node))];
        graph.Node.Clear();
        graph.Node.AddRange(kept);
        return places.Count;
    }

    /// <summary>A place.</summary>
    /// <param name="Parts">The nodes that go; the last one gives the result.</param>
    /// <param name="Whole">The node that comes; its domain is <see cref="FusedOperators.Domain"/>.</param>
    private sealed record Match(NodeProto[] Parts, NodeProto Whole);

    /// <summary>x · ½ · (1 + f(x)), where f is erf(x ÷ √2) or tanh(√(2/π) · (x + 0.044715 · x³)), and the three products are in any order.</summary>
    private Match? MatchGelu(NodeProto bell)
    {
        if ((bell.OpType switch { "Erf" => InsideOfErf(bell), "Tanh" => InsideOfTanh(bell), _ => null }) is not var (x, inside)
            || OnlyReader(bell, "Add") is not { } sum || Other(sum, bell) != 1 || OnlyReader(sum, "Mul") is not { } product)
            return null;
        NodeProto[] parts = [.. inside, bell, sum];
        if (product.Input.Contains(x) && OnlyReader(product, "Mul") is { } halved && Other(halved, product) == 0.5)
            return Whole([.. parts, product, halved]);
        if (Other(product, sum) == 0.5 && OnlyReader(product, "Mul") is { } last && last.Input.Contains(x))
            return Whole([.. parts, product, last]);
        var half = index.Producer(product.Input.First(name => name != sum.Output[0]));
        return half is { OpType: "Mul" } && half.Input.Contains(x) && half.Input.Any(name => Value(name) == 0.5) && IsRead(half, by: product)
            ? Whole([.. parts, half, product])
            : null;

        Match Whole(NodeProto[] all)
        {
            var gelu = new NodeProto { OpType = "Gelu", Domain = FusedOperators.Domain, Name = all[^1].Name, Input = { x }, Output = { all[^1].Output[0] } };
            if (bell.OpType == "Tanh")
                gelu.Attribute.Add(new AttributeProto { Name = "approximate", Type = AttributeType.String, S = Google.Protobuf.ByteString.CopyFromUtf8("tanh") });
            return new(all, gelu);
        }
    }

    private (string X, NodeProto[] Parts)? InsideOfErf(NodeProto erf)
    {
        if (index.Producer(erf.Input[0]) is not { } scaled || !IsRead(scaled, by: erf))
            return null;
        var factor = scaled.OpType switch { "Div" => 1 / Value(scaled.Input[1]), "Mul" => Value(scaled.Input[1]), _ => null };
        return factor is { } value && IsNear(value, Math.Sqrt(0.5)) ? (scaled.Input[0], [scaled]) : null;
    }

    private (string X, NodeProto[] Parts)? InsideOfTanh(NodeProto tanh)
    {
        if (Scaled(tanh.Input[0], Math.Sqrt(2 / Math.PI), by: tanh) is not var (scaled, inner) || index.Producer(inner) is not { OpType: "Add" } sum || !IsRead(sum, by: scaled))
            return null;
        foreach (var (x, other) in new[] { (sum.Input[0], sum.Input[1]), (sum.Input[1], sum.Input[0]) })
            if (Scaled(other, 0.044715, by: sum) is var (cubic, cubed) && Cube(cubed, x, by: cubic) is { } cube)
                return (x, [.. cube, cubic, sum, scaled]);
        return null;
    }

    /// <summary>A product with a number, which one node alone reads, and what the number multiplies.</summary>
    private (NodeProto Product, string Of)? Scaled(string name, double factor, NodeProto by) =>
        index.Producer(name) is { OpType: "Mul" } product && IsRead(product, by) && product.Input.FirstOrDefault(input => Value(input) is { } value && IsNear(value, factor)) is { } number
            ? (product, product.Input.First(input => input != number))
            : null;

    /// <summary>x³, as a power or as two products.</summary>
    private NodeProto[]? Cube(string name, string x, NodeProto by)
    {
        if (index.Producer(name) is not { } cube || !IsRead(cube, by))
            return null;
        if (cube.OpType == "Pow")
            return cube.Input[0] == x && Value(cube.Input[1]) == 3 ? [cube] : null;
        return cube.OpType == "Mul" && cube.Input.Contains(x) && index.Producer(cube.Input.First(input => input != x)) is { OpType: "Mul" } square
            && square.Input[0] == x && square.Input[1] == x && IsRead(square, by: cube) ? [square, cube] : null;
    }

    /// <summary>x · σ(x).</summary>
    private Match? MatchSwish(NodeProto sigmoid) =>
        sigmoid.OpType == "Sigmoid" && OnlyReader(sigmoid, "Mul") is { } product && product.Input.Contains(sigmoid.Input[0])
            ? new([sigmoid, product], new()
            {
                OpType = "Swish", Domain = FusedOperators.Domain, Name = product.Name, Input = { sigmoid.Input[0] }, Output = { product.Output[0] },
            })
            : null;

    /// <summary>(x − mean) ÷ √(mean of squares + ε) · scale + bias, over the last axis.</summary>
    private Match? MatchLayerNormalization(NodeProto mean)
    {
        if (!IsMeanOfLastAxis(mean) || OnlyReader(mean, "Sub") is not { } centred || centred.Input[0] != mean.Input[0])
            return null;
        var readers = index.Consumers(centred.Output[0]);
        var square = readers.FirstOrDefault(node => node.OpType == "Pow" && Value(node.Input[1]) == 2)
            ?? readers.FirstOrDefault(node => node.OpType == "Mul" && node.Input[0] == node.Input[1]);
        if (square is null || readers.Count != 2 || OnlyReader(square, "ReduceMean") is not { } variance || !IsMeanOfLastAxis(variance)
            || OnlyReader(variance, "Add") is not { } sum || Other(sum, variance) is not { } epsilon
            || OnlyReader(sum, "Sqrt") is not { } root || OnlyReader(root, "Div") is not { } quotient || quotient.Input[0] != centred.Output[0]
            || OnlyReader(quotient, "Mul") is not { } scaled || Vector(scaled, quotient) is not { } scale
            || OnlyReader(scaled, "Add") is not { } shifted || Vector(shifted, scaled) is not { } bias)
            return null;
        return new([mean, centred, square, variance, sum, root, quotient, scaled, shifted], new()
        {
            OpType = "LayerNormalization", Domain = FusedOperators.Domain, Name = shifted.Name,
            Input = { mean.Input[0], scale, bias }, Output = { shifted.Output[0] },
            Attribute = { new AttributeProto { Name = "epsilon", Type = AttributeType.Float, F = (float)epsilon } },
        });
    }

    /// <summary>x W + b, with a matrix and a vector of the file.</summary>
    private Match? MatchLinear(NodeProto product)
    {
        if (product.OpType != "MatMul" || Units(product) is not { } units || OnlyReader(product, "Add") is not { } sum
            || Vector(sum, product) is not { } bias || tensors[bias].Dims[0] != units)
            return null;
        return new([product, sum], new()
        {
            OpType = FusedOperators.ProductWithBias.Name, Domain = FusedOperators.Domain, Name = sum.Name,
            Input = { product.Input[0], product.Input[1], bias }, Output = { sum.Output[0] },
        });
    }

    /// <summary>The columns of a product's right-hand side, if that is a matrix of floats of the file.</summary>
    private long? Units(NodeProto product) =>
        tensors.TryGetValue(product.Input[1], out var matrix) && matrix.Dims.Count == 2 && TensorTypes.IsFloat(matrix.DataType)
            ? matrix.Dims[1]
            : null;

    private bool IsMeanOfLastAxis(NodeProto node)
    {
        if (node.OpType != "ReduceMean")
            return false;
        var attributes = new Attributes(node);
        var axes = node.Input.Count > 1 && tensors.TryGetValue(node.Input[1], out var given) ? given.ToLongs() : attributes.GetInts("axes");
        return axes is [-1] && attributes.GetInt("keepdims", 1) == 1;
    }

    /// <summary>The one node that reads a node's result, if it is of this kind.</summary>
    private NodeProto? OnlyReader(NodeProto node, string op) =>
        index.Consumers(node.Output[0]) is [var reader] && reader.OpType == op && !kept.Contains(node.Output[0])
            ? reader
            : null;

    private bool IsRead(NodeProto node, NodeProto by) => OnlyReader(node, by.OpType) == by;

    /// <summary>The number beside a node's result.</summary>
    private double? Other(NodeProto reader, NodeProto node) => Value(reader.Input.First(name => name != node.Output[0]));

    /// <summary>The vector of the file beside a node's result.</summary>
    private string? Vector(NodeProto reader, NodeProto node)
    {
        var name = reader.Input.First(name => name != node.Output[0]);
        return tensors.TryGetValue(name, out var tensor) && tensor.Dims.Count == 1 && tensor.ElementCount() > 1 ? name : null;
    }

    private double? Value(string name) =>
        tensors.TryGetValue(name, out var tensor) && TensorTypes.IsFloat(tensor.DataType) && tensor.ElementCount() == 1 ? tensor.ToFloats()[0] : null;

    private static bool IsNear(double value, double expected) => Math.Abs(value - expected) < Tolerance;
}
