using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Tests.Support;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Graph;

public class GraphCompilerTests
{
    private static readonly float[] Ones6 = [1, 1, 1, 1, 1, 1];

    [Fact]
    public void Compile_OfUnsupportedOperators_ListsThemAllAtOnce()
    {
        var model = new NodeModel(17, "N", 4).Node("Hardmax", "x", "a").Node("Relu", "a", "b").Node("Det", "b", "y").Build();
        var error = Assert.Throws<UnsupportedModelException>(() => Programs.Compile(model));
        Assert.Contains("Hardmax (version 17, node 'a_node' (Hardmax)); Det (version 17, node 'y_node' (Det))", error.Message);
    }

    [Fact]
    public void Compile_OfOldVersion_SaysVersion()
    {
        var model = new NodeModel(13, "N", 4).Node("HardSwish", "x", "y").Build();
        Assert.Contains("HardSwish (version 13", Assert.Throws<UnsupportedModelException>(() => Programs.Compile(model)).Message);
    }

    [Theory]
    [InlineData("LpNormalization", "p", 3, "unknown norm")]
    [InlineData("Relu", "slope", 1, "slope")]
    public void Compile_OfUnsupportedForm_NamesNode(string op, string attribute, int value, string message)
    {
        var model = new NodeModel(17, "N", 2).Node(op, "x", "y", (attribute, value)).Build();
        var error = Assert.Throws<UnsupportedModelException>(() => Programs.Compile(model));
        Assert.Contains(message, error.Message);
        Assert.Contains("y_node", error.Message);
    }

    [Fact]
    public void Compile_OfTwoInputs_IsRefused()
    {
        var model = new NodeModel(17, "N", 2).Node("Relu", "x", "y").Build();
        model.Proto.Graph.Input.Add(ValueInfo.Create("z", Core.Tensors.ElementType.Float32, "N"));
        Assert.Contains("'x', 'z'", Assert.Throws<UnsupportedModelException>(() => Programs.Compile(model)).Message);
    }

    [Fact]
    public void Run_OfTap_HandsOutTensorInTheMiddle()
    {
        using var scope = torch.NewDisposeScope();
        var model = new NodeModel(17, "N", 2).Node("Neg", "x", "middle").Node("Relu", "middle", "y").Build();
        var program = Programs.Compile(model, "middle");
        using var weights = WeightSet.Load(program.Plan, torch.CPU, trainable: false);
        var results = program.Run(weights, torch.tensor([1f, -2], [1, 2]), training: false);
        Assert.Equal(["y", "middle"], program.Outputs);
        Assert.Equal([0f, 2], results[0].data<float>().ToArray());
        Assert.Equal([-1f, 2], results[1].data<float>().ToArray());
    }

    [Fact]
    public void Run_InEvaluation_ReleasesIntermediates()
    {
        using var scope = torch.NewDisposeScope();
        var model = new NodeModel(17, "N", 6).Floats("w", Ones6, 6).Node("Add", "x w", "a").Node("Relu", "a", "b").Node("Neg", "b", "c")
            .Node("Identity", "c", "y").Build();
        var program = Programs.Compile(model);
        using var weights = WeightSet.Load(program.Plan, torch.CPU, trainable: false);
        using var batch = torch.ones(2, 6);
        var before = Tensors.CountAlive();
        var result = program.Run(weights, batch, training: false)[0];
        Assert.Equal(before + 1, torch.Tensor.TotalCount);
        Assert.Equal(-2, result[0, 0].item<float>());
    }

    [Fact]
    public void Run_OfShapesThatDoNotFit_NamesNode()
    {
        using var scope = torch.NewDisposeScope();
        var program = Programs.Compile(new NodeModel(17, "N", 6).Floats("w", Ones6, 3, 2).Node("MatMul", "x w", "y").Build());
        using var weights = WeightSet.Load(program.Plan, torch.CPU, trainable: false);
        var error = Assert.Throws<InputException>(() => program.Run(weights, torch.ones(2, 6), training: false));
        Assert.Contains("y_node", error.Message);
        Assert.Contains("[2x6]", error.Message);
    }
}
