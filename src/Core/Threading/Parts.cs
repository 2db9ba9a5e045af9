using System.Runtime.ExceptionServices;

namespace OnnxKd.Core.Threading;

/// <summary>Parts of some work, several at a time.</summary>
public static class Parts
{
    // Waking a thread up takes as long as reading or encoding some so many values.
    private const int ValuesPerThread = 1 << 15;

    /// <summary>More threads than any machine has processors for, which would only keep it from all other work.</summary>
    public const int MostThreads = 1024;

    /// <summary>How many threads some work is worth.</summary>
    /// <param name="values">Values that it reads or encodes.</param>
    /// <param name="most">Threads at most; 1 or more.</param>
    public static int Threads(long values, int most) => (int)Math.Clamp(values / ValuesPerThread, 1, most);

    /// <summary>
    /// Works on every part; the caller's thread helps. If parts fail, the error of the first of them is thrown, as one thread would meet it.
    /// </summary>
    /// <param name="count">How many there are.</param>
    /// <param name="threads">Threads at most.</param>
    /// <param name="work">Works on part 0, 1, ...; on any thread.</param>
    public static void Run(int count, int threads, Action<int> work)
    {
        if (count < 2 || threads < 2)
        {
            for (var i = 0; i < count; i++)
                work(i);
            return;
        }

        var failures = new Exception?[count];
        Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = threads }, (i, loop) =>
        {
            try
            {
                work(i);
            }
            catch (Exception failure)
            {
                failures[i] = failure;
                loop.Break(); // parts before this one are still worked on
            }
        });
        if (Array.Find(failures, failure => failure is not null) is { } first)
            ExceptionDispatchInfo.Throw(first);
    }
}
