using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace OnnxKd.TorchSharp.Tests;

/// <summary>The operators of neural networks against their definitions, written out in loops or formulas.</summary>
public class FunctionalTests
{
    private static Tensor Sample(params long[] shape)
    {
        using var generator = new Generator(19);
        return randn(shape, ScalarType.Float64, generator: generator);
    }

    [Theory]
    [InlineData(1, 0, 1, 1)]
    [InlineData(2, 1, 1, 1)]
    [InlineData(1, 2, 2, 1)]
    [InlineData(1, 1, 1, 2)]
    public void Conv2d_EqualsItsSum(int stride, int padding, int dilation, int groups)
    {
        using var scope = NewDisposeScope();
        Tensor x = Sample(2, 4, 6, 5), weight = Sample(6, 4 / groups, 3, 2), bias = Sample(6);
        var y = F.conv2d(x, weight, bias, [stride, stride], [padding, padding], [dilation, dilation], groups);

        var (xs, ws, bs) = (x.data<double>(), weight.data<double>(), bias.data<double>());
        var expected = new List<double>();
        for (var n = 0; n < 2; n++)
            for (var o = 0; o < 6; o++)
                for (var i = 0; i < y.shape[2]; i++)
                    for (var j = 0; j < y.shape[3]; j++)
                        expected.Add(bs[o] + Sum(n, o, i * stride - padding, j * stride - padding));
        Expect.Close(y, [.. expected], 1e-9);

        double Sum(int n, int o, int top, int left)
        {
            var sum = 0.0;
            for (var c = 0; c < 4 / groups; c++)
                for (var u = 0; u < 3; u++)
                    for (var v = 0; v < 2; v++)
                        if (top + u * dilation is >= 0 and < 6 && left + v * dilation is >= 0 and < 5)
                            sum += ws[o, c, u, v] * xs[n, o / (6 / groups) * (4 / groups) + c, top + u * dilation, left + v * dilation];
            return sum;
        }
    }

    [Fact]
    public void Convolutions_OfOtherRanks_AgreeWithConv2d()
    {
        using var scope = NewDisposeScope();
        Tensor x = Sample(2, 3, 7), weight = Sample(4, 3, 3);
        var flat = F.conv2d(x.unsqueeze(2), weight.unsqueeze(2), strides: [1, 2], padding: [0, 1]);
        Expect.Close(F.conv1d(x, weight, stride: 2, padding: 1), flat.squeeze(2), 1e-9);
        var deep = F.conv3d(x.unsqueeze(2).unsqueeze(2), weight.unsqueeze(2).unsqueeze(2), strides: [1, 1, 2], padding: [0, 0, 1]);
        Expect.Close(deep.flatten(2), flat.flatten(2), 1e-9);
    }

    [Fact]
    public void ConvTranspose_IsTheGradientOfConv()
    {
        using var scope = NewDisposeScope();
        Tensor x = Sample(1, 3, 6, 6).requires_grad_(), weight = Sample(4, 3, 3, 3), upstream = Sample(1, 4, 3, 3);
        F.conv2d(x, weight, strides: [2, 2], padding: [1, 1]).backward([upstream]);
        var transposed = F.conv_transpose2d(upstream, weight, strides: [2, 2], padding: [1, 1], output_padding: [1, 1]);
        Expect.Close(transposed, x.grad!, 1e-9);
    }

    [Fact]
    public void Pooling_OfSmallImage_GivesTheValuesWorkedByHand()
    {
        using var scope = NewDisposeScope();
        var x = arange(16, ScalarType.Float32).reshape(1, 1, 4, 4);
        Expect.Close(F.max_pool2d(x, 2), [5, 7, 13, 15]);
        Expect.Close(F.max_pool2d_with_indices(x, [2, 2]).Item2, [5, 7, 13, 15]);
        Expect.Close(F.max_pool2d(x, (3, 2), (1, 2)), [9, 11, 13, 15]);
        Expect.Close(F.max_pool2d(x, 3, stride: 2, ceil_mode: true), [10, 11, 14, 15]);
        Expect.Close(F.avg_pool2d(x, 2), [2.5, 4.5, 10.5, 12.5]);
        Expect.Close(F.avg_pool2d(x, 2, padding: 1)[0, 0, 0, 0], [0]);
        Expect.Close(F.avg_pool2d(x, 2, padding: 1, count_include_pad: false)[0, 0, 0], [0, 1.5, 3]);
        Expect.Close(F.adaptive_avg_pool2d(x, 1), [7.5]);
        Expect.Close(F.adaptive_max_pool2d(x, [2, 1]), [7, 15]);
        Expect.Close(F.max_pool1d(x.flatten(2), 4), [3, 7, 11, 15]);
        Expect.Close(F.avg_pool1d(x.flatten(2), 8), [3.5, 11.5]);
    }

