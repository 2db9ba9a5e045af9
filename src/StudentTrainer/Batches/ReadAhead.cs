using System.Runtime.ExceptionServices;

namespace OnnxKd.StudentTrainer.Batches;

/// <summary>
/// Makes one item ahead of its use, on a thread of its own, which sleeps while it has nothing to do, so that it takes no processor from the
/// training.
/// </summary>
/// <typeparam name="T">An item.</typeparam>
internal sealed class ReadAhead<T> : IDisposable
{
    private readonly object gate = new();
    private readonly Thread thread;
    private T? item;
    private bool isReady;
    private ExceptionDispatchInfo? failure;
    private bool isStopped;

    /// <summary>Starts with the first item.</summary>
    /// <param name="make">Makes item 0, 1, ...; an item is begun when the one before it was taken.</param>
    /// <param name="count">How many there are.</param>
    public ReadAhead(Func<int, T> make, int count)
    {
        thread = new(() => Work(make, count)) { IsBackground = true, Name = "read ahead" };
        thread.Start();
    }

    /// <summary>The next item, when it is made. To be called no more often than there are items.</summary>
    public T Take()
    {
        lock (gate)
        {
            while (!isReady)
            {
                failure?.Throw();
                Monitor.Wait(gate);
            }

            isReady = false;
            Monitor.Pulse(gate);
            return item!;
        }
    }

    /// <summary>Waits for the end of an item that is being made; an error of one that nobody took is dropped.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            isStopped = true;
            Monitor.Pulse(gate);
        }

        thread.Join();
    }

    private void Work(Func<int, T> make, int count)
    {
        try
        {
            for (var i = 0; i < count; i++)
            {
                var made = make(i);
                lock (gate)
                {
                    (item, isReady) = (made, true);
                    Monitor.Pulse(gate);
                    while (isReady && !isStopped)
                        Monitor.Wait(gate);
                    if (isStopped)
                        return;
                }
            }
        }
        catch (Exception error)
        {
            lock (gate)
            {
                failure = ExceptionDispatchInfo.Capture(error);
                Monitor.Pulse(gate);
            }
        }
    }
}
