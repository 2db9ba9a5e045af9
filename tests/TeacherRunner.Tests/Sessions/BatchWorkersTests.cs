using OnnxKd.Core.LogitCaches;
using OnnxKd.TeacherRunner.Sessions;

namespace OnnxKd.TeacherRunner.Tests.Sessions;

public class BatchWorkersTests
{
    private const int BatchSize = 7;
    private const int RowsPerRun = 3;
    private const int ValuesPerRow = 2;

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(16)]
    public void Run_ManyBatches_ArriveWholeAndInOrder(int workers)
    {
        List<RowRange> batches = [.. RowRange.Batches(0, 500, BatchSize), .. RowRange.Batches(1000, 1500, BatchSize)];
        var taken = new List<RowRange>();

        Run(workers, batches, Fill, (rows, values) =>
        {
            taken.Add(rows);
            Assert.Equal(Expected(rows), values.ToArray());
        });

        Assert.Equal(batches, taken);
    }

    [Fact]
    public void Run_WhateverTheNumberOfWorkers_RowsAreFilledInTheSameCompany()
    {
        Assert.Equal(Runs(1), Runs(5));

        static IEnumerable<RowRange> Runs(int workers)
        {
            var runs = new List<RowRange>();
            Run(workers, RowRange.Batches(0, 100, BatchSize), (rows, _) =>
            {
                lock (runs)
                    runs.Add(rows);
            }, (_, _) => { });
            return runs.OrderBy(rows => rows.First);
        }
    }

    [Fact]
    public void Run_SeveralWorkers_FillAtTheSameTime()
    {
        using var both = new Barrier(2);

        // Each run waits for another one: with one at a time this would not end.
        Run(2, [new(0, 2 * RowsPerRun)], (_, _) => Assert.True(both.SignalAndWait(TimeSpan.FromSeconds(30))), (_, _) => { });
    }

    [Fact]
    public void Run_NobodyTakes_WorkersWaitInsteadOfFillingMemory()
    {
        var filled = 0;

        Run(2, RowRange.Batches(0, 100 * BatchSize, BatchSize), (_, _) => Interlocked.Increment(ref filled), (rows, _) =>
        {
            if (rows.First > 0)
                return;
            Thread.Sleep(200);
            Assert.InRange(Volatile.Read(ref filled), 1, 10 * 3); // ten batches of three runs; not all hundred
        });

        Assert.Equal(100 * 3, filled);
    }

    [Fact]
    public void Run_NoBatches_Ends() => Run(3, [], (_, _) => Assert.Fail(), (_, _) => Assert.Fail());

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Run_SeveralRunsFail_TheFirstRowsErrorComesOutAfterTheBatchesBeforeIt(int workers)
    {
        var taken = new List<long>();

        var error = Assert.Throws<InvalidDataException>(() => Run(
            workers, RowRange.Batches(0, 100 * BatchSize, BatchSize),
            (rows, _) =>
            {
                if (rows.First >= 20 * BatchSize)
                    throw new InvalidDataException($"row {rows.First}");
            },
            (rows, _) => taken.Add(rows.First)));

        Assert.Equal($"row {20 * BatchSize}", error.Message);
        Assert.Equal(Enumerable.Range(0, 20).Select(i => (long)i * BatchSize), taken);
    }

    [Fact]
    public void Run_TakingFails_ThatErrorComesOutAndTheWorkersEnd()
    {
        var filled = 0;

        var error = Assert.Throws<IOException>(() => Run(
            2, RowRange.Batches(0, 1000 * BatchSize, BatchSize), (_, _) => Interlocked.Increment(ref filled), (_, _) => throw new IOException("full")));

        Assert.Equal("full", error.Message);
        Assert.InRange(filled, 1, 100);
    }

    [Fact]
    public void Run_Cancelled_StopsAndKeepsWhatWasTaken()
    {
        using var source = new CancellationTokenSource();
        var taken = new List<long>();

        Assert.ThrowsAny<OperationCanceledException>(() => Run(2, RowRange.Batches(0, 1000 * BatchSize, BatchSize), Fill, (rows, values) =>
        {
            Assert.Equal(Expected(rows), values.ToArray());
            taken.Add(rows.First / BatchSize);
            if (taken.Count == 10)
                source.Cancel();
        }, source.Token));

        Assert.InRange(taken.Count, 10, 30);
        Assert.Equal(Enumerable.Range(0, taken.Count).Select(i => (long)i), taken);
    }

    private static void Run(
        int workers, IEnumerable<RowRange> batches, Action<RowRange, Memory<long>> fill, Action<RowRange, ReadOnlyMemory<long>> take,
        CancellationToken token = default) =>
        BatchWorkers<long>.Run(
            Enumerable.Range(0, workers).ToArray(), batches, BatchSize, RowsPerRun, ValuesPerRow,
            (_, rows, values) =>
            {
                Assert.InRange(rows.Count, 1, RowsPerRun);
                Assert.Equal(rows.Count * ValuesPerRow, values.Length);
                fill(rows, values);
            }, take, token);

    private static void Fill(RowRange rows, Memory<long> values) => Expected(rows).CopyTo(values.Span);

    private static long[] Expected(RowRange rows) =>
        [.. Enumerable.Range(0, (int)rows.Count).SelectMany(i => new[] { rows.First + i, -rows.First - i })];
}
