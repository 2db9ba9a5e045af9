using System.Collections.Concurrent;

namespace OnnxKd.TeacherRunner.Capture;

/// <summary>
/// The buffers that models write to, lent for the time between a run and the encoding of what it gave. Those that came back last are lent
/// first, since the processor's caches may still hold them; and there are only as many as are in use at the same time.
/// </summary>
/// <param name="capacity">Rows at most.</param>
/// <param name="elements">Values per row, one entry for each tensor that a model gives.</param>
/// <param name="allocate">Makes a buffer; called by the thread that runs the models.</param>
internal sealed class ResultPool(int capacity, int[] elements, Func<int, Memory<float>> allocate)
{
    private readonly ConcurrentStack<Memory<float>[]> free = [];

    /// <summary>Lends a buffer for each tensor.</summary>
    public Memory<float>[] Rent() =>
        free.TryPop(out var buffers) ? buffers : [.. elements.Select(n => allocate(checked(capacity * n)))];

    /// <summary>Takes buffers back.</summary>
    public void Return(Memory<float>[] buffers) => free.Push(buffers);
}