    [Fact]
    public void BatchNorm_InTraining_NormalizesAndMovesTheRunningStatistics()
    {
        using var scope = NewDisposeScope();
        var x = Sample(8, 2, 3);
        Tensor mean = zeros(2, ScalarType.Float64), variance = ones(2, ScalarType.Float64);
        var y = F.batch_norm(x, mean, variance, full([2], 2.0, ScalarType.Float64), ones(2, ScalarType.Float64), true, 0.25, 0);

        var columns = x.transpose(0, 1).flatten(1);
        var normalized = columns.sub(columns.mean([1], true)).div(columns.std(1, unbiased: false, keepdim: true)).mul(2).add(1);
        Expect.Close(y.transpose(0, 1).flatten(1), normalized, 1e-9);
        Expect.Close(mean, columns.mean([1]).mul(0.25), 1e-9);
        Expect.Close(variance, columns.var(1).mul(0.25).add(0.75), 1e-9);

        var evaluated = F.batch_norm(x, mean, variance, eps: 0);
        Expect.Close(evaluated[3, 1], x[3, 1].sub(mean[1]).div(variance[1].sqrt()), 1e-9);
    }

    [Fact]
    public void Normalizations_GiveZeroMeanAndUnitVariance_OverTheirGroups()
    {
        using var scope = NewDisposeScope();
        var x = Sample(3, 4, 5);
        Check(F.layer_norm(x, [5]), 5);
        Check(F.group_norm(x, 2), 10);
        Check(F.instance_norm(x), 5);
        Expect.Close(F.normalize(x, dim: 2).norm(2), ones(3, 4), 1e-9);

        static void Check(Tensor y, long size)
        {
            var groups = y.reshape(-1, size);
            Expect.Close(groups.mean([1]), new double[groups.shape[0]], 1e-9);
            Expect.Close(groups.var(1, unbiased: false), [.. Enumerable.Repeat(1.0, (int)groups.shape[0])], 1e-3); // eps
        }
    }

