using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Graph;

public class ParameterPlanTests
{
    private static readonly float[] Four = [1, 2, 3, 4];

    [Fact]
    public void Plan_OfBatchNormalization_KeepsStatisticsAsBuffers()
    {
        var plan = Plan(new NodeModel(17, "N", 4).Floats("s", Four, 4).Floats("b", Four, 4).Floats("m", Four, 4).Floats("v", Four, 4)
            .Node("BatchNormalization", "x s b m v", "y"));
        Assert.Equal([("s", "Parameter"), ("b", "Parameter"), ("m", "Buffer"), ("v", "Buffer")], plan);
    }

    [Fact]
    public void Plan_OfSubtractedMean_LeavesItConstant() =>
        Assert.Equal([("mean", "Constant")], Plan(new NodeModel(17, "N", 4).Floats("mean", Four, 4).Node("Sub", "x mean", "y")));

    [Fact]
    public void Plan_OfBiasWrittenAsAdd_LearnsIt()
    {
        var plan = Plan(new NodeModel(17, "N", 2).Floats("w", Four, 2, 2).Floats("b", [1, 2], 2).Floats("scale", [2])
            .Node("MatMul", "x w", "a").Node("Add", "a b", "c").Node("Mul", "c scale", "y"));
        Assert.Equal([("w", "Parameter"), ("b", "Parameter"), ("scale", "Constant")], plan);
    }

    [Fact]
    public void Plan_OfTransposedWeight_FollowsItToItsUse() =>
        Assert.Equal(
            [("w", "Parameter")],
            Plan(new NodeModel(17, "N", 2).Floats("w", Four, 2, 2).Node("Transpose", "w", "t").Node("MatMul", "x t", "y")));

    [Fact]
    public void Plan_OfWeightCastSlicedAndSplit_FollowsEveryOutput()
    {
        var plan = Plan(new NodeModel(17, "N", 4).Floats("w", Numbers.Uniform(1, 5 * 8), 5, 8).Integers("start", 0).Integers("end", 4)
            .Node("Cast", "w", "c", ("to", 1)).Node("Slice", "c start end", "s").Node("Split", "s", "first second", ("axis", 1))
            .Node("MatMul", "x second", "y"));
        Assert.Equal([("w", "Parameter"), ("start", "Constant"), ("end", "Constant")], plan);
    }

    [Fact]
    public void Plan_OfClassTokenForEverySample_LearnsIt()
    {
        var plan = Plan(new NodeModel(17, 3, 2, 2).Floats("w", Four, 2, 2).Floats("token", [1, 2], 1, 1, 2).Integers("shape", 3, 1, 2)
            .Node("MatMul", "x w", "a").Node("Expand", "token shape", "t").Node("Concat", "t a", "y", ("axis", 1)));
        Assert.Equal([("w", "Parameter"), ("token", "Parameter"), ("shape", "Constant")], plan);
    }

    [Fact]
    public void Plan_OfWeightInConstantNode_LearnsIt() =>
        Assert.Equal(
            [("w", "Parameter")],
            Plan(new NodeModel(17, "N", 2).Constant("w", TensorData.Create("", Four, 2, 2)).Node("MatMul", "x w", "y")));

    [Fact]
    public void Plan_OfSharedWeight_ListsItOnce() =>
        Assert.Equal(
            [("w", "Parameter")],
            Plan(new NodeModel(17, "N", 2).Floats("w", Four, 2, 2).Node("MatMul", "x w", "a").Node("MatMul", "a w", "y")));

    [Fact]
    public void Plan_OfUnusedAndIntegerTensors_LearnsNone()
    {
        var plan = Plan(new NodeModel(17, "N", 4).Floats("unused", Four, 4).Integers("shape", -1, 2).Node("Reshape", "x shape", "y"));
        Assert.Equal([("shape", "Constant")], plan);
    }

    [Theory]
    [InlineData("Gemm", "x w", 0, 1)]
    [InlineData("Gemm", "x w", 1, 0)]
    public void UnitAxis_OfGemm_FollowsTranspose(string op, string inputs, int transB, int axis)
    {
        var model = new NodeModel(17, "N", 2).Floats("w", Four, 2, 2).Node(op, inputs, "y", ("transB", transB)).Build();
        Assert.Equal(axis, Programs.Compile(model).Plan[0].UnitAxis);
    }

    private static (string, string)[] Plan(NodeModel model) =>
        [.. Programs.Compile(model.Build()).Plan.Select(weight => (weight.Name, weight.Role.ToString()))];
}
