using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
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

    /// <summary>x W + b of one unit: the only number that it adds, written as Keras and exporters of products over three axes do.</summary>
    [Theory]
    [InlineData("x w", 2L, 1L)]
    [InlineData("x t", 1L, 2L)]
    public void Plan_OfBiasOfOneUnit_LearnsIt(string product, long rows, long columns)
    {
        var plan = Plan(new NodeModel(17, "N", 2).Floats("w", [0.3f, 0.7f], rows, columns).Floats("b", [0.5f], 1)
            .Node("Transpose", "w", "t").Node("MatMul", product, "a").Node("Add", "a b", "y"));
        Assert.Equal([("w", "Parameter"), ("b", "Parameter")], plan);
    }

    /// <summary>A weight that the graph computes: its direction and its length are learned, what keeps a division finite is not.</summary>
    [Fact]
    public void Plan_OfNormalisedWeight_LearnsWhatItIsMadeOf()
    {
        var plan = Plan(new NodeModel(13, "N", 4).Floats("v", Numbers.Uniform(1, 12), 3, 4).Floats("g", Numbers.Uniform(2, 3), 3, 1).Floats("epsilon", [1e-5f], 1).Floats("gain", [0.5f])
            .Node("ReduceL2", "v", "length", ("axes", new[] { 1 })).Node("Add", "length epsilon", "bounded").Node("Div", "v bounded", "direction")
            .Node("Mul", "direction g", "scaled").Node("Mul", "scaled gain", "w").Node("Gemm", "x w", "y", ("transB", 1)));
        Assert.Equal([("v", "Parameter"), ("g", "Parameter"), ("epsilon", "Constant"), ("gain", "Constant")], plan);
    }

    [Fact]
    public void Plan_OfCausalMask_LeavesItConstant() =>
        Assert.Equal("Constant", RoleBehindAProduct("Add", [0, -1e9f, 0, 0], 2, 2));

    [Theory]
    [InlineData("Add", new[] { 0.5f, 1.5f, 2.5f, 0.5f })] // a grid
    [InlineData("Mul", new[] { 8f, 8, 8, 8 })]            // a stride
    [InlineData("Mul", new[] { 1f, 0, 1, 1 })]            // a mask
    public void Plan_OfCountedNumbersBesideAnActivation_LeavesThemConstant(string op, float[] values) =>
        Assert.Equal("Constant", RoleBehindAProduct(op, values, 2, 2));

    [Theory]
    [InlineData("Add", new[] { 0f, 0, 0, 0 })]
    [InlineData("Mul", new[] { 1f, 1, 1, 1 })]
    [InlineData("Add", new[] { 0.5f, -1.25f, 0, 1 })]
    [InlineData("Mul", new[] { 1e-4f, 1e-4f, 1e-4f, 1e-4f })]
    public void Plan_OfFreshOrLearnedNumbersBesideAnActivation_LearnsThem(string op, float[] values) =>
        Assert.Equal("Parameter", RoleBehindAProduct(op, values, 2, 2));

    [Fact]
    public void Plan_OfRotations_LeavesThemConstant()
    {
        float[] angles = [0, 0, 1, 0.1f, 2, 0.2f];
        var plan = Plan(Product().Floats("cos", Array.ConvertAll(angles, MathF.Cos), 3, 2).Floats("sin", Array.ConvertAll(angles, MathF.Sin), 3, 2)
            .Node("Neg", "a", "n").Node("Mul", "a cos", "c").Node("Mul", "n sin", "s").Node("Add", "c s", "y"));
        Assert.Equal([("w", "Parameter"), ("cos", "Constant"), ("sin", "Constant")], plan);
    }

    /// <summary>Ones and zeros are what a fresh normalisation has, although they are the cosine and the sine of 0.</summary>
    [Fact]
    public void Plan_OfFreshScaleAndBias_LearnsThem()
    {
        var plan = Plan(Product().Floats("scale", [1, 1], 2).Floats("bias", [0, 0], 2).Node("Mul", "a scale", "c").Node("Add", "c bias", "d").Node("Relu", "d", "y"));
        Assert.Equal([("w", "Parameter"), ("scale", "Parameter"), ("bias", "Parameter")], plan);
    }

    [Fact]
    public void Plan_OfFrequencies_LeavesThemConstant()
    {
        var plan = Plan(new NodeModel(17, "N", 1).Floats("f", [1, 0.3f, 0.1f], 1, 3).Floats("w", Numbers.Uniform(1, 12), 6, 2)
            .Node("MatMul", "x f", "angle").Node("Sin", "angle", "s").Node("Cos", "angle", "c").Node("Concat", "s c", "both", ("axis", 1)).Node("MatMul", "both w", "y"));
        Assert.Equal([("f", "Constant"), ("w", "Parameter")], plan);
    }

    [Fact]
    public void Plan_OfScaleAndPlaceOfTheOutput_LeavesThemConstant()
    {
        var model = new NodeModel(17, "N", 2).Floats("w", Numbers.Uniform(1, 4), 2, 2).Floats("b", [0.1f, 0.2f], 2).Floats("scale", [0.001f, 1000], 2).Floats("place", [1.5f, 7.3f], 2)
            .Node("Gemm", "x w b", "a").Node("Mul", "scale a", "c").Node("Add", "c place", "y");
        Assert.Equal([("w", "Parameter"), ("b", "Parameter"), ("scale", "Constant"), ("place", "Constant")], Plan(model));
    }

    /// <summary>The range of an action, as tanh gives it in units of one.</summary>
    [Fact]
    public void Plan_OfRangeBehindABoundedOutput_LeavesItConstant()
    {
        var model = new NodeModel(17, "N", 2).Floats("w", Numbers.Uniform(1, 4), 2, 2).Floats("range", [0.001f, 1000], 2).Node("MatMul", "x w", "a").Node("Tanh", "a", "b").Node("Mul", "b range", "y");
        Assert.Equal([("w", "Parameter"), ("range", "Constant")], Plan(model));
    }

    [Fact]
    public void Plan_OfMaskedWeight_LearnsTheWeightAlone()
    {
        var model = new NodeModel(17, "N", 2).Floats("w", Numbers.Uniform(1, 4), 2, 2).Floats("mask", [1, 0, 1, 1], 2, 2).Node("Mul", "w mask", "m").Node("MatMul", "x m", "y");
        Assert.Equal([("w", "Parameter"), ("mask", "Constant")], Plan(model));
    }

    [Fact]
    public void Plan_OfMatrixMadeOfOnes_LeavesItConstant()
    {
        var model = new NodeModel(17, 2, 2).Floats("w", Numbers.Uniform(1, 4), 2, 2).Floats("ones", [1, 1, 1, 1], 2, 2)
            .Node("MatMul", "x w", "a").Node("Trilu", "ones", "m", ("upper", 0)).Node("MatMul", "m a", "y");
        Assert.Equal([("w", "Parameter"), ("ones", "Constant")], Plan(model));
    }

    /// <summary>The mean of a distribution over distances, as detectors compute a side of a box.</summary>
    [Fact]
    public void Plan_OfDistances_LeavesThemConstant()
    {
        var model = new NodeModel(17, "N", 2).Floats("w", Numbers.Uniform(1, 8), 2, 4).Floats("distances", [0, 1, 2, 3], 4, 1)
            .Node("MatMul", "x w", "a").Node("Softmax", "a", "p").Node("MatMul", "p distances", "y");
        Assert.Equal([("w", "Parameter"), ("distances", "Constant")], Plan(model));
    }

    /// <summary>A length that counts positions is computed of an activation's shape, and is no activation.</summary>
    [Fact]
    public void Plan_OfNumbersBesideAShape_LeavesThemConstant()
    {
        var plan = Plan(Product().Floats("unit", [0.3f, 0.7f], 2).Node("Shape", "a", "shape").Node("Cast", "shape", "sizes", ("to", 1)).Node("Mul", "sizes unit", "m").Node("Add", "a m", "y"));
        Assert.Equal([("w", "Parameter"), ("unit", "Constant")], plan);
    }

    [Fact]
    public void Plan_OfIntegersScaledByHand_IsRefused()
    {
        var model = new NodeModel(17, "N", 2).Tensor(TensorData.Create("q", ElementType.Int8, [1, 2, 3, 4], 2, 2)).Floats("scale", [0.1f])
            .Node("Cast", "q", "f", ("to", 1)).Node("Mul", "f scale", "w").Node("MatMul", "x w", "y").Build();
        Assert.Contains("tensor 'q'", Assert.Throws<UnsupportedModelException>(() => Programs.Compile(model)).Message);
    }

    private static NodeModel Product() => new NodeModel(17, 3, 2).Floats("w", Numbers.Uniform(1, 4), 2, 2).Node("MatMul", "x w", "a");

    private static string RoleBehindAProduct(string op, float[] values, params long[] shape) =>
        Plan(new NodeModel(17, 2, 2).Floats("w", Numbers.Uniform(1, 4), 2, 2).Floats("other", values, shape).Node("MatMul", "x w", "a").Node(op, "a other", "b").Node("Relu", "b", "y"))[1].Item2;

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