    [Fact]
    public void LocalResponseNorm_DividesByTheNeighboursSquares()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new[] { 1.0, 2, 3 }).reshape(1, 3, 1, 1);
        double Expected(double value, double squares) => value / Math.Pow(2 + 0.5 * squares / 3, 0.75);
        Expect.Close(F.local_response_norm(x, 3, alpha: 0.5, k: 2), [Expected(1, 5), Expected(2, 14), Expected(3, 13)], 1e-9);
    }

    [Fact]
    public void Losses_EqualTheirFormulas()
    {
        using var scope = NewDisposeScope();
        Tensor z = Sample(4, 3), target = tensor(new long[] { 2, 0, 1, 1 }), v = Sample(5, 3)[1..];
        Tensor p = v.softmax(1), logQ = F.log_softmax(z, 1);

        var nll = logQ.gather(1, target.unsqueeze(1)).squeeze(1).neg();
        Expect.Close(F.cross_entropy(z, target), nll.mean(), 1e-9);
        Expect.Close(F.cross_entropy(z, target, reduction: nn.Reduction.None), nll, 1e-9);
        Expect.Close(F.cross_entropy(z, target, label_smoothing: 0.3), (nll * 0.7 + logQ.mean([1]).neg() * 0.3).mean(), 1e-9);
        Expect.Close(F.cross_entropy(z, p, reduction: nn.Reduction.Sum), (p * logQ).sum().neg(), 1e-9);
        Expect.Close(F.nll_loss(logQ, target, reduction: nn.Reduction.Sum), nll.sum(), 1e-9);

        var divergence = p * (p.log() - logQ);
        Expect.Close(F.kl_div(logQ, p, log_target: false, reduction: nn.Reduction.Sum), divergence.sum(), 1e-9);
        Expect.Close(F.kl_div(logQ, p.log(), reduction: nn.Reduction.Mean), divergence.mean(), 1e-9);

        var d = z - v;
        Expect.Close(F.mse_loss(z, v), (d * d).mean(), 1e-9);
        Expect.Close(F.l1_loss(z, v), d.abs().mean(), 1e-9);
        Expect.Close(F.smooth_l1_loss(z, v, beta: 0.5), where(d.abs() < 0.5, d * d, d.abs() - 0.25).mean(), 1e-9);
        Expect.Close(F.huber_loss(z, v, delta: 2), where(d.abs() < 2, d * d / 2, 2 * (d.abs() - 1)).mean(), 1e-9);
        var bce = (p * F.logsigmoid(z) + (1 - p) * F.logsigmoid(-z)).mean().neg();
        Expect.Close(F.binary_cross_entropy_with_logits(z, p), bce, 1e-9);
        Expect.Close(F.binary_cross_entropy(z.sigmoid(), p), bce, 1e-9);
        Expect.Close(F.cosine_similarity(z, v), (z * v).sum(1L) / (z.norm(1) * v.norm(1)), 1e-9);
    }

    [Fact]
    public void Activations_EqualTheirFormulas()
    {
        using var scope = NewDisposeScope();
        var x = linspace(-3, 3, 13, ScalarType.Float64);
        var sigmoid = 1 / (1 + (-x).exp());
        Expect.Close(F.silu(x), x * sigmoid, 1e-9);
        Expect.Close(F.mish(x), x * x.exp().log1p().tanh(), 1e-9);
        Expect.Close(F.gelu(x), x * ((x / Math.Sqrt(2)).erf() + 1) / 2, 1e-9);
        Expect.Close(F.elu(x, 0.5), where(x > 0, x, 0.5 * x.expm1()), 1e-9);
        Expect.Close(F.celu(x, 2), where(x > 0, x, 2 * (x / 2).expm1()), 1e-9);
        Expect.Close(F.leaky_relu(x, 0.2), where(x > 0, x, 0.2 * x), 1e-9);
        Expect.Close(F.prelu(x, tensor(new[] { 0.2 })), where(x > 0, x, 0.2 * x), 1e-9);
        Expect.Close(F.softplus(x, beta: 2), (2 * x).exp().log1p() / 2, 1e-9);
        Expect.Close(F.softsign(x), x / (1 + x.abs()), 1e-9);
        Expect.Close(F.hardsigmoid(x), ((x + 3) / 6).clamp(0, 1), 1e-9);
        Expect.Close(F.hardswish(x), x * ((x + 3) / 6).clamp(0, 1), 1e-9);
        Expect.Close(F.hardtanh(x, -2, 1), x.clamp(-2, 1), 1e-9);
        Expect.Close(F.threshold(x, 1, -1), where(x > 1, x, full_like(x, -1)), 1e-9);
        Expect.Close(F.softmin(x, 0), (-x).exp() / (-x).exp().sum(), 1e-9);
        Expect.Close(F.tanhshrink(x), x - x.tanh(), 1e-9);
        Expect.Close(F.selu(x), 1.0507009873554805 * where(x > 0, x, 1.6732632423543772 * x.expm1()), 1e-9);

        var inPlace = x.clone();
        Assert.Same(inPlace, F.relu(inPlace, inplace: true));
        Expect.Close(inPlace, x.clamp(min: 0), 0);
    }

    [Fact]
    public void Pad_InEachMode_GivesTheValuesWorkedByHand()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new[] { 1f, 2, 3 }).reshape(1, 1, 3);
        Expect.Close(F.pad(x, (2, 1), value: 9), [9, 9, 1, 2, 3, 9]);
        Expect.Close(F.pad(x, (2, 1), PaddingModes.Zeros), [0, 0, 1, 2, 3, 0]);
        Expect.Close(F.pad(x, (2, 1), PaddingModes.Reflect), [3, 2, 1, 2, 3, 2]);
        Expect.Close(F.pad(x, (2, 1), PaddingModes.Replicate), [1, 1, 1, 2, 3, 3]);
        Expect.Close(F.pad(x, (2, 1), PaddingModes.Circular), [2, 3, 1, 2, 3, 1]);
        Expect.Close(F.pad(x, (-1, -1)), [2]);
    }

    [Fact]
    public void Interpolate_InEachMode_GivesTheValuesWorkedByHand()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new[] { 0f, 4 }).reshape(1, 1, 2);
        Expect.Close(F.interpolate(x, [4]), [0, 0, 4, 4]);
        Expect.Close(F.interpolate(x, [4], mode: InterpolationMode.Linear), [0, 1, 3, 4]);
        Expect.Close(F.interpolate(x, [5], mode: InterpolationMode.Linear, align_corners: true), [0, 1, 2, 3, 4]);
        Expect.Close(F.interpolate(arange(4, ScalarType.Float32).reshape(1, 1, 4), [2], mode: InterpolationMode.Area), [0.5, 2.5]);
        Expect.Close(F.interpolate(x.unsqueeze(2), scale_factor: [2, 1]), [0, 4, 0, 4]);
        Assert.Throws<ArgumentException>(() => F.interpolate(x));
        Assert.Throws<ArgumentException>(() => F.interpolate(x, [4], mode: InterpolationMode.Bilinear));
    }

    [Fact]
    public void GridSample_AtTheElementsCentres_IsTheIdentity()
    {
        using var scope = NewDisposeScope();
        var x = Sample(1, 2, 3, 4);
        var identity = tensor(new[,,] { { { 1.0, 0, 0 }, { 0, 1, 0 } } });
        var grid = F.affine_grid(identity, [1, 2, 3, 4]);
        Expect.Close(F.grid_sample(x, grid), x, 1e-9);
        var corner = F.grid_sample(x, grid.add(9), padding_mode: GridSamplePaddingMode.Border)[0, 0];
        Expect.Close(corner, x[0, 0, 2, 3].expand(3, 4), 1e-9);
    }

    [Fact]
    public void Shuffles_AndOneHot_MoveElementsWhereTheySay()
    {
        using var scope = NewDisposeScope();
        var x = arange(4).reshape(1, 4, 1, 1);
        Expect.Close(F.pixel_shuffle(x, 2), [0, 1, 2, 3]);
        Expect.Close(F.pixel_unshuffle(F.pixel_shuffle(x, 2), 2), x);
        Expect.Close(F.one_hot(tensor(new long[] { 1, 0 }), 3), [0, 1, 0, 1, 0, 0]);
        Expect.Close(x.channel_shuffle(2), [0, 2, 1, 3]);
    }
}
