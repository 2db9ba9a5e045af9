using OnnxKd.StudentTrainer.Operators;
using OnnxKd.StudentTrainer.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Tests.Operators;

/// <summary>Against libtorch's own product in float64.</summary>
public sealed class BatchedProductTests
{
    /// <summary>Sums of up to 49 products of numbers below 1.</summary>
    private const double Rounding = 1e-5;

    /// <summary>A tensor, how a matrix product sees it, and the other factor in the same way.</summary>
    public static TheoryData<string, long[], Func<Tensor, Tensor>, long[], Func<Tensor, Tensor>> Layouts => new()
    {
        { "contiguous", [5, 7, 6], x => x, [5, 6, 9], x => x },
        { "two batch axes", [2, 3, 7, 6], x => x, [2, 3, 6, 9], x => x },
        { "transposed", [5, 6, 7], x => x.transpose(1, 2), [5, 9, 6], x => x.transpose(1, 2) },
        { "heads of attention", [2, 7, 3, 6], x => x.permute(0, 2, 1, 3), [2, 9, 3, 6], x => x.permute(0, 2, 3, 1) },
        { "parts of rows", [5, 7, 20], x => x.slice(2, 3, 9, 1), [5, 6, 30], x => x.slice(2, 20, 29, 1) },
        { "every second value", [5, 7, 12], x => x.slice(2, 0, 12, 2), [5, 6, 18], x => x.slice(2, 0, 18, 2) },
        { "one matrix for all", [1, 7, 6], x => x.expand(5, 7, 6), [5, 6, 9], x => x },
        { "one row for all", [5, 1, 6], x => x.expand(5, 7, 6), [5, 6, 1], x => x.expand(5, 6, 9) },
        { "one row", [5, 1, 6], x => x, [5, 6, 9], x => x },
        { "strided row", [5, 6, 4], x => x.slice(2, 1, 2, 1).transpose(1, 2), [5, 6, 9], x => x },
        { "one column", [5, 7, 6], x => x, [5, 6, 1], x => x },
        { "one term", [5, 7, 1], x => x, [5, 1, 9], x => x },
        { "reversed batch axes", [2, 3, 7, 6], x => x.transpose(0, 1), [3, 2, 6, 9], x => x },
    };

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Apply_AnyLayout_IsTheProductWithItsGradients(
        string name, long[] shapeA, Func<Tensor, Tensor> viewA, long[] shapeB, Func<Tensor, Tensor> viewB)
    {
        using var scope = NewDisposeScope();
        Assert.NotEmpty(name);
        var (a, b) = (Leaves.Random(shapeA, 1), Leaves.Random(shapeB, 2));
        Assert.True(BatchedProduct.Suits(viewA(a), viewB(b)));

        var product = BatchedProduct.apply(viewA(a), viewB(b));
        var weights = Leaves.Random(product.shape, 3).detach();
        (product * weights).sum().backward();

        var (exactA, exactB) = (Leaves.Exact(a), Leaves.Exact(b));
        var expected = viewA(exactA).matmul(viewB(exactB));
        (expected * weights.to(float64)).sum().backward();
        Leaves.RequireNear(expected, product, Rounding);
        Leaves.RequireNear(exactA.grad!, a.grad!, Rounding);
        Leaves.RequireNear(exactB.grad!, b.grad!, Rounding);
    }

    [Fact]
    public void Apply_OnAnyNumberOfThreads_HasTheSameBits()
    {
        using var scope = NewDisposeScope();
        var (a, b) = (Leaves.Random([6, 33, 20], 1), Leaves.Random([6, 20, 17], 2));
        float[] Product(int threads)
        {
            using var _ = new Threads(threads);
            return BatchedProduct.apply(a, b).data<float>().ToArray();
        }

        Assert.Equal(Product(1), Product(3));
    }

    [Fact]
    public void Suits_WhatItCannotMultiplyOrShouldNot_IsFalse()
    {
        using var scope = NewDisposeScope();

        Assert.False(BatchedProduct.Suits(ones(7, 6), ones(6, 9)));
        Assert.False(BatchedProduct.Suits(ones(5, 7, 6), ones(6, 9)));
        Assert.False(BatchedProduct.Suits(ones(5, 7, 6), ones(1, 6, 9)));
        Assert.False(BatchedProduct.Suits(ones(1, 7, 6), ones(1, 6, 9)));
        Assert.False(BatchedProduct.Suits(ones(5, 7, 6), ones(5, 7, 9)));
        Assert.False(BatchedProduct.Suits(ones(0, 7, 6), ones(0, 6, 9)));
        Assert.False(BatchedProduct.Suits(ones([5, 7, 6], float64), ones([5, 6, 9], float64)));
        Assert.False(BatchedProduct.Suits(ones(2, 512, 512), ones(2, 512, 512)));
    }
}
