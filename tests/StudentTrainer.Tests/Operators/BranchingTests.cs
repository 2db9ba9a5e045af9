using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Tests.Support;
using TorchSharp;
using static Onnx.AttributeProto.Types;

namespace OnnxKd.StudentTrainer.Tests.Operators;

public class BranchingTests
{
    [Theory]
    [InlineData(0.5f)]
    [InlineData(-0.5f)]
    public void If_OfComputedCondition_TakesTheBranchThatOnnxRuntimeTakes(float first)
    {
        var model = Model(Computed, Branch("Neg", "x", "n"), Branch("Add", "x x", "d"));
        Oracle.RequireParity(model, [first, 2, -3], [1, 3]);
    }

    [Fact]
    public void If_OfWeightInBothBranchesByOneName_IsRefused()
    {
        var (then, otherwise) = (WithWeight("w", "n"), WithWeight("w", "d"));
        var error = Assert.Throws<UnsupportedModelException>(() => Programs.Compile(Model(Computed, then, otherwise)));
        Assert.Contains("'w' in else_branch", error.Message);
        Assert.Contains("y_node", error.Message);
    }

    /// <summary>Each sample takes its own branch, and gradients reach the weights of those that were taken: compared with the branches alone.</summary>
    [Fact]
    public void If_OfSamplesThatDiffer_GivesEachItsBranchAndItsGradient()
    {
        var model = Model(Computed, WithWeight("w", "n"), WithWeight("v", "d"));
        var program = Programs.CompileForTraining(model);
        Assert.Equal(["v", "w"], program.Plan.Where(weight => weight.Role == WeightRole.Parameter).Select(weight => weight.Name).Order());
        using var scope = torch.NewDisposeScope();
        using var weights = WeightSet.Load(program.Plan, torch.CPU, trainable: true);
        var samples = torch.tensor(new float[] { 1, 2, -3, -1, 5, 2, -2, 0, 4 }, [3, 3]);

        var given = program.Run(weights, samples, training: true)[0];
        given.sum().backward();

        var matrix = torch.tensor(Matrix, [3, 3]);
        Near.Equal(samples.matmul(matrix).data<float>().ToArray(), given.data<float>().ToArray(), 1e-5);
        // d(sum of x·w) ÷ dw: the sum over samples of x, in each column.
        float[] Gradient(string name) => weights.Parameters.Single(parameter => parameter.Weight.Name == name).Tensor.grad!.data<float>().ToArray();
        Near.Equal([1, 1, 1, 2, 2, 2, -3, -3, -3], Gradient("w"), 1e-6);
        Near.Equal([-3, -3, -3, 5, 5, 5, 6, 6, 6], Gradient("v"), 1e-6);
    }

