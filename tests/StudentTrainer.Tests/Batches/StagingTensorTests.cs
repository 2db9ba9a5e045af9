using System.Runtime.InteropServices;
using OnnxKd.StudentTrainer.Batches;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Batches;

/// <summary>Room that batches are read into. The way to a GPU is not tested without one.</summary>
public sealed class StagingTensorTests : IDisposable
{
    private readonly DisposeScope scope = torch.NewDisposeScope();
    private readonly StagingTensor staging = new([4, 2], torch.float32, torch.CPU);

    public void Dispose()
    {
        staging.Dispose();
        scope.Dispose();
    }

    [Fact]
    public void OnDevice_WholeOnTheCpu_IsTheMemoryItself()
    {
        var whole = staging.OnDevice(4);
        Fill([0, 1, 2, 3, 4, 5, 6, 7]);
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7], whole.data<float>().ToArray());
        Assert.Same(whole, staging.OnDevice(4));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void OnDevice_OfSomeRows_IsThose(int rows)
    {
        Fill([0, 1, 2, 3, 4, 5, 6, 7]);
        var some = staging.OnDevice(rows);
        Assert.Equal([rows, 2], some.shape);
        Assert.Equal(Enumerable.Range(0, 2 * rows).Select(i => (float)i), some.data<float>().ToArray());
    }

    [Theory]
    [InlineData(4)]
    [InlineData(3)]
    public void OnDevice_OfCountedRows_PicksThem(int rows)
    {
        Fill([0, 1, 2, 3, 4, 5, 6, 7]);
        Assert.Equal([4f, 5, 0, 1], staging.OnDevice(rows, torch.tensor(new long[] { 2, 0 })).data<float>().ToArray());
    }

    /// <summary>Batches come and go in scopes of their own; the room stays.</summary>
    [Fact]
    public void OnDevice_InAScopeThatEnds_LivesOn()
    {
        Fill([1, 1, 1, 1, 1, 1, 1, 1]);
        using (torch.NewDisposeScope())
        {
            staging.OnDevice(4);
            staging.OnDevice(2);
        }

        Assert.Equal(8, staging.OnDevice(4).sum().item<float>());
    }

    private void Fill(float[] values) => values.CopyTo(MemoryMarshal.Cast<byte, float>(staging.Bytes));
}
