using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace OnnxKd.TorchSharp.Tests;

public class AutogradTests
{
    private static Tensor Sample(params long[] shape)
    {
        using var generator = new Generator(7);
        return rand(shape, ScalarType.Float64, generator: generator).mul(1.6).sub(0.75);
    }

    public static TheoryData<string, Func<Tensor, Tensor>, long[]> Functions => new()
    {
        { "exp log1p", x => x.mul(x).log1p().exp(), [3, 4] },
        { "pow sqrt div", x => x.pow(3).div(x.mul(x).add(1).sqrt()), [3, 4] },
        { "scalar on the left", x => 2.0 - 3 / (x * x + 2), [3, 4] },
        { "matmul", x => x.matmul(Sample(4, 5)), [3, 4] },
        { "linear", x => F.linear(x, Sample(5, 4), Sample(5)), [3, 4] },
        { "einsum", x => einsum("ij,kj->ik", x, Sample(2, 4)), [3, 4] },
        { "gelu", x => x.gelu(), [3, 4] },
        { "silu mish", x => F.mish(F.silu(x)), [3, 4] },
        { "elu softplus", x => x.elu().softplus(), [3, 4] },
        { "softmax", x => x.softmax(1), [3, 4] },
        { "log_softmax", x => F.log_softmax(x.div(4), 1), [3, 4] },
        { "logsumexp", x => x.logsumexp(1), [3, 4] },
        { "max by dimension", x => x.max(1).Item1, [3, 4] },
        { "var", x => x.var(1, unbiased: false), [3, 4] },
        { "cumsum", x => x.cumsum(0), [3, 4] },
        { "index", x => x.index(TensorIndex.Slice(1), TensorIndex.Tensor(tensor(new long[] { 0, 3, 3 }))), [3, 4] },
        { "gather", x => x.gather(1, tensor(new long[,] { { 0 }, { 2 }, { 2 } })), [3, 4] },
        { "index_reduce", x => index_reduce(x, 0, tensor(new long[] { 2, 2 }), x.slice(0, 0, 2, 1).exp(), Reduce.prod), [3, 4] },
        { "cat of views", x => cat([x.t(), x.t().flip(0)], 1), [3, 4] },
        { "layer_norm", x => F.layer_norm(x, [4], Sample(4), Sample(4)), [3, 4] },
        { "conv2d", x => F.conv2d(x, Sample(3, 2, 3, 3), Sample(3), strides: [2, 1], padding: [1, 0], dilation: [1, 2]), [2, 2, 5, 6] },
        { "conv_transpose2d", x => F.conv_transpose2d(x, Sample(2, 3, 3, 3), strides: [2, 2], output_padding: [1, 0]), [1, 2, 3, 3] },
        { "batch_norm", x => F.batch_norm(x, null, null, Sample(2), Sample(2), training: true), [3, 2, 2, 2] },
        { "group_norm", x => F.group_norm(x, 2, Sample(4), Sample(4)), [2, 4, 3] },
        { "instance_norm", x => F.instance_norm(x), [2, 2, 3, 2] },
        { "avg_pool2d", x => F.avg_pool2d(x, 2, stride: 1, padding: 1), [1, 2, 4, 4] },
        { "max_pool2d", x => F.max_pool2d(x, 2), [1, 2, 4, 4] },
        { "reflect pad", x => F.pad(x, (1, 1, 2, 0), PaddingModes.Reflect), [1, 2, 4, 4] },
        { "bilinear interpolate", x => F.interpolate(x, scale_factor: [2, 1.5], mode: InterpolationMode.Bilinear), [1, 2, 4, 4] },
        { "kl_div", x => F.kl_div(F.log_softmax(x, 1), Sample(3, 4).softmax(1), log_target: false, reduction: nn.Reduction.Sum), [3, 4] },
        { "cross_entropy", x => F.cross_entropy(x, tensor(new long[] { 3, 0, 1 }), label_smoothing: 0.1), [3, 4] },
    };

    [Theory, MemberData(nameof(Functions))]
    public void Backward_OfFunction_EqualsCentralDifferences(string name, Func<Tensor, Tensor> function, long[] shape)
    {
        using var scope = NewDisposeScope();
        Assert.NotEmpty(name);
        Expect.GradientMatches(function, Sample(shape));
    }

