using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;
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

    [Theory]
    [InlineData("")]
    [InlineData("lengths")]
    [InlineData("keys")]
    [InlineData("pairs")]
    [InlineData("added")]
    [InlineData("causal")]
    [InlineData("sizes")]
    public void Attention_EqualsOnnxRuntime(string form)
    {
        (string, object)[] attributes = [("num_heads", 2), .. form == "causal" ? [("unidirectional", (object)1)] : form == "sizes" ? [("qkv_hidden_sizes", new[] { 4, 4, 6 }), ("scale", 0.3)] : Array.Empty<(string, object)>()];
        var test = new NodeCase(17, "com.microsoft.Attention", attributes).Floats(2, 3, 4).Floats(4, form == "sizes" ? 14 : 12);
        test = test.Floats(form == "sizes" ? 14 : 12);
        (form switch
        {
            "lengths" => test.Input(ElementType.Int32, [2], 2, 3),
            "keys" => test.Input(ElementType.Int32, [2, 3], 1, 0, 1, 1, 1, 0),
            "pairs" => test.Input(ElementType.Int32, [2, 3, 3], 1, 0, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 1, 1, 1),
            "added" => test.LeftOut().LeftOut().Floats(2, 2, 3, 3),
            _ => test,
        }).RequireParity(Rounding);
    }

    [Theory]
    [InlineData("")]
    [InlineData("bias")]
    [InlineData("lengths")]
    [InlineData("keys")]
    [InlineData("added")]
    [InlineData("causal")]
    public void MultiHeadAttention_EqualsOnnxRuntime(string form)
    {
        (string, object)[] attributes = [("num_heads", 2), .. form == "causal" ? [("unidirectional", (object)1)] : Array.Empty<(string, object)>()];
        var keys = form == "causal" ? 3 : 4;
        var test = new NodeCase(17, "com.microsoft.MultiHeadAttention", attributes).Floats(2, 3, 4).Floats(2, keys, 4).Floats(2, keys, 4);
        (form switch
        {
            "bias" => test.Floats(12),
            "lengths" => test.LeftOut().Input(ElementType.Int32, [2], 2, 4),
            "keys" => test.LeftOut().Input(ElementType.Int32, [2, 4], 1, 0, 1, 1, 1, 1, 0, 0),
            "added" => test.LeftOut().LeftOut().Floats(1, 2, 3, 4),
            _ => test,
        }).RequireParity(Rounding);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void EmbedLayerNormalization_EqualsOnnxRuntime(bool hasSegments, bool hasMask)
    {
        var test = new NodeCase(17, "com.microsoft.EmbedLayerNormalization", ("epsilon", 0.1)).Input(ElementType.Int32, [2, 3], 4, 0, 2, 2, 1, 3);
        test = hasSegments ? test.Input(ElementType.Int32, [2, 3], 0, 0, 1, 0, 1, 1) : test.LeftOut();
        test = test.Floats(5, 4).Floats(6, 4);
        test = (hasSegments ? test.Floats(2, 4) : test.LeftOut()).Floats(4).Floats(4);
        (hasMask ? test.Input(ElementType.Int32, [2, 3], 1, 1, 0, 1, 1, 1) : test).Outputs(2).RequireParity(Rounding);
    }

    /// <summary>ONNX Runtime ends the process.</summary>
    [Fact]
    public void Attention_WithoutBias_IsRefused()
    {
        var error = Assert.Throws<InputException>(() => new NodeCase(17, "com.microsoft.Attention", ("num_heads", 2)).Floats(2, 3, 4).Floats(4, 12).Compile());
        Assert.Contains("2 inputs of at least 3", error.Message);
    }

    [Fact]
    public void Attention_WithACacheOfKeys_IsRefused()
    {
        var error = Assert.Throws<UnsupportedModelException>(() => new NodeCase(17, "com.microsoft.Attention", ("num_heads", 2))
            .Floats(2, 3, 4).Floats(4, 12).Floats(12).LeftOut().Floats(2, 2, 2, 5, 2).Compile());
        Assert.Contains("node 'node' (Attention)", error.Message);
    }
}
