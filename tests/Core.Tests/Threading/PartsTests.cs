using OnnxKd.Core.Threading;

namespace OnnxKd.Core.Tests.Threading;

public class PartsTests
{
    [Theory]
    [InlineData(0, 4)]
    [InlineData(1, 4)]
    [InlineData(100, 1)]
    [InlineData(100, 4)]
    public void Run_EveryPart_IsDoneOnce(int count, int threads)
    {
        var done = new int[count];
        Parts.Run(count, threads, i => Interlocked.Increment(ref done[i]));
        Assert.All(done, times => Assert.Equal(1, times));
    }

    [Fact]
    public void Run_OnSomeThreads_TakesNoMore()
    {
        var (now, most) = (0, 0);
        Parts.Run(40, 3, _ =>
        {
            var running = Interlocked.Increment(ref now);
            lock (this)
                most = Math.Max(most, running);
            Thread.Sleep(1);
            Interlocked.Decrement(ref now);
        });
        Assert.InRange(most, 1, 3);
    }

    /// <summary>A later part fails first: nevertheless the error is that of the earlier one.</summary>
    [Fact]
    public void Run_SeveralPartsThatFail_ThrowsTheFirstPartsError()
    {
        using var failed = new ManualResetEventSlim();
        var error = Assert.Throws<InvalidDataException>(() => Parts.Run(2, 2, i =>
        {
            if (i == 0)
                failed.Wait(TimeSpan.FromSeconds(5));
            failed.Set();
            throw new InvalidDataException($"part {i}");
        }));
        Assert.Equal("part 0", error.Message);
    }
}
