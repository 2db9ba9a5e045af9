using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace OnnxKd.TorchSharp.Tests;

public class TrainingTests
{
    private static Parameter Weights(params long[] shape)
    {
        var fanIn = shape[1..].Aggregate(1L, (a, b) => a * b);
        return new Parameter(randn(shape).mul(Math.Sqrt(2.0 / fanIn)));
    }

    private static void Step(Parameter[] parameters, double rate)
    {
        using var off = no_grad();
        foreach (var parameter in parameters)
        {
            using var gradient = parameter.grad!;
            parameter.sub_(gradient.mul(rate));
            gradient.zero_();
        }
    }

    [Fact]
    public void Mlp_OnXor_LearnsIt()
    {
        manual_seed(1);
        using var all = NewDisposeScope();
        var x = tensor(new float[,] { { 0, 0 }, { 0, 1 }, { 1, 0 }, { 1, 1 } });
        var labels = tensor(new long[] { 0, 1, 1, 0 });
        Parameter[] p = [Weights(16, 2), new(zeros(16)), Weights(2, 16), new(zeros(2))];
        Tensor Logits() => F.linear(F.linear(x, p[0], p[1]).relu(), p[2], p[3]);

        for (var step = 0; step < 200; step++)
        {
            using var scope = NewDisposeScope();
            F.cross_entropy(Logits(), labels).backward();
            Step(p, 0.3);
        }

        Assert.Equal(labels.data<long>().ToArray(), Logits().argmax(1).data<long>().ToArray());
        Assert.True(F.cross_entropy(Logits(), labels).item<float>() < 0.05f);
    }

    [Fact]
    public void Cnn_OnBarsOfTwoDirections_LearnsThem_AndKeepsNothing()
    {
        manual_seed(2);
        using var all = NewDisposeScope();
        var images = zeros(16, 1, 8, 8);
        for (var i = 0; i < 8; i++)
        {
            images[i, 0, i].fill_(1);
            images[8 + i, 0].narrow(1, i, 1).fill_(1);
        }
        images.add_(randn_like(images).mul(0.1));
        var labels = arange(16).ge(8).to(ScalarType.Int64);
        Parameter[] p = [Weights(4, 1, 3, 3), new(zeros(4)), new(ones(4)), new(zeros(4)), Weights(2, 64), new(zeros(2))];
        Tensor mean = zeros(4), variance = ones(4);

        Tensor Loss()
        {
            var hidden = F.batch_norm(F.conv2d(images, p[0], p[1], padding: [1, 1]), mean, variance, p[2], p[3], training: true);
            var pooled = F.max_pool2d(F.relu(hidden), 2);
            return F.cross_entropy(F.linear(pooled.flatten(1), p[4], p[5]), labels);
        }

        var counts = new List<long>();
        var loss = double.NaN;
        for (var step = 0; step < 60; step++)
        {
            using var scope = NewDisposeScope();
            var value = Loss();
            value.backward();
            Step(p, 0.2);
            loss = value.item<float>();
            counts.Add(Tensor.TotalCount - scope.DisposablesCount);
        }

        Assert.True(loss < 0.05, $"loss {loss}");
        Assert.Single(counts.Skip(10).Distinct());
    }

    [Fact]
    public void ClipGradNorm_AboveTheLimit_ScalesAllAlike_AndReturnsTheNorm()
    {
        using var scope = NewDisposeScope();
        Parameter a = new(zeros(2)), b = new(zeros(1)), unused = new(zeros(3));
        a.grad = tensor(new[] { 3f, 0f });
        b.grad = tensor(new[] { 4f });

        Assert.Equal(5, nn.utils.clip_grad_norm_([a, b, unused], 10), 5);
        Expect.Close(b.grad!, [4]);
        Assert.Equal(5, nn.utils.clip_grad_norm_([a, b, unused], 1), 5);
        Expect.Close(a.grad!, [0.6, 0], 1e-5);
        Expect.Close(b.grad!, [0.8], 1e-5);
        Assert.Equal(0, nn.utils.clip_grad_norm_([unused], 1));
    }

    [Fact]
    public void Parameter_FromTensor_TakesItOver()
    {
        using var scope = NewDisposeScope();
        var data = ones(3);
        var count = Tensor.TotalCount;
        var parameter = new Parameter(data);

        Assert.True(data.IsInvalid);
        Assert.True(parameter.requires_grad && parameter.is_leaf);
        Assert.Equal(count, Tensor.TotalCount);
        Assert.True(scope.Contains(parameter));
        Assert.False(scope.Contains(data));
    }
}
