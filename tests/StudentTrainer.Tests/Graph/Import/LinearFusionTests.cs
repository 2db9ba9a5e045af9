using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Operators;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Graph.Import;

public class LinearFusionTests
{
    private static readonly float[] Matrix = Numbers.Uniform(1, 12, -1, 1);
    private static readonly float[] Vector = Numbers.Uniform(2, 4, -1, 1);

    [Theory]
    [InlineData(5, 3)]
    [InlineData(2, 5, 3)]
    [InlineData(2, 2, 5, 3)]
    [InlineData(3)]
    public void ProductAndBias_OfAnyRank_AreOneStepAndEqualOnnxRuntime(params int[] shape)
    {
        var model = Model(shape.Length, "product bias");
        var sizes = Array.ConvertAll(shape, size => (long)size);

        Assert.Single(StudentGraph.Import(model).Notes, note => note.StartsWith("1 groups"));
        Oracle.RequireParity(model, Numbers.Uniform(3, shape.Aggregate(1, (product, size) => product * size), -2, 2), sizes);
    }

    [Fact]
    public void BiasBeforeProduct_IsOneStepToo() =>
        Assert.Single(StudentGraph.Import(Model(2, "bias product")).Notes, note => note.StartsWith("1 groups"));

    [Fact]
    public void Bias_OfFusedProduct_KeepsItsRole()
    {
        var plan = Programs.Compile(Model(2, "product bias")).Plan;

        Assert.Equal([SlotRole.Weight, SlotRole.Bias], plan.Select(weight => weight.Uses[0].Role));
        Assert.All(plan, weight => Assert.Equal(WeightRole.Parameter, weight.Role));
        Assert.Equal(1, plan[0].UnitAxis);
    }

    [Fact]
    public void Product_ThatIsReadElsewhere_StaysAlone()
    {
        var model = Start(2).Node("MatMul", "x matrix", "product").Node("Add", "product bias", "sum").Node("Mul", "sum product", "y").Build();

        Assert.Empty(StudentGraph.Import(model).Notes);
        Oracle.RequireParity(model, Numbers.Uniform(3, 15, -2, 2), [5, 3]);
    }

    [Fact]
    public void Vector_OfOtherLength_IsNoBias()
    {
        var model = new NodeModel(17, "N", 3).Floats("matrix", Numbers.Uniform(1, 3, -1, 1), 3, 1).Floats("bias", Vector, 4)
            .Node("MatMul", "x matrix", "product").Node("Add", "product bias", "y").Build();

        Assert.Empty(StudentGraph.Import(model).Notes);
        Oracle.RequireParity(model, Numbers.Uniform(3, 15, -2, 2), [5, 3]);
    }

    private static NodeModel Start(int rank) =>
        new NodeModel(17, [.. Enumerable.Repeat((Dim)"N", 1).Concat(Enumerable.Range(1, rank - 1).Select(i => (Dim)$"D{i}"))])
            .Floats("matrix", Matrix, 3, 4).Floats("bias", Vector, 4);

    private static OnnxModel Model(int rank, string operands) =>
        Start(rank).Node("MatMul", "x matrix", "product").Node("Add", operands, "y").Build();
}
