using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Looking up by index. Negative indices count from the end; libtorch refuses those that are out of range.</summary>
internal static class Gathering
{
    /// <summary>The slices along an axis that the indices name. A single constant index gives a view.</summary>
    public static Kernel Gather(NodeContext node)
    {
        var axis = node.Attributes.GetInt("axis", 0);
        if (node.RankOf(1) == 0)
        {
            var index = node.Longs(1);
            return x => [x[0].select(axis, index(x)[0])];
        }
        return x =>
        {
            var (data, indices) = (x[0], x[1]);
            var at = Shaping.Position(axis, data.ndim);
            var sizes = data.shape;
            var slices = data.index_select(at, Wrap(indices, sizes[at], data.device).flatten());
            return [indices.ndim == 1 ? slices : slices.reshape([.. sizes[..at], .. indices.shape, .. sizes[(at + 1)..]])];
        };
    }

    /// <summary>An index for each element of the result.</summary>
    public static Kernel GatherElements(NodeContext node)
    {
        var axis = node.Attributes.GetInt("axis", 0);
        return x => [x[0].gather(axis, Wrap(x[1], x[0].size((int)axis), x[0].device))];
    }

    /// <summary>
    /// The last axis of the indices names a place on the first axes of the data; the first <c>batch_dims</c> axes of both go together.
    /// </summary>
    public static Kernel GatherND(NodeContext node)
    {
        var batchAxes = (int)node.Attributes.GetInt("batch_dims", 0);
        return x =>
        {
            var places = ElementTypes.RequireIntegers(x[1]).to(int64, x[0].device).unbind(-1);
            var rank = (int)x[1].ndim - 1;
            var batch = Enumerable.Range(0, batchAxes).Select(axis => Along(axis, rank, x[0]));
            return [x[0].index([.. batch, .. places])];
        };
    }

    /// <summary>The places of everything that is not zero, [rank, count].</summary>
    public static Kernel NonZero(NodeContext node) => x => [x[0].nonzero().t()];

    /// <summary>Indices as libtorch wants them: int64, on the data's device, none negative.</summary>
    internal static Tensor Wrap(Tensor indices, long size, Device device)
    {
        var wide = ElementTypes.RequireIntegers(indices).to(int64, device);
        return where(wide.Lt(0), wide.Add(size), wide);
    }

    /// <summary>0, 1, ... along one axis of the data, with as many axes as asked for: a batch axis as an index.</summary>
    private static Tensor Along(int axis, int rank, Tensor data)
    {
        var shape = new long[rank];
        Array.Fill(shape, 1);
        shape[axis] = data.size(axis);
        return TensorNumbers.Range(shape[axis], int64, data.device).reshape(shape);
    }
}
