using System.Numerics.Tensors;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>result = left · right, and what is done to each of its rows, by OpenBLAS: whole, or in pieces by several threads.</summary>
/// <param name="Left">m × k.</param>
/// <param name="Right">k × n.</param>
/// <param name="Result">m × n.</param>
internal sealed record HostProduct(HostMatrix Left, HostMatrix Right, HostMatrix Result)
{
    /// <summary>Multiplications that are worth a thread of their own.</summary>
    private const long PieceWork = 1 << 19;

    /// <summary>Pieces begin where OpenBLAS's own blocks of rows and columns do.</summary>
    private const int Block = 16;

    /// <summary>1 × n: added to each row of the product.</summary>
    public HostMatrix? Bias { get; init; }

    /// <summary>Whether what is below 0 in the end becomes 0.</summary>
    public bool IsRectified { get; init; }

    /// <summary>Pieces for at most so many threads, cut across the longer side of the result.</summary>
    public IEnumerable<HostProduct> Split(int threads)
    {
        var byRows = Result.Rows >= Result.Columns;
        var length = byRows ? Result.Rows : Result.Columns;
        var work = (long)Result.Rows * Result.Columns * Left.Columns;
        var pieces = (int)Math.Clamp((work + PieceWork - 1) / PieceWork, 1, threads);
        var step = ((length + pieces - 1) / pieces + Block - 1) / Block * Block;
        for (var first = 0; first < length; first += step)
        {
            var count = Math.Min(step, length - first);
            yield return byRows
                ? this with { Left = Left.RowRange(first, count), Result = Result.RowRange(first, count) }
                : this with
                {
                    Right = Right.ColumnRange(first, count), Result = Result.ColumnRange(first, count), Bias = Bias?.ColumnRange(first, count),
                };
        }
    }

    /// <summary>Computes it.</summary>
    public void Run()
    {
        for (var row = 0; Bias is { } bias && row < Result.Rows; row++)
            bias.Row(0).CopyTo(Result.Row(row));
        Blas.Multiply(Left, Right, Result, isAdded: Bias is not null);
        for (var row = 0; IsRectified && row < Result.Rows; row++)
            TensorPrimitives.Max(Result.Row(row), 0, Result.Row(row));
    }
}
