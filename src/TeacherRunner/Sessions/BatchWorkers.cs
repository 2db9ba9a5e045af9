using System.Runtime.ExceptionServices;
using OnnxKd.Core.LogitCaches;

namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>
/// Workers, each on a thread of its own, fill batches together, a few rows each at a time; meanwhile the caller's thread takes the batches
/// that are whole, in order. A worker never waits for another one, only for room when many batches wait to be taken.
/// </summary>
/// <typeparam name="T">What rows are made of.</typeparam>
internal sealed class BatchWorkers<T>
{
    // Whole batches wait while the caller waits for the disk.
    private const int Waiting = 6;

    private readonly object gate = new();
    private readonly IEnumerator<RowRange> batches;
    private readonly int batchSize;
    private readonly int rowsPerRun;
    private readonly int valuesPerRow;
    private readonly int mostBatches;
    private readonly CancellationToken token;
    private readonly Queue<Filling> unfinished = []; // and whole ones that were not taken yet
    private readonly Stack<T[]> free = [];
    private Filling? current;
    private int working;
    private (long Row, Exception Error)? failure;

    private BatchWorkers(int workers, IEnumerator<RowRange> batches, int batchSize, int rowsPerRun, int valuesPerRow, CancellationToken token)
    {
        (this.batches, this.batchSize, this.rowsPerRun, this.valuesPerRow, this.token) = (batches, batchSize, rowsPerRun, valuesPerRow, token);
        working = workers;
        mostBatches = checked(workers * rowsPerRun) / batchSize + Waiting;
    }

    /// <summary>Runs until every batch was taken, or something throws, or the token is cancelled.</summary>
    /// <typeparam name="TWorker">What a worker has to itself.</typeparam>
    /// <param name="workers">The workers.</param>
    /// <param name="batches">The rows of each batch.</param>
    /// <param name="batchSize">Rows of a batch at most.</param>
    /// <param name="rowsPerRun">Rows that a worker fills at a time, at most; which ones depends on nothing but the batches.</param>
    /// <param name="valuesPerRow">Values of a row.</param>
    /// <param name="fill">Fills rows, which lie in one batch.</param>
    /// <param name="take">Takes a batch; called by the caller's thread in the order of the batches. The memory is used again.</param>
    /// <param name="token">Stops between runs; whole batches in front of the first one that is not whole are still taken.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static void Run<TWorker>(
        IReadOnlyList<TWorker> workers, IEnumerable<RowRange> batches, int batchSize, int rowsPerRun, int valuesPerRow,
        Action<TWorker, RowRange, Memory<T>> fill, Action<RowRange, ReadOnlyMemory<T>> take, CancellationToken token)
    {
        using var rows = batches.GetEnumerator();
        var state = new BatchWorkers<T>(workers.Count, rows, batchSize, rowsPerRun, valuesPerRow, token);
        var threads = workers.Select(worker => Task.Factory.StartNew(
            () => state.Work(worker, fill), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();
        state.TakeAll(take);
        Task.WaitAll(threads, CancellationToken.None);
        if (state.failure is { } failure)
            ExceptionDispatchInfo.Throw(failure.Error);
        token.ThrowIfCancellationRequested();
    }

    private void Work<TWorker>(TWorker worker, Action<TWorker, RowRange, Memory<T>> fill)
    {
        var run = default(RowRange);
        try
        {
            while (Next(out run) is { } batch)
            {
                fill(worker, run, batch.Of(run, valuesPerRow));
                lock (gate)
                    if (batch.Filled(run))
                        Monitor.PulseAll(gate);
            }
        }
        catch (Exception error)
        {
            Fail(run.First, error);
        }

        lock (gate)
        {
            working--;
            Monitor.PulseAll(gate);
        }
    }

    /// <summary>The next rows to fill; a batch is begun when there is room for it.</summary>
    /// <returns>The batch that they lie in; <c>null</c> when there is nothing more to do.</returns>
    private Filling? Next(out RowRange run)
    {
        lock (gate)
        {
            run = default;
            while (!IsOver)
            {
                if (current is { IsGivenOut: false })
                {
                    run = current.GiveOut(rowsPerRun);
                    return current;
                }

                if (unfinished.Count == mostBatches)
                    Monitor.Wait(gate); // afterwards another worker may have begun the next batch
                else if (batches.MoveNext())
                    unfinished.Enqueue(current = new(batches.Current, NextBuffer()));
                else
                    return null;
            }

            return null;
        }
    }

    private T[] NextBuffer() => free.TryPop(out var buffer) ? buffer : new T[checked(batchSize * valuesPerRow)];

    private void TakeAll(Action<RowRange, ReadOnlyMemory<T>> take)
    {
        var next = default(RowRange);
        try
        {
            while (NextWhole() is { } batch)
            {
                next = batch.Rows;
                take(batch.Rows, batch.Of(batch.Rows, valuesPerRow));
                lock (gate)
                {
                    unfinished.Dequeue();
                    free.Push(batch.Buffer);
                    Monitor.PulseAll(gate);
                }
            }
        }
        catch (Exception error)
        {
            Fail(next.First, error);
        }
    }

    private Filling? NextWhole()
    {
        lock (gate)
            while (true)
            {
                if (unfinished.TryPeek(out var batch) && batch.IsWhole)
                    return batch;
                if (working == 0)
                    return null;
                Monitor.Wait(gate);
            }
    }

    private bool IsOver => failure is not null || token.IsCancellationRequested;

    /// <summary>Of several failures the one of the first rows is told, as one worker alone would have met it.</summary>
    private void Fail(long row, Exception error)
    {
        lock (gate)
        {
            if (failure is null || row < failure.Value.Row)
                failure = (row, error);
            Monitor.PulseAll(gate);
        }
    }

    /// <summary>A batch on its way.</summary>
    private sealed class Filling(RowRange rows, T[] buffer)
    {
        private long next = rows.First;
        private long missing = rows.Count;

        public RowRange Rows => rows;

        public T[] Buffer => buffer;

        public bool IsGivenOut => next == rows.End;

        public bool IsWhole => missing == 0;

        public Memory<T> Of(RowRange run, int valuesPerRow) =>
            buffer.AsMemory((int)(run.First - rows.First) * valuesPerRow, (int)run.Count * valuesPerRow);

        public RowRange GiveOut(int most)
        {
            var run = new RowRange(next, Math.Min(most, rows.End - next));
            next = run.End;
            return run;
        }

        public bool Filled(RowRange run) => (missing -= run.Count) == 0;
    }
}
