using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Operators;

/// <summary>What ONNX Runtime joins, in ONNX Runtime and here; gradients by differences.</summary>
public class ContribOperatorsTests
{
    private const double Rounding = 1e-4;

    [Theory]
    [InlineData(0, 0, new long[] { 2, 3, 4 }, new long[] { 4, 5 })]
    [InlineData(0, 1, new long[] { 2, 3, 4 }, new long[] { 2, 5, 4 })]
    [InlineData(1, 0, new long[] { 2, 4, 3 }, new long[] { 4, 5 })]
    public void FusedMatMul_EqualsOnnxRuntime(int transA, int transB, long[] a, long[] b) =>
        new NodeCase(17, "com.microsoft.FusedMatMul", ("alpha", 0.5), ("transA", transA), ("transB", transB)).Floats(a).Floats(b).RequireParity(Rounding);

    [Theory]
    [InlineData("BiasGelu", true)]
    [InlineData("FastGelu", true)]
    [InlineData("FastGelu", false)]
    [InlineData("Gelu", false)]
    [InlineData("QuickGelu", false)]
    public void Gelu_EqualsOnnxRuntime(string op, bool hasBias)
    {
        var test = new NodeCase(17, $"com.microsoft.{op}").Floats(2, 3, 4);
        (hasBias ? test.Floats(4) : test).RequireParity(Rounding);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void SkipLayerNormalization_EqualsOnnxRuntime(bool hasBias)
    {
        var test = new NodeCase(17, "com.microsoft.SkipLayerNormalization", ("epsilon", 0.1)).Floats(2, 3, 4).Floats(2, 3, 4).Floats(4).Floats(4);
        (hasBias ? test.Floats(4) : test).RequireParity(Rounding);
    }

    [Fact]
    public void SkipSimplifiedLayerNormalization_EqualsOnnxRuntime() =>
        new NodeCase(17, "com.microsoft.SkipSimplifiedLayerNormalization", ("epsilon", 0.1)).Floats(2, 3, 4).Floats(2, 3, 4).Floats(4).RequireParity(Rounding);

    [Theory]
    [InlineData("Relu")]
    [InlineData("Sigmoid")]
    public void FusedConv_EqualsOnnxRuntime(string activation) =>
        new NodeCase(17, "com.microsoft.FusedConv", ("activation", activation), ("kernel_shape", new[] { 3, 3 }))
            .Floats(1, 2, 5, 5).Floats(3, 2, 3, 3).Floats(3).RequireParity(Rounding);
}
