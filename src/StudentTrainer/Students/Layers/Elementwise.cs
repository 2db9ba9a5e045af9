namespace OnnxKd.StudentTrainer.Students.Layers;

/// <summary>Activations, arithmetic and dropout.</summary>
internal static class Elementwise
{
    /// <summary>An operator that takes a tensor and gives one of the same shape.</summary>
    public static Value Unary(this GraphBuilder graph, string op, string name, Value x) => graph.Node(op, name, x.Shape, [x]);

    /// <summary>An operator on two tensors, of which one is broadcast to the other's shape.</summary>
    public static Value Binary(this GraphBuilder graph, string op, string name, Value a, Value b) =>
        graph.Node(op, name, b.Rank > a.Rank ? b.Shape : a.Shape, [a, b]);

    /// <summary>Rectified linear units.</summary>
    public static Value Relu(this GraphBuilder graph, string name, Value x) => graph.Unary("Relu", name, x);

    /// <summary>Rectified linear units up to 6.</summary>
    public static Value Relu6(this GraphBuilder graph, string name, Value x) =>
        graph.Node("Clip", name, x.Shape, [x, graph.Scalar("zero", 0), graph.Scalar("six", 6)]);

    /// <summary>x · HardSigmoid(x): Howard et al. 2019.</summary>
    public static Value HardSwish(this GraphBuilder graph, string name, Value x) => graph.Unary("HardSwish", name, x);

    /// <summary>Relu6(x + 3)/6.</summary>
    public static Value HardSigmoid(this GraphBuilder graph, string name, Value x) =>
        graph.Node("HardSigmoid", name, x.Shape, [x], NodeAttribute.Float("alpha", 1 / 6f));

    /// <summary>Gaussian error linear units in the exact form, as the five nodes that exporters write before opset 20.</summary>
    public static Value Gelu(this GraphBuilder graph, string name, Value x)
    {
        var scaled = graph.Binary("Div", $"{name}.scaled", x, graph.Scalar("sqrt2", MathF.Sqrt(2)));
        var erf = graph.Unary("Erf", $"{name}.erf", scaled);
        var shifted = graph.Binary("Add", $"{name}.shifted", erf, graph.Scalar("one", 1));
        var product = graph.Binary("Mul", $"{name}.product", x, shifted);
        return graph.Binary("Mul", name, product, graph.Scalar("half", 0.5f));
    }

    /// <summary>The sum of two tensors of one shape.</summary>
    public static Value Add(this GraphBuilder graph, string name, Value a, Value b) => graph.Binary("Add", name, a, b);

    /// <summary>Dropout, which stays in the exported graph (it does nothing in inference); none with probability 0.</summary>
    public static Value Dropout(this GraphBuilder graph, string name, Value x, double probability) => probability == 0
        ? x
        : graph.Node("Dropout", name, x.Shape, [x, graph.Scalar($"{name}.ratio", (float)probability)]);
}
