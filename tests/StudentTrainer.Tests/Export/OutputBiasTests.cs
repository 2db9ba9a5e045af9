using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Export;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Tests.Support;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Tests.Export;

public class OutputBiasTests
{
    private static readonly float[] weights = [1, 2, 3, 4, 5, 6]; // x [2] → 3 classes: [9, 12, 15] for x = [1, 2]
    private static readonly float[] offsets = [0, -5, 0.5f];

    [Fact]
    public void Add_ToGemmWithBias_ChangesTheBiasAlone()
    {
        var model = Net().Floats("b", [1, 1, 1], 3).Node("Gemm", "x w b", "y").Build();

        var made = OutputBias.Add(model, null, offsets);

        Assert.Equal([1, -4, 1.5f], made.Proto.Graph.Initializer.Single(tensor => tensor.Name == "b").ToFloats());
        Assert.Single(made.Proto.Graph.Node);
        Assert.Equal([10, 8, 16.5f], Run(made));
        Assert.Equal([10, 13, 16], Run(model)); // the original stays
    }

    [Fact]
    public void Add_ToMatMulAndAdd_ChangesTheSummand()
    {
        var made = OutputBias.Add(Net().Floats("b", [1, 1, 1], 1, 3).Node("MatMul", "x w", "p").Node("Add", "b p", "y").Build(), null, offsets);

        Assert.Equal(2, made.Proto.Graph.Node.Count);
        Assert.Equal([10, 8, 16.5f], Run(made));
    }

    [Fact]
    public void Add_ToLayerWithoutBias_PutsAnAddBehindIt()
    {
        var made = OutputBias.Add(Net().Node("MatMul", "x w", "y").Build(), null, offsets);

        Assert.Equal(["MatMul", "Add"], made.Proto.Graph.Node.Select(node => node.OpType));
        Assert.Equal([9, 7, 15.5f], Run(made));
        Assert.Equal([9, 2, 16], Run(OutputBias.Add(made, null, offsets))); // whose Add has a summand of its own now
    }

    [Fact]
    public void Add_ToBiasThatOthersRead_LeavesItAlone()
    {
        var made = OutputBias.Add(Net().Floats("b", [1, 1, 1], 3).Node("Gemm", "x w b", "p").Node("Mul", "p b", "y").Build(), null, offsets);

        Assert.Equal([10, 8, 16.5f], Run(made));
    }

    [Fact]
    public void Add_ToScoresThatAreConverted_ChangesThemBefore()
    {
        var model = Net().Node("MatMul", "x w", "p").Node("Cast", "p", "wide", ("to", 11)).Node("Cast", "wide", "y", ("to", 1)).Build();
        Assert.Equal([9, 7, 15.5f], Run(OutputBias.Add(model, null, offsets)));
    }

    [Fact]
    public void Add_ToScoresOfAnotherType_AddsInThatType()
    {
        var wide = Net().Node("Cast", "x", "wide", ("to", 11)).Node("Cast", "w", "w64", ("to", 11)).Node("MatMul", "wide w64", "p").Node("Softplus", "p", "q")
            .Node("Softmax", "q", "probabilities").Node("Cast", "probabilities", "y", ("to", 1)).Build();
        var made = OutputBias.Add(wide, null, offsets);

        double[] logits = [9, 7, 15.5]; // softplus of numbers of this size changes them by 1e-4 at most
        var sum = logits.Sum(Math.Exp);
        Assert.All(Run(made).Zip(logits), pair => Assert.Equal(Math.Exp(pair.Second) / sum, pair.First, 1e-3));
    }

    [Fact]
    public void Add_BehindSoftmax_ChangesTheLogits()
    {
        var made = OutputBias.Add(Net().Node("MatMul", "x w", "p").Node("Softmax", "p", "y").Build(), null, offsets);

        float[] logits = [9, 7, 15.5f];
        var sum = logits.Sum(z => MathF.Exp(z - 15.5f));
        Assert.All(logits.Zip(Run(made)), pair => Assert.Equal(MathF.Exp(pair.First - 15.5f) / sum, pair.Second, 1e-6f));
    }

    private static NodeModel Net() => new NodeModel(17, "N", 2).Floats("w", weights, 2, 3);

    private static float[] Run(OnnxModel model)
    {
        using var scope = NewDisposeScope();
        var program = StudentGraph.Import(model).Compile("y");
        using var held = WeightSet.Load(program.Plan, CPU, trainable: false);
        return program.Run(held, tensor(new[] { 1f, 2f }, [1, 2]), training: false)[0].data<float>().ToArray();
    }
}