    [Fact]
    public void If_OfBranchThatNoSampleTakes_LeavesItsWeightWithoutAGradient()
    {
        var program = Programs.CompileForTraining(Model(Computed, WithWeight("w", "n"), WithWeight("v", "d")));
        using var scope = torch.NewDisposeScope();
        using var weights = WeightSet.Load(program.Plan, torch.CPU, trainable: true);

        program.Run(weights, torch.tensor(new float[] { 1, 2, -3 }, [1, 3]), training: true)[0].sum().backward();

        Assert.Null(weights.Parameters.Single(parameter => parameter.Weight.Name == "v").Tensor.grad);
        Assert.All(weights.Parameters, parameter => Assert.True(parameter.Weight.IsConditional));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0)]
    public void If_OfConstantCondition_IsReplacedByItsBranch(byte condition)
    {
        var model = Model(
            graph => graph.Initializer.Add(TensorData.Create("c", ElementType.Bool, [condition])), WithWeight("w", "n"), Branch("Neg", "x", "d"));
        var plan = Programs.Compile(model).Plan.Select(weight => weight.Name);
        Assert.Equal(condition != 0 ? ["w"] : [], plan);
        Oracle.RequireParity(model, [1, 2, -3], [1, 3]);
    }

    /// <summary>In mixed precision a product comes into the branch in bfloat16; there, and when handed out, it is float32.</summary>
    [Fact]
    public void If_OfCapturedProductInMixedPrecision_ComputesItsBranchInFloat32()
    {
        var model = Model(
            graph =>
            {
                Computed(graph);
                graph.Initializer.Add(TensorData.Create("w", [1f, 0, 0, 0, 1, 0, 0, 0, 1], 3, 3));
                graph.Node.Add(new NodeProto { OpType = "MatMul", Name = "p_node", Input = { "x", "w" }, Output = { "p" } });
            },
            Branch("Exp", "p", "e"), Branch("Identity", "p", "i"));
        var program = StudentGraph.Import(model).CompileForTraining(["y"], mixed: true);
        using var scope = torch.NewDisposeScope();
        using var weights = WeightSet.Load(program.Plan, torch.CPU, trainable: false);
        float[] Run(params float[] x) => program.Run(weights, torch.tensor(x, [1, 3]), training: true)[0].data<float>().ToArray();

        Assert.Equal([-0.5f, 256, 3], Run(-0.5f, 257, 3)); // 257 has 9 bits
        Near.Equal([(float)Math.E, MathF.Exp(-2), 1], Run(1, -2, 0), 1e-6);
    }

    private static readonly float[] Matrix = [1, 2, 3, 4, 5, 6, 7, 8, 9];

    private static GraphProto WithWeight(string name, string output)
    {
        var branch = Branch("MatMul", $"x {name}", output);
        branch.Initializer.Add(TensorData.Create(name, Matrix, 3, 3));
        return branch;
    }

    /// <summary>c: whether the first element is positive.</summary>
    private static void Computed(GraphProto graph)
    {
        graph.Initializer.Add(TensorData.Create("zero", [0f]));
        graph.Node.Add(new NodeProto { OpType = "Slice", Input = { "x", "from", "to", "axis" }, Output = { "head" } });
        graph.Initializer.Add(TensorData.Create("axis", [1L], 1));
        graph.Initializer.Add(TensorData.Create("from", [0L], 1));
        graph.Initializer.Add(TensorData.Create("to", [1L], 1));
        graph.Initializer.Add(TensorData.Create("scalar", Array.Empty<long>(), 0));
        graph.Node.Add(new NodeProto { OpType = "Reshape", Input = { "head", "scalar" }, Output = { "first" } });
        graph.Node.Add(new NodeProto { OpType = "Greater", Input = { "first", "zero" }, Output = { "c" } });
    }

    private static GraphProto Branch(string op, string inputs, string output)
    {
        var branch = new GraphProto { Name = $"{output}_branch" };
        branch.Node.Add(new NodeProto { OpType = op, Name = $"{output}_node", Input = { inputs.Split(' ') }, Output = { output } });
        branch.Output.Add(ValueInfo.Create(output, ElementType.Float32, "N", 3));
        return branch;
    }

    private static OnnxModel Model(Action<GraphProto> condition, GraphProto then, GraphProto otherwise)
    {
        var graph = new GraphProto { Name = "test" };
        graph.Input.Add(ValueInfo.Create("x", ElementType.Float32, "N", 3));
        condition(graph);
        graph.Node.Add(new NodeProto
        {
            OpType = "If", Name = "y_node", Input = { "c" }, Output = { "y" },
            Attribute =
            {
                new AttributeProto { Name = "then_branch", Type = AttributeType.Graph, G = then },
                new AttributeProto { Name = "else_branch", Type = AttributeType.Graph, G = otherwise },
            },
        });
        graph.Output.Add(ValueInfo.Create("y", ElementType.Float32, "N", 3));
        return OnnxModel.FromProto(new() { IrVersion = 8, OpsetImport = { new OperatorSetIdProto { Version = 17 } }, Graph = graph });
    }
}
