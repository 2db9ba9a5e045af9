using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>
/// Runs parts of some work side by side on the threads of libtorch's own loops: OpenMP's. Between two loops these stay awake for a while
/// and keep their processors busy, so threads of anybody else would have to share those with them. Where libtorch's OpenMP is another one
/// than GNU's, .NET's threads do it.
/// </summary>
internal static unsafe class HostThreads
{
    private static readonly delegate* unmanaged<delegate* unmanaged<nint, void>, nint, uint, uint, void> Team =
        (delegate* unmanaged<delegate* unmanaged<nint, void>, nint, uint, uint, void>)LoadedLibrary.Find("libgomp.so.1", "GOMP_parallel");

    /// <summary>Whether the threads are those of libtorch's loops.</summary>
    public static bool AreLibtorchs => Team != null;

    /// <summary>Runs each part once, in any order.</summary>
    /// <param name="count">How many parts.</param>
    /// <param name="part">Runs one; called on several threads at once.</param>
    public static void Run(int count, Action<int> part)
    {
        var threads = Math.Min(count, get_num_threads());
        var work = new Work(count, part);
        if (threads <= 1)
            work.TakePart();
        else if (Team == null)
            Parallel.For(0, threads, _ => work.TakePart());
        else
            RunOnTeam(work, (uint)threads);
        work.ThrowIfFailed();
    }

    private static void RunOnTeam(Work work, uint threads)
    {
        var handle = GCHandle.Alloc(work);
        try
        {
            Team(&Enter, GCHandle.ToIntPtr(handle), threads, 0);
        }
        finally
        {
            handle.Free();
        }
    }

    [UnmanagedCallersOnly]
    private static void Enter(nint work) => ((Work)GCHandle.FromIntPtr(work).Target!).TakePart();

    /// <summary>Parts that threads take one after the other.</summary>
    private sealed class Work(int count, Action<int> part)
    {
        private int next = -1;
        private ExceptionDispatchInfo? failure;

        /// <summary>Runs parts until none is left. Nothing may be thrown through OpenMP.</summary>
        public void TakePart()
        {
            try
            {
                for (int i; failure is null && (i = Interlocked.Increment(ref next)) < count;)
                    part(i);
            }
            catch (Exception e)
            {
                failure ??= ExceptionDispatchInfo.Capture(e);
            }
        }

        /// <summary>Throws what a part has thrown.</summary>
        public void ThrowIfFailed() => failure?.Throw();
    }
}
