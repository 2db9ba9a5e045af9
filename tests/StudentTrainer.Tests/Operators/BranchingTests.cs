using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Graph;
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
        Oracle.RequireParity(model, [first, 2, -3], [3]);
    }

    [Fact]
    public void If_OfWeightsInBranchOfComputedCondition_IsRefused()
    {
        var withWeights = Branch("MatMul", "x w", "n");
        withWeights.Initializer.Add(TensorData.Create("w", [1f, 2, 3, 4, 5, 6, 7, 8, 9], 3, 3));
        var model = Model(Computed, withWeights, Branch("Neg", "x", "d"));
        var error = Assert.Throws<UnsupportedModelException>(() => Programs.Compile(model));
        Assert.Contains("'w' in then_branch", error.Message);
        Assert.Contains("y_node", error.Message);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0)]
    public void If_OfConstantCondition_IsReplacedByItsBranch(byte condition)
    {
        var withWeights = Branch("MatMul", "x w", "n");
        withWeights.Initializer.Add(TensorData.Create("w", [1f, 2, 3, 4, 5, 6, 7, 8, 9], 3, 3));
        var model = Model(
            graph => graph.Initializer.Add(TensorData.Create("c", ElementType.Bool, [condition])), withWeights, Branch("Neg", "x", "d"));
        var plan = Programs.Compile(model).Plan.Select(weight => weight.Name);
        Assert.Equal(condition != 0 ? ["w"] : [], plan);
        Oracle.RequireParity(model, [1, 2, -3], [3]);
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
        float[] Run(params float[] x) => program.Run(weights, torch.tensor(x), training: true)[0].data<float>().ToArray();

        Assert.Equal([-0.5f, 256, 3], Run(-0.5f, 257, 3)); // 257 has 9 bits
        Near.Equal([(float)Math.E, MathF.Exp(-2), 1], Run(1, -2, 0), 1e-6);
    }

    /// <summary>c: whether the first element is positive.</summary>
    private static void Computed(GraphProto graph)
    {
        graph.Initializer.Add(TensorData.Create("zero", [0f]));
        graph.Node.Add(new NodeProto { OpType = "Slice", Input = { "x", "from", "to" }, Output = { "head" } });
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
        branch.Output.Add(ValueInfo.Create(output, ElementType.Float32, 3));
        return branch;
    }

    private static OnnxModel Model(Action<GraphProto> condition, GraphProto then, GraphProto otherwise)
    {
        var graph = new GraphProto { Name = "test" };
        graph.Input.Add(ValueInfo.Create("x", ElementType.Float32, 3));
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
        graph.Output.Add(ValueInfo.Create("y", ElementType.Float32, 3));
        return OnnxModel.FromProto(new() { IrVersion = 8, OpsetImport = { new OperatorSetIdProto { Version = 17 } }, Graph = graph });
    }
}
