using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>
/// Products of many small matrices, as attention has them, on the CPU: the pairs are shared out among libtorch's threads, and matrices are
/// read where they lie, transposed or strided. libtorch without MKL multiplies one pair after the other, and copies what is not
/// contiguous first, in the backward pass too. The products themselves are OpenBLAS's, as in libtorch.
/// </summary>
internal sealed class BatchedProduct : autograd.SingleTensorFunction<BatchedProduct>
{
    /// <summary>A pair of larger matrices is better multiplied by all threads together.</summary>
    private const long LargestPair = 1 << 22;

    /// <inheritdoc/>
    public override string Name => nameof(BatchedProduct);

    /// <summary>Whether it can be done here, and should.</summary>
    /// <param name="a">… × M × K.</param>
    /// <param name="b">… × K × N.</param>
    public static bool Suits(Tensor a, Tensor b)
    {
        var axes = (int)a.ndim;
        if (axes < 3 || b.ndim != axes || !HostMemory.HoldsFloats(a) || !HostMemory.HoldsFloats(b) || !Blas.IsAvailable || !HostThreads.AreLibtorchs)
            return false;
        var (first, second) = (a.shape, b.shape);
        return first.AsSpan(0, axes - 2).SequenceEqual(second.AsSpan(0, axes - 2)) && first[^1] == second[^2]
            && a.numel() > 0 && b.numel() > 0 && first.AsSpan(0, axes - 2).ContainsAnyExcept(1)
            && first[^2] * first[^1] * second[^1] <= LargestPair;
    }

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (a, b) = ((Tensor)vars[0], (Tensor)vars[1]);
        ctx.save_for_backward([a, b]);
        return Multiply(a, b);
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        var (a, b) = (ctx.get_saved_variables()[0], ctx.get_saved_variables()[1]);
        return [Multiply(grad_output, b.transpose(-1, -2)), Multiply(a.transpose(-1, -2), grad_output)];
    }

    private static Tensor Multiply(Tensor a, Tensor b)
    {
        var result = empty([.. a.shape[..^1], b.shape[^1]], float32, CPU);
        var (left, right, products) = (new Matrices(a), new Matrices(b), new Matrices(result));
        HostThreads.Run(products.Count, i => Blas.Multiply(left[i], right[i], products[i]));
        return result;
    }

    /// <summary>The matrices of a tensor, where they lie.</summary>
    private sealed class Matrices
    {
        private readonly HostMatrix first;
        private readonly long[] shape;
        private readonly long[] strides;

        public Matrices(Tensor tensor)
        {
            (shape, strides) = (tensor.shape, tensor.stride());
            if (!HasRows(shape, strides) || Extent(shape, strides) > HostMemory.MostFloats)
            {
                tensor = tensor.contiguous();
                strides = tensor.stride();
            }
            var isTransposed = !IsStep(shape[^1], strides[^1]);
            var (rows, columns) = ((int)shape[^2], (int)shape[^1]);
            var stride = (int)Math.Max(isTransposed ? strides[^1] : strides[^2], isTransposed ? rows : columns);
            first = new(new(tensor.as_strided([Extent(shape, strides)], [1], tensor.storage_offset())), 0, rows, columns, stride, isTransposed);
        }

        /// <summary>How many there are.</summary>
        public int Count => (int)shape[..^2].Aggregate(1L, (count, size) => count * size);

        /// <summary>One of them.</summary>
        public HostMatrix this[int index]
        {
            get
            {
                var start = 0L;
                for (var axis = shape.Length - 3; axis >= 0; axis--)
                {
                    (index, var at) = Math.DivRem(index, (int)shape[axis]);
                    start += at * strides[axis];
                }
                return first with { Start = (int)start };
            }
        }

        /// <summary>From the first to the last value, and all that lies between.</summary>
        private static long Extent(long[] shape, long[] strides) => 1 + shape.Zip(strides, (size, stride) => (size - 1) * stride).Sum();

        /// <summary>Whether rows or columns lie in one piece each, without overlapping.</summary>
        private static bool HasRows(long[] shape, long[] strides) =>
            (IsStep(shape[^1], strides[^1]) && (shape[^2] == 1 || strides[^2] >= shape[^1]))
            || (IsStep(shape[^2], strides[^2]) && (shape[^1] == 1 || strides[^1] >= shape[^2]));

        private static bool IsStep(long size, long stride) => stride == 1 || size == 1;
    }
}
