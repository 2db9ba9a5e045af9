using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Tests.Support;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Operators;

public class NormalizationTests
{
    private const double Rounding = 1e-5;

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void LayerNormalization_OfThreeOutputs_EqualsOnnxRuntime(int axis)
    {
        long[] normalized = axis == 1 ? [3, 4] : [4];
        new NodeCase(17, "LayerNormalization", ("axis", axis), ("epsilon", 0.1))
            .Floats(2, 3, 4).Floats(normalized).Floats(normalized).Outputs(3).RequireParity(Rounding);
    }

    [Fact]
    public void LayerNormalization_WithoutBias_EqualsOnnxRuntime() =>
        new NodeCase(17, "LayerNormalization").Floats(2, 3, 4).Floats(4).RequireParity(Rounding);

    [Fact]
    public void LayerNormalization_OfBroadcastScale_EqualsOnnxRuntime() =>
        new NodeCase(17, "LayerNormalization", ("axis", -2)).Floats(2, 3, 4).Floats(3, 1).Floats(3, 1).RequireParity(Rounding);

    [Theory]
    [InlineData(18, 2)]
    [InlineData(21, 6)]
    public void GroupNormalization_OfVersion_EqualsOnnxRuntime(int opset, int scales) =>
        new NodeCase(opset, "GroupNormalization", ("num_groups", 2), ("epsilon", 0.01))
            .Floats(2, 6, 3, 4).Floats(scales).Floats(scales).RequireParity(Rounding);

    [Theory]
    [InlineData(17, 5)]
    [InlineData(17, 5, 4)]
    [InlineData(22, 5, 4, 2)]
    public void InstanceNormalization_OfSpatialAxes_EqualsOnnxRuntime(int opset, params int[] sizes) =>
        new NodeCase(opset, "InstanceNormalization", ("epsilon", 0.01))
            .Floats([2, 3, .. sizes.Select(size => (long)size)]).Floats(3).Floats(3).RequireParity(Rounding);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Lrn_OfSize_EqualsOnnxRuntime(int size) =>
        new NodeCase(13, "LRN", ("size", size), ("alpha", 0.5), ("beta", 0.6), ("bias", 1.5)).Floats(2, 6, 3, 4).RequireParity(Rounding);

    /// <summary>ONNX Runtime takes no even size. By the specification channel c sees channels c − 0 to c + 1 of two.</summary>
    [Fact]
    public void Lrn_OfEvenSize_SeesOneMoreChannelAfter()
    {
        var result = new NodeCase(13, "LRN", ("size", 2), ("alpha", 2.0), ("beta", 1.0), ("bias", 0.5))
            .Input(ElementType.Float32, [1, 3, 1], 1, 2, 3).Execute();
        Near.Equal([1 / 5.5f, 2 / 13.5f, 3 / 9.5f], result.data<float>().ToArray(), 1e-6);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(new[] { 1, -1 })]
    public void MeanVarianceNormalization_OfAxes_EqualsOnnxRuntime(int[]? axes) =>
        new NodeCase(13, "MeanVarianceNormalization", axes is null ? [] : [("axes", axes)]).Floats(2, 3, 2, 4).RequireParity(1e-4);

    [Fact]
    public void MeanVarianceNormalization_OfEqualValues_HasFiniteGradient()
    {
        using var scope = torch.NewDisposeScope();
        var program = Programs.Compile(new NodeModel(13, "N", 2, 2, 2).Node("MeanVarianceNormalization", "x", "y").Build());
        using var weights = WeightSet.Load(program.Plan, torch.CPU, trainable: true);
        var x = torch.ones([1, 2, 2, 2], requires_grad: true);
        program.Graph.Run(weights, [x], training: true)[0].sum().backward();
        Assert.True(x.grad!.isfinite().all().item<bool>());
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(1, -1)]
    [InlineData(2, 1)]
    [InlineData(2, -1)]
    public void LpNormalization_OfNorm_EqualsOnnxRuntime(int p, int axis) =>
        new NodeCase(13, "LpNormalization", ("p", p), ("axis", axis)).Floats(2, 3, 4).RequireParity(Rounding);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void LpNormalization_OfZeros_EqualsOnnxRuntime(int p) =>
        new NodeCase(22, "LpNormalization", ("p", p)).Input(ElementType.Float32, [2, 2], 0, 0, 3, 4).RequireParity(Rounding);

    [Theory]
    [InlineData("LayerNormalization", 3)]
    [InlineData("InstanceNormalization", 1)]
    public void Normalization_OfHalves_EqualsOnnxRuntime(string op, int outputs) =>
        new NodeCase(17, op).Input(ElementType.Float16, [2, 2, 2], 1, 2, 4, 8, -1, 0, 1, 0.5).Input(ElementType.Float16, [2], 1, 2)
            .Input(ElementType.Float16, [2], 0, 1).Outputs(outputs).RequireParity(2e-3);

    [Theory]
    [InlineData("LayerNormalization", "stash_type", 10, "computes in float32 only")]
    [InlineData("LpNormalization", "p", 3, "unknown norm")]
    public void Normalization_OfUnsupportedAttribute_IsRefused(string op, string attribute, int value, string message)
    {
        var test = new NodeCase(17, op, (attribute, value)).Floats(2, 3).Floats(3);
        Assert.Contains(message, Assert.Throws<UnsupportedModelException>(test.Compile).Message);
    }
}
