using OnnxKd.StudentTrainer.Operators;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Optimizers;

/// <summary>
/// Updates tensors in place on the CPU, on as many threads as libtorch has and in one pass; libtorch would fetch every tensor anew for
/// each operation of an update.
/// </summary>
internal sealed class HostPass
{
    /// <summary>Long pieces: what the processor fetches beyond the end of one would have to be taken away from another thread's.</summary>
    private const int PieceLength = 1 << 16;

    /// <summary>Below this many values a second thread costs more than it brings.</summary>
    private const long ParallelValues = 1 << 16;

    private readonly (int Tensor, int Start, int Count)[] pieces;
    private readonly bool isParallel;

    private HostPass(IReadOnlyList<Tensor> tensors)
    {
        pieces =
        [
            .. tensors.SelectMany((tensor, index) => Enumerable.Range(0, (int)((tensor.numel() + PieceLength - 1) / PieceLength))
                .Select(piece => (index, piece * PieceLength, (int)Math.Min(PieceLength, tensor.numel() - piece * PieceLength)))),
        ];
        isParallel = tensors.Sum(tensor => tensor.numel()) >= ParallelValues;
    }

    /// <summary>Updates a piece of a tensor.</summary>
    /// <param name="tensor">The tensor's index.</param>
    /// <param name="start">The index of the first value.</param>
    /// <param name="count">How many values.</param>
    public delegate void Update(int tensor, int start, int count);

    /// <summary>A pass over tensors of these sizes; <c>null</c> if not all of them lie in memory as a pass needs it.</summary>
    public static HostPass? Over(IReadOnlyList<Tensor> tensors) => tensors.All(Fits) ? new(tensors) : null;

    /// <summary>Whether a tensor lies in memory as a pass needs it: float32 on the CPU, one value after the other.</summary>
    public static bool Fits(Tensor tensor) => HostMemory.HoldsFloats(tensor) && tensor.is_contiguous();

    /// <summary>Updates every piece once, in any order.</summary>
    public void Run(Update update)
    {
        if (isParallel)
            HostThreads.Run(pieces.Length, i => update(pieces[i].Tensor, pieces[i].Start, pieces[i].Count));
        else
            Array.ForEach(pieces, piece => update(piece.Tensor, piece.Start, piece.Count));
    }
}
