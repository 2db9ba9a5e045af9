using OnnxKd.StudentTrainer.Operators;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Training.Optimizers;

/// <summary>
/// Updates tensors in place on the CPU, piece by piece and on as many threads as libtorch has. A piece stays in the processor's first
/// cache while all operations of an update are done to it; libtorch would fetch every tensor anew for each of them.
/// </summary>
internal sealed class HostPass
{
    private const int PieceLength = 2048;

    /// <summary>Below this a second thread costs more than it brings.</summary>
    private const int ParallelPieces = 32;

    private readonly (int Tensor, int Start, int Count)[] pieces;

    private HostPass(IReadOnlyList<Tensor> tensors) => pieces =
    [
        .. tensors.SelectMany((tensor, index) => Enumerable.Range(0, (int)((tensor.numel() + PieceLength - 1) / PieceLength))
            .Select(piece => (index, piece * PieceLength, (int)Math.Min(PieceLength, tensor.numel() - piece * PieceLength)))),
    ];

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
        if (pieces.Length < ParallelPieces)
            Array.ForEach(pieces, piece => update(piece.Tensor, piece.Start, piece.Count));
        else
            HostThreads.Run(pieces.Length, i => update(pieces[i].Tensor, pieces[i].Start, pieces[i].Count));
    }
}
