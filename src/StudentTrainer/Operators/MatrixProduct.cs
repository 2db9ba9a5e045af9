using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>
/// Products of matrices, with batch axes broadcast, as ONNX's MatMul has them. TorchSharp lets no error of libtorch's <c>matmul</c> through:
/// it ends the process. Those of <c>mm</c> and <c>bmm</c>, which <c>matmul</c> is made of, arrive as exceptions.
/// </summary>
internal static class MatrixProduct
{
    /// <summary>Multiplies.</summary>
    /// <param name="a">[..., M, K], or [K], which counts as a row.</param>
    /// <param name="b">[..., K, N], or [K], which counts as a column.</param>
    /// <returns>[..., M, N], without the axis of an operand that has none.</returns>
    /// <exception cref="ArgumentException">An operand is a single number, or batch axes differ.</exception>
    /// <exception cref="System.Runtime.InteropServices.ExternalException">Inner sizes or types differ.</exception>
    public static Tensor Of(Tensor a, Tensor b)
    {
        var (left, right) = (a.ndim, b.ndim);
        if (left == 0 || right == 0)
            throw new ArgumentException("a matrix product takes vectors and matrices, not single numbers");
        if (left == 1)
            return Of(a.unsqueeze(0), b).squeeze(right == 1 ? 0 : -2);
        if (right == 1)
            return Of(a, b.unsqueeze(1)).squeeze(-1);
        if (left == 2 && right == 2)
            return a.mm(b);
        if (right == 2)
            return a.flatten(0, -2).mm(b).reshape([.. a.shape[..^1], b.shape[1]]);
        // One product of large matrices, instead of a gradient for each matrix of the batch.
        if (left == 2 && a.requires_grad)
            return Of(b.transpose(-1, -2), a.t()).transpose(-1, -2);
        return Batched(a, b);
    }

    private static Tensor Batched(Tensor a, Tensor b)
    {
        var (left, right) = (a.shape, b.shape);
        var batch = Broadcast(left[..^2], right[..^2]);
        var products = Matrices(a, left, batch).bmm(Matrices(b, right, batch));
        return batch.Length == 1 ? products : products.reshape([.. batch, left[^2], right[^1]]);
    }

    private static Tensor Matrices(Tensor x, long[] shape, long[] batch)
    {
        if (!shape.AsSpan(0, shape.Length - 2).SequenceEqual(batch))
            x = x.expand([.. batch, shape[^2], shape[^1]]);
        return batch.Length == 1 ? x : x.reshape([batch.Aggregate(1L, (product, size) => product * size), shape[^2], shape[^1]]);
    }

    private static long[] Broadcast(long[] left, long[] right)
    {
        var result = left.Length >= right.Length ? left : right;
        for (var i = 1; i <= Math.Min(left.Length, right.Length); i++)
        {
            var (first, second) = (left[^i], right[^i]);
            if (first != second && first != 1 && second != 1)
                throw new ArgumentException($"the batch axes [{string.Join(", ", left)}] and [{string.Join(", ", right)}] do not go together");
            result[^i] = first == 1 ? second : first;
        }
        return result;
    }
}
