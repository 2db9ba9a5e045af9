using OnnxKd.StudentTrainer.Operators;
using OnnxKd.StudentTrainer.Tests.Support;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Operators;

public sealed class HostThreadsTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 100)]
    [InlineData(3, 2)]
    [InlineData(3, 1_000)]
    public void Run_AnyNumbers_RunsEachPartOnce(int threads, int count) => With(threads, () =>
    {
        var runs = new int[count];

        HostThreads.Run(count, i => Interlocked.Increment(ref runs[i]));

        Assert.All(runs, times => Assert.Equal(1, times));
    });

    [Fact]
    public void Run_OnThreeThreads_UsesThoseOfLibtorch() => With(3, () =>
    {
        var seen = new System.Collections.Concurrent.ConcurrentDictionary<int, bool>();
        using var all = new Barrier(3);

        // Parts that wait for one another need as many threads.
        HostThreads.Run(3, _ =>
        {
            Assert.True(all.SignalAndWait(TimeSpan.FromSeconds(30)));
            seen[Environment.CurrentManagedThreadId] = Thread.CurrentThread.IsThreadPoolThread;
        });

        Assert.Equal(3, seen.Count);
        Assert.DoesNotContain(seen, thread => thread.Value && thread.Key != Environment.CurrentManagedThreadId);
    });

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Run_PartThatThrows_ThrowsTheSame(int threads) => With(threads, () =>
    {
        var error = Assert.Throws<InvalidOperationException>(() => HostThreads.Run(
            100, i => _ = i == 7 ? throw new InvalidOperationException("seven") : 0));

        Assert.Equal("seven", error.Message);
    });

    private static void With(int threads, Action test)
    {
        using var _ = new Threads(threads);
        test();
    }
}