    [Fact]
    public void Backward_Twice_AddsUp()
    {
        using var x = tensor(new[] { 3f }, requires_grad: true);
        x.mul(x).sum().backward();
        x.mul(x).sum().backward();
        Assert.Equal(12, x.grad!.item<float>());

        x.grad = null;
        Assert.Null(x.grad);
    }

    [Fact]
    public void Backward_WithoutRetainGraph_FailsTheSecondTime()
    {
        using var x = tensor(new[] { 3f }, requires_grad: true);
        var loss = x.mul(x).exp().sum();
        loss.backward(retain_graph: true);
        loss.backward();
        Assert.Contains("second time", Assert.Throws<ExternalException>(() => loss.backward()).Message);
    }

    [Fact]
    public void Backward_FromNonScalar_NeedsAndUsesTheGradient()
    {
        using var x = tensor(new[] { 1f, 2f }, requires_grad: true);
        var y = x.mul(x);
        Assert.Contains("scalar outputs", Assert.Throws<ExternalException>(() => y.backward()).Message);

        y.backward([tensor(new[] { 10f, 100f })]);
        Expect.Close(x.grad!, [20, 400]);
    }

    [Fact]
    public void Grad_WithCreateGraph_GivesTheSecondDerivative()
    {
        using var x = tensor(new[] { 2.0 }, requires_grad: true);
        var first = autograd.grad([x.pow(3).sum()], [x], create_graph: true)[0];
        var second = autograd.grad([first.sum()], [x])[0];
        Assert.Equal(12, first.item<double>(), 9);
        Assert.Equal(12, second.item<double>(), 9);
    }

    [Fact]
    public void Grad_OfUnusedInput_FailsUnlessAllowed()
    {
        using var x = ones(2, requires_grad: true);
        using var unused = ones(2, requires_grad: true);
        Assert.Throws<ExternalException>(() => autograd.grad([x.sum()], [x, unused]));
        var gradients = autograd.grad([x.sum()], [x, unused], allow_unused: true);
        Expect.Close(gradients[0], [1, 1]);
        Assert.Null(gradients[1]);
    }

    [Fact]
    public void RetainGrad_OnIntermediate_KeepsItsGradient()
    {
        using var x = tensor(new[] { 3f }, requires_grad: true);
        var y = x.mul(2);
        Assert.True(x.is_leaf);
        Assert.False(y.is_leaf);
        y.retain_grad();
        y.mul(y).sum().backward();
        Assert.Equal(12, y.grad!.item<float>());
    }

    [Fact]
    public void NoGrad_Nested_RestoresWhatWasBefore()
    {
        using var x = ones(2, requires_grad: true);
        using (no_grad())
        {
            Assert.False(x.add(1).requires_grad);
            using (enable_grad())
                Assert.True(x.add(1).requires_grad);
            Assert.False(is_grad_enabled());
        }
        Assert.True(is_grad_enabled());
        Assert.True(x.add(1).requires_grad);
    }

    [Fact]
    public void InferenceMode_Result_CannotBeTrained()
    {
        using var x = ones(2, requires_grad: true);
        Tensor y;
        using (inference_mode())
        {
            Assert.True(is_inference_mode_enabled());
            y = x.mul(2);
        }
        Assert.False(is_inference_mode_enabled());
        Assert.Contains("nference", Assert.Throws<ExternalException>(() => x.mul(y).sum().backward()).Message);
    }

    [Fact]
    public void Detach_SharesMemory_ButNotTheGraph()
    {
        using var x = ones(2, requires_grad: true);
        using var alias = x.detach();
        alias.add_(1);
        Assert.False(alias.requires_grad);
        Expect.Close(x, [2, 2]);
    }

    [Fact]
    public void DetectAnomaly_NanGradient_NamesTheOperation()
    {
        using var x = tensor(new[] { -1f }, requires_grad: true);
        using (autograd.detect_anomaly())
        {
            var loss = x.sqrt().sum();
            Assert.Contains("SqrtBackward", Assert.Throws<ExternalException>(() => loss.backward()).Message);
        }
        Assert.False(AnomalyMode.IsEnabled);
    }

    [Fact]
    public void InPlaceOperation_OnLeafThatNeedsGrad_IsRefused()
    {
        using var x = ones(2, requires_grad: true);
        Assert.Contains("in-place", Assert.Throws<ExternalException>(() => x.add_(1)).Message);
    }
}
