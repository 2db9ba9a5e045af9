using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Graph.Import;

/// <summary>Activations that exporters write in several nodes: one step each, with the values of ONNX Runtime.</summary>
public class ActivationFusionTests
{
    [Theory]
    [InlineData("Mul x:half halved | Mul halved:sum y")]
    [InlineData("Mul half:sum halved | Mul x:halved y")]
    [InlineData("Mul sum:x product | Mul product:half y")]
    public void GeluByErf_IsOneStep(string products) =>
        RequireOneStep(Nodes(Start().Node("Div", "x root", "scaled").Node("Erf", "scaled", "bell").Node("Add", "bell one", "sum"), products));

    [Theory]
    [InlineData("Pow x:three cube", "Mul x:half halved | Mul halved:sum y")]
    [InlineData("Pow x:three cube", "Mul half:sum halved | Mul x:halved y")]
    [InlineData("Mul x:x square | Mul square:x cube", "Mul sum:x product | Mul product:half y")]
    public void GeluByTanh_IsOneStep(string cube, string products) => RequireOneStep(ByTanh(cube, products, 0.044715f));

    [Fact]
    public void GeluByTanh_OfAnotherFactor_StaysAsItIs() => RequireUnfused(ByTanh("Pow x:three cube", "Mul x:half halved | Mul halved:sum y", 0.05f));

    [Theory]
    [InlineData("x gate")]
    [InlineData("gate x")]
    public void Swish_IsOneStep(string factors) => RequireOneStep(Start().Node("Sigmoid", "x", "gate").Node("Mul", factors, "y"));

    [Fact]
    public void Sigmoid_ThatIsReadElsewhere_StaysAlone() =>
        RequireUnfused(Start().Node("Sigmoid", "x", "gate").Node("Mul", "x gate", "swish").Node("Add", "swish gate", "y"));

    [Fact]
    public void Sigmoid_OfAnotherTensor_IsNoSwish() => RequireUnfused(Start().Node("Neg", "x", "less").Node("Sigmoid", "less", "gate").Node("Mul", "x gate", "y"));

    private static NodeModel Start() => new NodeModel(17, "N", 12)
        .Floats("half", [0.5f]).Floats("one", [1]).Floats("three", [3]).Floats("root", [(float)Math.Sqrt(2)]).Floats("factor", [(float)Math.Sqrt(2 / Math.PI)]);

    private static NodeModel ByTanh(string cube, string products, float share) => Nodes(
        Nodes(Start().Floats("share", [share]), cube).Node("Mul", "cube share", "part").Node("Add", "x part", "inner").Node("Mul", "inner factor", "scaled")
            .Node("Tanh", "scaled", "bell").Node("Add", "bell one", "sum"),
        products);

    /// <summary>Nodes as <c>Operator input:input output | …</c>.</summary>
    private static NodeModel Nodes(NodeModel model, string text)
    {
        foreach (var node in text.Split(" | ").Select(node => node.Split(' ')))
            model.Node(node[0], node[1].Replace(':', ' '), node[2]);
        return model;
    }

    private static void RequireOneStep(NodeModel nodes)
    {
        var model = nodes.Build();

        Assert.Single(StudentGraph.Import(model).Notes, note => note.StartsWith("1 groups"));
        Oracle.RequireParity(model, Numbers.Uniform(3, 60, -4, 4), [5, 12]);
    }

    private static void RequireUnfused(NodeModel nodes)
    {
        var model = nodes.Build();

        Assert.Empty(StudentGraph.Import(model).Notes);
        Oracle.RequireParity(model, Numbers.Uniform(3, 60, -4, 4), [5, 12]);
    }
}
