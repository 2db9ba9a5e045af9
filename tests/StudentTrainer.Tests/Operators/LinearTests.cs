using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Tests.Support;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Operators;

public class LinearTests
{
    private const double Rounding = 1e-5;

    [Theory]
    [InlineData("ij,jk->ik", "3 4", "4 2")]
    [InlineData("ij , kj", "3 4", "2 4")]
    [InlineData("bhqd,bhkd->bhqk", "2 2 3 4", "2 2 5 4")]
    [InlineData("...ij,...jk->...ik", "2 5 3 4", "2 5 4 2")]
    [InlineData("bC,C->b", "3 4", "4")]
    [InlineData("ii,j->ij", "3 3", "2")]
    public void Einsum_OfTwoInputs_EqualsOnnxRuntime(string equation, string first, string second) =>
        new NodeCase(12, "Einsum", ("equation", equation)).Floats(Shape(first)).Floats(Shape(second)).RequireParity(1e-4);

    [Theory]
    [InlineData("ij->j", "3 4")]
    [InlineData("ijk->kij", "3 4 2")]
    [InlineData("...->...", "3 4")]
    public void Einsum_OfOneInput_EqualsOnnxRuntime(string equation, string shape) =>
        new NodeCase(12, "Einsum", ("equation", equation)).Floats(Shape(shape)).RequireParity(Rounding);

    [Fact]
    public void Einsum_OfThreeInputs_EqualsOnnxRuntime() =>
        new NodeCase(12, "Einsum", ("equation", "ij,jk,kl->il")).Floats(2, 3).Floats(3, 4).Floats(4, 2).RequireParity(1e-4);

    [Theory]
    [InlineData("3 4", "4")]
    [InlineData("4", "4 3")]
    [InlineData("4", "4")]
    [InlineData("2 3 4", "4 5")]
    [InlineData("3 4", "2 4 5")]
    [InlineData("2 1 3 4", "5 4 2")]
    public void MatMul_OfShapes_EqualsOnnxRuntime(string first, string second) =>
        new NodeCase(13, "MatMul").Floats(Shape(first)).Floats(Shape(second)).RequireParity(1e-4);

    [Theory]
    [InlineData("MatMul", ElementType.Int32)]
    [InlineData("MatMul", ElementType.Int64)]
    [InlineData("MatMul", ElementType.Float16)]
    [InlineData("Gemm", ElementType.Float16)]
    public void Product_OfOtherTypes_KeepsType(string op, ElementType type) =>
        new NodeCase(13, op).Input(type, [2, 2], 1, 2, 3, -4).Input(type, [2, 2], 2, -1, 0, 3).RequireParity();

    /// <summary>ONNX Runtime multiplies no integers by Gemm: 2 · [[2, 5], [6, −15]] + 3 · [1, 2] by hand.</summary>
    [Fact]
    public void Gemm_OfIntegers_AppliesFactors()
    {
        using var scope = torch.NewDisposeScope();
        var result = new NodeCase(13, "Gemm", ("alpha", 2.0), ("beta", 3.0)).Input(ElementType.Int32, [2, 2], 1, 2, 3, -4)
            .Input(ElementType.Int32, [2, 2], 2, -1, 0, 3).Input(ElementType.Int32, [2], 1, 2).Execute();
        Assert.Equal([7, 16, 15, -24], result.data<int>().ToArray());
    }

    [Theory]
    [InlineData("5")]
    [InlineData("1 5")]
    [InlineData("3 1")]
    [InlineData("3 5")]
    [InlineData("1")]
    [InlineData("")]
    public void Gemm_OfBroadcastC_EqualsOnnxRuntime(string shape) =>
        new NodeCase(11, "Gemm", ("beta", 0.5), ("transA", 1)).Floats(4, 3).Floats(4, 5).Floats(Shape(shape)).RequireParity(Rounding);

    private static long[] Shape(string text) => [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(long.Parse)];
}
