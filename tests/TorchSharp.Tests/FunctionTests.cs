using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.TorchSharp.Tests;

public class FunctionTests
{
    /// <summary>y = a · b² with a gradient that is ten times too large, so that it is seen to be this one.</summary>
    private sealed class Scaled : autograd.SingleTensorFunction<Scaled>
    {
        public override string Name => nameof(Scaled);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var (a, b) = ((Tensor)vars[0], (Tensor)vars[2]);
            ctx.save_for_backward([a, b]);
            ctx.save_data("factor", vars[1]);
            return a * b * b;
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            if (ctx.get_saved_variables() is not [var a, var b])
                throw new InvalidOperationException("two tensors were saved");
            var factor = (double)ctx.get_data("factor");
            return [grad_output * b * b * factor, null!, grad_output * a * b * 2 * factor];
        }
    }

    private sealed class Failing : autograd.SingleTensorFunction<Failing>
    {
        public override string Name => nameof(Failing);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars) => (Tensor)vars[0] * 2;

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => throw new InvalidOperationException("no gradient today");
    }

    [Fact]
    public void Apply_WithinAGraph_CallsBackward()
    {
        using var scope = NewDisposeScope();
        var a = tensor(new[] { 2.0, 3 }).requires_grad_(true);
        var b = tensor(new[] { 5.0, 7 }).requires_grad_(true);

        var y = Scaled.apply(a * 1, 10.0, b);
        (y * tensor(new[] { 1.0, 100 })).sum().backward();

        Assert.Equal([50, 147], y.data<double>().ToArray());
        Assert.Equal([250, 49_000], a.grad!.data<double>().ToArray());
        Assert.Equal([200, 42_000], b.grad!.data<double>().ToArray());
    }

    [Fact]
    public void Apply_OnlyOneTensorWantsAGradient_GivesItsOwn()
    {
        using var scope = NewDisposeScope();
        var b = tensor(new[] { 5.0 }).requires_grad_(true);

        Scaled.apply(tensor(new[] { 2.0 }), 1.0, b).backward();

        Assert.Equal([20], b.grad!.data<double>().ToArray());
    }

    [Fact]
    public void Apply_NothingWantsAGradient_RecordsNothing()
    {
        using var scope = NewDisposeScope();

        Assert.False(Scaled.apply(ones(2), 1.0, ones(2)).requires_grad);
        using (no_grad())
            Assert.False(Scaled.apply(ones(2).requires_grad_(true), 1.0, ones(2)).requires_grad);
    }

    [Fact]
    public void Backward_OfAFreedOrDifferentiatedGraph_IsRefused()
    {
        using var scope = NewDisposeScope();
        var a = ones(2).requires_grad_(true);
        var y = Scaled.apply(a, 1.0, ones(2)).sum();

        Assert.Contains("no gradient itself", Assert.Throws<ExternalException>(() => autograd.grad([y], [a], create_graph: true)).Message);
        y = Scaled.apply(a, 1.0, ones(2)).sum();
        y.backward(retain_graph: true);
        y.backward();
        Assert.Throws<ExternalException>(() => y.backward());
        Assert.Equal([2, 2], a.grad!.data<float>().ToArray());
    }

    [Fact]
    public void Backward_ThatThrows_ReportsIt()
    {
        using var scope = NewDisposeScope();
        var y = Failing.apply(ones(2).requires_grad_(true)).sum();

        Assert.Contains("no gradient today", Assert.Throws<ExternalException>(() => y.backward()).Message);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Tensors_OverManySteps_AreNotKept(bool differentiated)
    {
        var a = ones(2).requires_grad_(true);
        long? before = null;
        for (var step = 0; step < 50; step++)
        {
            using (NewDisposeScope())
            {
                var y = Scaled.apply(a, 1.0, ones(2)).sum();
                if (differentiated)
                    y.backward();
            }
            Assert.Equal(before ??= Tensor.TotalCount, Tensor.TotalCount);
        }
    }
}
