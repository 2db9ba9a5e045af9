using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.TorchSharp.Tests;

public class DisposeScopeTests
{
    /// <summary>Waits for finalizers, so that tensors which other tests dropped no longer count.</summary>
    private static long LiveTensors()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Tensor.TotalCount;
    }

    [Fact]
    public void Scope_OnDispose_DisposesWhatWasCreatedInIt()
    {
        var before = LiveTensors();
        Tensor inside;
        using (NewDisposeScope())
        {
            inside = ones(3).add(1);
            Assert.Equal(before + 2, Tensor.TotalCount);
        }
        Assert.True(inside.IsInvalid);
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public void Scope_OverManySteps_KeepsTheCountFlat()
    {
        using var weight = randn(8, 8, requires_grad: true);
        var counts = new List<long>();
        var before = LiveTensors();
        for (var step = 0; step < 50; step++)
        {
            using var scope = NewDisposeScope();
            weight.matmul(randn(8, 8)).relu().max(1).Item1.sum().backward();
            foreach (var part in weight.split(2))
                _ = part[0, TensorIndex.Slice(1)];
            weight.grad = null;
            counts.Add(Tensor.TotalCount);
        }
        Assert.Equal(before, Tensor.TotalCount);
        Assert.Single(counts.Distinct());
    }

    [Fact]
    public void Tensor_MovedOutwards_SurvivesTheInnerScopeOnly()
    {
        Tensor moved, detached;
        using (var outer = NewDisposeScope())
        {
            using (NewDisposeScope())
            {
                moved = ones(1).MoveToOuterDisposeScope();
                detached = ones(1).DetachFromDisposeScope();
            }
            Assert.True(outer.Contains(moved));
            Assert.False(outer.Contains(detached));
        }
        Assert.True(moved.IsInvalid);
        Assert.False(detached.IsInvalid);
        detached.Dispose();
    }

    [Fact]
    public void Tensor_DisposedByHand_LeavesItsScope()
    {
        using var scope = NewDisposeScope();
        var tensor = ones(1);
        tensor.Dispose();
        tensor.Dispose();
        Assert.Equal(0, scope.DisposablesCount);
    }

    [Fact]
    public void DisposeEverythingBut_KeepsWhatIsNamed()
    {
        using var scope = NewDisposeScope();
        Tensor a = ones(1), b = ones(1);
        scope.DisposeEverythingBut(a);
        Assert.False(a.IsInvalid);
        Assert.True(b.IsInvalid);
    }

    [Fact]
    public void Attach_OfTensorFromElsewhere_TakesItOver()
    {
        var tensor = ones(1);
        using (var scope = NewDisposeScope())
            scope.Attach(tensor);
        Assert.True(tensor.IsInvalid);
    }

    [Fact]
    public void InPlaceOperation_ReturnsTheSameTensor()
    {
        using var tensor = ones(2);
        var before = LiveTensors();
        Assert.Same(tensor, tensor.add_(1));
        Assert.Same(tensor, tensor.unsqueeze_(0));
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public void To_WhenNothingChanges_ReturnsTheSameTensor()
    {
        using var tensor = ones(2);
        Assert.Same(tensor, tensor.to(ScalarType.Float32));
        Assert.Same(tensor, tensor.to("cpu"));
        using var copy = tensor.to(ScalarType.Float32, copy: true);
        Assert.NotSame(tensor, copy);
        using var other = tensor.to(ScalarType.Int32, disposeAfter: true);
        Assert.True(tensor.IsInvalid);
    }

    [Fact]
    public void Finalizer_OfDroppedTensor_ReleasesIt()
    {
        var before = LiveTensors();
        Drop();
        Assert.Equal(before, LiveTensors());

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static void Drop() => ones(10);
    }

    [Fact]
    public void Scope_OnAnotherThread_IsNotThisThreads()
    {
        using var scope = NewDisposeScope();
        Tensor? foreign = null;
        var thread = new Thread(() => foreign = ones(1));
        thread.Start();
        thread.Join();
        Assert.False(scope.Contains(foreign!));
        foreign!.Dispose();
    }

    [Fact]
    public void GradMode_OnAnotherThread_IsNotThisThreads()
    {
        using var off = no_grad();
        var enabled = false;
        var thread = new Thread(() => enabled = is_grad_enabled());
        thread.Start();
        thread.Join();
        Assert.True(enabled);
        Assert.False(is_grad_enabled());
    }

    [Fact]
    public void WrappedTensorDisposeScope_KeepsTheResultOnly()
    {
        var before = LiveTensors();
        using (var result = WrappedTensorDisposeScope(() => ones(2).add(1).mul(3)))
        {
            Expect.Close(result, [6, 6]);
            Assert.Equal(before + 1, Tensor.TotalCount);
        }
    }
}
