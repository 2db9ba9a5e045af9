using System.Collections.Concurrent;

namespace OnnxKd.TeacherRunner.Capture;

/// <summary>Three stages over a stream of batches, each on a thread of its own, with a few buffers going round between them.</summary>
internal static class Overlap
{
    // One buffer in each stage, and one waiting, so that a short hold-up in one stage does not stop the others.
    private const int Buffers = 4;

    /// <summary>Runs until <paramref name="read"/> says that there is no more, or a stage throws, or the token is cancelled.</summary>
    /// <typeparam name="T">The buffer of a batch.</typeparam>
    /// <param name="create">Makes a buffer; called a fixed number of times, whatever the length of the stream.</param>
    /// <param name="read">Fills a buffer; <c>false</c> when there was nothing left to fill it with.</param>
    /// <param name="run">Works on a filled buffer, on the caller's thread.</param>
    /// <param name="write">Takes the result, in the order of reading.</param>
    /// <param name="token">Stops between batches; what was not written then is dropped.</param>
    public static void Run<T>(Func<T> create, Func<T, bool> read, Action<T> run, Action<T> write, CancellationToken token)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(token);
        using BlockingCollection<T> free = [], filled = [], done = [];
        for (var i = 0; i < Buffers; i++)
            free.Add(create());

        var reading = Start(() =>
        {
            foreach (var buffer in free.GetConsumingEnumerable(stop.Token))
            {
                if (!read(buffer))
                    break;
                filled.Add(buffer, stop.Token);
            }

            filled.CompleteAdding();
        });
        var writing = Start(() =>
        {
            foreach (var buffer in done.GetConsumingEnumerable(stop.Token))
            {
                write(buffer);
                free.Add(buffer, stop.Token);
            }
        });
        var running = Attempt(() =>
        {
            foreach (var buffer in filled.GetConsumingEnumerable(stop.Token))
            {
                run(buffer);
                done.Add(buffer, stop.Token);
            }

            done.CompleteAdding();
        });

        // A failure stops the other stages with a cancellation; what is thrown is the failure.
        Exception?[] outcomes = [running, reading.Result, writing.Result];
        if (Array.Find(outcomes, e => e is not (null or OperationCanceledException)) is { } failure)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        token.ThrowIfCancellationRequested();
        return;

        Task<Exception?> Start(Action stage) =>
            Task.Factory.StartNew(() => Attempt(stage), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

        Exception? Attempt(Action stage)
        {
            try
            {
                stage();
                return null;
            }
            catch (Exception e)
            {
                stop.Cancel();
                return e;
            }
        }
    }
}
