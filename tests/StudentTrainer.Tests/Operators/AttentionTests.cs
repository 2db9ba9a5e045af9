using OnnxKd.Core.Errors;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Operators;

public class AttentionTests
{
    private const double Rounding = 1e-4;

    [Theory]
    [InlineData(0, 2)]
    [InlineData(1, 2)]
    [InlineData(1, 1)] // two heads of queries share one of keys
    public void Attention_OfHeads_EqualsOnnxRuntime(int isCausal, long keyHeads) =>
        new NodeCase(23, "Attention", ("is_causal", isCausal), ("scale", 0.3)).Floats(2, 2, 3, 4).Floats(2, keyHeads, 3, 4).Floats(2, keyHeads, 3, 4).RequireParity(Rounding);

    [Fact]
    public void Attention_OfFlatHeadsWithMask_EqualsOnnxRuntime() =>
        new NodeCase(23, "Attention", ("q_num_heads", 2), ("kv_num_heads", 2)).Floats(2, 3, 8).Floats(2, 5, 8).Floats(2, 5, 8).Floats(3, 5).RequireParity(Rounding);

    [Fact]
    public void Attention_WithPastKeys_IsRefused()
    {
        var test = new NodeCase(23, "Attention").Floats(1, 1, 2, 2).Floats(1, 1, 2, 2).Floats(1, 1, 2, 2).LeftOut().Floats(1, 1, 2, 2).Floats(1, 1, 2, 2);
        Assert.Contains("without states of earlier positions", Assert.Throws<UnsupportedModelException>(test.Compile).Message);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(0, 2)]
    public void RotaryEmbedding_EqualsOnnxRuntime(int interleaved, int rotated)
    {
        var half = (rotated > 0 ? rotated : 4) / 2;
        new NodeCase(23, "RotaryEmbedding", ("interleaved", interleaved), ("rotary_embedding_dim", rotated), ("num_heads", rotated > 0 ? 2 : 0))
            .Floats(2, 2, 3, 4).Floats(2, 3, half).Floats(2, 3, half).RequireParity(Rounding);
    }

    [Theory]
    [InlineData(-1, new long[] { 4 })]
    [InlineData(1, new long[] { 3, 4 })]
    public void RmsNormalization_EqualsOnnxRuntime(int axis, long[] scale) =>
        new NodeCase(23, "RMSNormalization", ("axis", axis), ("epsilon", 0.1)).Floats(2, 3, 4).Floats(scale).RequireParity(Rounding);
}
