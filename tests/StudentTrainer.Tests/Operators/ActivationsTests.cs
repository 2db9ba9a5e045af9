using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Operators;

/// <summary>What <see cref="OperatorParityTests"/> leaves out: broadcasting slopes, bounds, other types, gradients.</summary>
public class ActivationsTests
{
    private const double Rounding = 1e-5;

    [Theory]
    [InlineData("Gelu", 20)]
    [InlineData("Mish", 18)]
    [InlineData("Swish", 24)]
    [InlineData("Celu", 12)]
    [InlineData("HardSwish", 14)]
    [InlineData("Selu", 6)]
    [InlineData("Elu", 22)]
    [InlineData("HardSigmoid", 22)]
    [InlineData("ThresholdedRelu", 22)]
    [InlineData("Softplus", 22)]
    [InlineData("Softsign", 22)]
    public void Activation_OfDefaults_EqualsOnnxRuntimeAndDifferences(string op, int opset) =>
        new NodeCase(opset, op).Floats(2, 9).RequireParity(Rounding);

    [Fact]
    public void Gelu_OfTanhForm_EqualsOnnxRuntimeAndDifferences() =>
        new NodeCase(20, "Gelu", ("approximate", "tanh")).Floats(2, 9).RequireParity(Rounding);

    [Fact]
    public void Swish_OfAlpha_EqualsOnnxRuntimeAndDifferences() => new NodeCase(24, "Swish", ("alpha", 1.7)).Floats(2, 9).RequireParity(Rounding);

    [Theory]
    [InlineData(1 / 6.0, 0.5)]
    [InlineData(1 / 6.0, 0.4)]
    public void HardSigmoid_OfMobileNetworks_EqualsOnnxRuntimeAndDifferences(double alpha, double beta) =>
        new NodeCase(22, "HardSigmoid", ("alpha", alpha), ("beta", beta)).Input(ElementType.Float32, [8], -5, -2.9, -1, 0, 0.3, 1, 2.9, 5).RequireParity(Rounding);

    [Fact]
    public void Clip_OfBoundsWithAKernel_EqualsOnnxRuntimeAndDifferences()
    {
        new NodeCase(13, "Clip").Input(ElementType.Float32, [6], -3, -0.1, 0.1, 5.9, 6.1, 100).Input(ElementType.Float32, [], 0).Input(ElementType.Float32, [], 6).RequireParity(Rounding);
        new NodeCase(13, "Clip").Input(ElementType.Float32, [6], -3, -0.1, 0.1, 5.9, 6.1, 100).Input(ElementType.Float32, [], 0).RequireParity(Rounding);
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("5")]
    [InlineData("4 1")]
    [InlineData("3 1 1")]
    [InlineData("1 3 1 1")]
    [InlineData("3 4 5")]
    public void PRelu_OfSlope_EqualsOnnxRuntime(string slope) =>
        new NodeCase(9, "PRelu").Floats(2, 3, 4, 5).Floats([.. slope.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(long.Parse)])
            .RequireParity(Rounding);

    [Theory]
    [InlineData(ElementType.Int8)]
    [InlineData(ElementType.UInt8)]
    [InlineData(ElementType.Int32)]
    [InlineData(ElementType.Int64)]
    [InlineData(ElementType.Float64)]
    [InlineData(ElementType.Float16)]
    public void Clip_OfType_KeepsType(ElementType type)
    {
        new NodeCase(13, "Clip").Input(type, [4], 1, 5, 9, 100).Input(type, [], 3).Input(type, [], 50).RequireParity();
        new NodeCase(13, "Clip").Input(type, [4], 1, 5, 9, 100).Input(type, [], 3).RequireParity();
        new NodeCase(13, "Clip").Input(type, [4], 1, 5, 9, 100).LeftOut().Input(type, [], 50).RequireParity();
        new NodeCase(13, "Clip").Input(type, [4], 1, 5, 9, 100).RequireParity();
    }

    [Fact]
    public void Clip_OfCrossedBounds_GivesTheUpperOne() =>
        new NodeCase(13, "Clip").Floats(2, 3).Input(ElementType.Float32, [], 2).Input(ElementType.Float32, [], -1).RequireParity();

    [Theory]
    [InlineData("Relu", ElementType.Int32, 14)]
    [InlineData("Relu", ElementType.Float16, 14)]
    [InlineData("Sigmoid", ElementType.Float16, 13)]
    [InlineData("Tanh", ElementType.Float16, 13)]
    [InlineData("LeakyRelu", ElementType.Float16, 16)]
    [InlineData("Softmax", ElementType.Float16, 13)]
    [InlineData("LogSoftmax", ElementType.Float64, 13)]
    [InlineData("Sigmoid", ElementType.Float64, 13)]
    public void Activation_OfType_KeepsType(string op, ElementType type, int opset) =>
        new NodeCase(opset, op).Input(type, [2, 2], -2, 1, 0, 3).RequireParity(2e-3);

    [Theory]
    [InlineData(1)]
    [InlineData(6)]
    public void Selu_OfVersion_HasItsDefaults(int opset)
    {
        var result = new NodeCase(opset, "Selu").Input(ElementType.Float32, [2], 1, -1).Execute().data<float>().ToArray();
        var (alpha, gamma) = opset == 1 ? (1.6732, 1.0507) : (1.67326319217681884765625, 1.05070102214813232421875);
        Near.Equal([gamma, gamma * alpha * (Math.Exp(-1) - 1)], Array.ConvertAll(result, value => (double)value), 1e-7);
    }

    /// <summary>Before version 7 a slope of several numbers is one per channel.</summary>
    [Fact]
    public void PRelu6_OfSlopePerChannel_MultipliesChannels()
    {
        var result = new NodeCase(6, "PRelu").Input(ElementType.Float32, [1, 2, 2], -1, 2, -3, -4).Input(ElementType.Float32, [2], 0.5, 2)
            .Execute();
        Assert.Equal([-0.5f, 2, -6, -8], result.data<float>().ToArray());
    }
}
