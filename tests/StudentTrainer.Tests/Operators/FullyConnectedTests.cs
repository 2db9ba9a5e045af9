using OnnxKd.StudentTrainer.Operators;
using OnnxKd.StudentTrainer.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Tests.Operators;

/// <summary>Against libtorch's own operators in float64.</summary>
public sealed class FullyConnectedTests
{
    /// <summary>Sums of up to 2,000 products of numbers below 1.</summary>
    private const double Rounding = 2e-4;

    /// <summary>Rows, inputs, units: in one piece, and in several with and without a remainder, along either side of each product.</summary>
    public static TheoryData<int, int, int> Sizes => new()
    {
        { 1, 1, 1 }, { 5, 3, 4 }, { 1, 900, 700 }, { 130, 200, 100 }, { 128, 784, 10 }, { 300, 33, 257 }, { 64, 257, 901 }, { 2000, 17, 40 },
        { 200, 9, 2051 },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Apply_OfAnySize_IsTheLayerWithItsGradients(int rows, int inputs, int units)
    {
        foreach (var threads in new[] { 1, 2, 5 })
        {
            using var _ = new Threads(threads);
            foreach (var (unitsFirst, withRelu, hasBias) in Forms)
                RequireLayer(Leaves.Random([rows, inputs], 1), inputs, units, unitsFirst, withRelu, hasBias);
        }
    }

    [Fact]
    public void Apply_ToTransposedSamples_IsTheLayerWithItsGradients() =>
        RequireLayer(Leaves.Random([20, 300], 1), 20, 50, unitsFirst: true, withRelu: true, hasBias: true, x => x.t());

    [Fact]
    public void Backward_OfWhatIsNotTrained_IsLeftOut()
    {
        using var scope = NewDisposeScope();
        var (x, weights, bias) = (Leaves.Random([40, 30], 1), Leaves.Random([30, 20], 2), Leaves.Random([20], 3));
        foreach (var trained in new[] { x, weights, bias })
        {
            Tensor Given(Tensor tensor) => ReferenceEquals(tensor, trained) ? tensor : tensor.detach();
            FullyConnected.Apply(Given(x), Given(weights), Given(bias), unitsFirst: false, withRelu: false).sum().backward();
        }

        Leaves.RequireNear(ones(40, 20).to(float64).matmul(weights.to(float64).t()), x.grad!, Rounding);
        Leaves.RequireNear(x.to(float64).t().matmul(ones(40, 20).to(float64)), weights.grad!, Rounding);
        Leaves.RequireNear(full([20], 40, float64), bias.grad!, Rounding);
    }

    [Fact]
    public void Relu_OfZeroAndNaN_IsLibtorchs()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new[] { 0f, -1, 2, float.NaN }, 4, 1).requires_grad_(true);
        var result = FullyConnected.Apply(x, ones(1, 1), null, unitsFirst: false, withRelu: true);
        result.backward([ones(4, 1)]);
        var exact = x.detach().requires_grad_(true);
        var expected = exact.relu();
        expected.backward([ones(4, 1)]);

        Assert.Equal(expected.data<float>().ToArray(), result.data<float>().ToArray());
        Assert.Equal(exact.grad!.data<float>().ToArray(), x.grad!.data<float>().ToArray());
    }

    /// <summary>100,000 rows of 0.1: float32 added up one after the other would be off by 1 %.</summary>
    [Fact]
    public void BiasGradient_OfManyRows_IsExact()
    {
        using var scope = NewDisposeScope();
        var bias = zeros(3, requires_grad: true);
        FullyConnected.Apply(ones(100_000, 1), ones(1, 3), bias, unitsFirst: false, withRelu: false).backward([full([100_000, 3], 0.1f)]);

        Assert.All(bias.grad!.data<float>().ToArray(), sum => Assert.InRange(sum, 10_000 - 0.02, 10_000 + 0.02));
    }

    [Fact]
    public void Suits_WhatItCannotCompute_IsFalse()
    {
        using var scope = NewDisposeScope();
        Assert.True(FullyConnected.Suits(ones(2, 3), ones(3, 4), ones(4)));

        Assert.False(FullyConnected.Suits(ones(2, 2, 3), ones(3, 4), null));
        Assert.False(FullyConnected.Suits(ones(0, 3), ones(3, 4), null));
        Assert.False(FullyConnected.Suits(ones(2, 3), ones(4, 3).t(), null));
        Assert.False(FullyConnected.Suits(ones(2, 3), ones(3, 4), ones(1)));
        Assert.False(FullyConnected.Suits(ones(2, 3), ones(3, 4), ones(1, 4)));
        Assert.False(FullyConnected.Suits(ones([2, 3], float64), ones([3, 4], float64), null));
        Assert.False(FullyConnected.Suits(ones([2, 3], bfloat16), ones([3, 4], bfloat16), null));
    }

    private static IEnumerable<(bool UnitsFirst, bool WithRelu, bool HasBias)> Forms =>
        from unitsFirst in new[] { false, true } from withRelu in new[] { false, true } from hasBias in new[] { false, true }
        select (unitsFirst, withRelu, hasBias);

    private static void RequireLayer(
        Tensor x, int inputs, int units, bool unitsFirst, bool withRelu, bool hasBias, Func<Tensor, Tensor>? view = null)
    {
        using var scope = NewDisposeScope();
        view ??= tensor => tensor;
        var (weights, bias) = (Leaves.Random(unitsFirst ? [units, inputs] : [inputs, units], 2), hasBias ? Leaves.Random([units], 3) : null);
        Assert.True(FullyConnected.Suits(view(x), weights, bias));
        var layer = FullyConnected.Apply(view(x), weights, bias, unitsFirst, withRelu);
        var slopes = Leaves.Random(layer.shape, 4).detach();
        (layer * slopes).sum().backward();

        var (exactX, exactWeights, exactBias) = (Leaves.Exact(x), Leaves.Exact(weights), bias is null ? null : Leaves.Exact(bias));
        var expected = nn.functional.linear(view(exactX), unitsFirst ? exactWeights : exactWeights.t(), exactBias);
        expected = withRelu ? expected.relu() : expected;
        (expected * slopes.to(float64)).sum().backward();
        Leaves.RequireNear(expected, layer, Rounding);
        Leaves.RequireNear(exactX.grad!, x.grad!, Rounding);
        Leaves.RequireNear(exactWeights.grad!, weights.grad!, Rounding);
        if (bias is not null)
            Leaves.RequireNear(exactBias!.grad!, bias.grad!, Rounding);
        x.grad = null;
    }
}
