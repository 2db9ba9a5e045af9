namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor alias() => Aten.alias.Call(this);

        public Tensor as_strided(long[] size, long[] strides, long storageOffset = 0) =>
            Aten.as_strided.Call(this, size, strides, storageOffset);

        public Tensor broadcast_to(params long[] shape) => Aten.broadcast_to.Call(this, shape);
        public Tensor[] chunk(long chunks, long dim = 0) => Aten.chunk.List(this, chunks, dim);
        public Tensor contiguous() => Aten.contiguous.Call(this);
        public Tensor expand(ReadOnlySpan<long> sizes, bool isImplicit = false) => Aten.expand.Call(this, sizes, isImplicit);
        public Tensor expand(long[] sizes, bool isImplicit = false) => Aten.expand.Call(this, sizes, isImplicit);
        public Tensor expand(params long[] sizes) => Aten.expand.Call(this, sizes);
        public Tensor expand_as(Tensor other) => Aten.expand_as.Call(this, other);
        public Tensor flatten(long start_dim = 0, long end_dim = -1) => Aten.flatten_using_ints.Call(this, start_dim, end_dim);
        public Tensor flip(params long[] dims) => Aten.flip.Call(this, dims);
        public Tensor fliplr() => Aten.fliplr.Call(this);
        public Tensor flipud() => Aten.flipud.Call(this);
        public Tensor moveaxis(long[] source, long[] destination) => Aten.moveaxis_intlist.Call(this, source, destination);
        public Tensor movedim(long[] source, long[] destination) => Aten.movedim_intlist.Call(this, source, destination);
        public Tensor narrow(long dim, long start, long length) => Aten.narrow.Call(this, dim, start, length);
        public Tensor permute(params long[] permutation) => Aten.permute.Call(this, permutation);
        public Tensor ravel() => Aten.ravel.Call(this);
        public Tensor repeat(params long[] sizes) => Aten.repeat.Call(this, sizes);

        public Tensor repeat_interleave(long repeats, long? dim = null, long? output_size = null) =>
            Aten.repeat_interleave_self_int.Call(this, repeats, dim, output_size);

        public Tensor repeat_interleave(Tensor repeats, long? dim = null, long? output_size = null) =>
            Aten.repeat_interleave_self_Tensor.Call(this, repeats, dim, output_size);

        public Tensor reshape(params long[] shape) => Aten.reshape.Call(this, shape);
        public Tensor roll(ReadOnlySpan<long> shifts, ReadOnlySpan<long> dims = default) => Aten.roll.Call(this, shifts, dims);
        public Tensor roll(long[] shifts) => Aten.roll.Call(this, shifts);
        public Tensor roll(long[] shifts, long[] dims) => Aten.roll.Call(this, shifts, dims);
        public Tensor select(long dim, long index) => Aten.select_int.Call(this, dim, index);
        public Tensor slice(long dim, long start, long finish, long step) => Aten.slice_Tensor.Call(this, dim, start, finish, step);
        public Tensor[] split(ReadOnlySpan<long> sizes, long dim = 0) => Aten.split_sizes.List(this, sizes, dim);
        public Tensor[] split(long size, int dim = 0) => Aten.split_Tensor.List(this, size, dim);
        public Tensor[] split(long[] sizes, long dim = 0) => Aten.split_sizes.List(this, sizes, dim);
        public Tensor[] split(params long[] sizes) => Aten.split_sizes.List(this, sizes);
        public Tensor swapaxes(long dim0, long dim1) => Aten.swapaxes.Call(this, dim0, dim1);
        public Tensor swapdims(long dim0, long dim1) => Aten.swapdims.Call(this, dim0, dim1);
        public Tensor t() => Aten.t.Call(this);
        public Tensor[] tensor_split(long size, long dim = 0) => Aten.tensor_split_sections.List(this, size, dim);
        public Tensor[] tensor_split(long[] sizes, long dim = 0) => Aten.tensor_split_indices.List(this, sizes, dim);
        public Tensor[] tensor_split(Tensor indices, long dim = 0) => Aten.tensor_split_tensor_indices_or_sections.List(this, indices, dim);
        public Tensor tile(long[] reps) => Aten.tile.Call(this, reps);
        public Tensor transpose(long dim0, long dim1) => Aten.transpose_int.Call(this, dim0, dim1);
        public Tensor transpose_(long dim0, long dim1) => Aten.transpose_.Mutate(this, dim0, dim1);
        public Tensor[] unbind(long dimension = 0) => Aten.unbind_int.List(this, dimension);
        public Tensor unflatten(long dim, params long[] sizes) => Aten.unflatten_int.Call(this, dim, sizes);
        public Tensor unfold(long dimension, long size, long step) => Aten.unfold.Call(this, dimension, size, step);
        public Tensor unsqueeze(long dim) => Aten.unsqueeze.Call(this, dim);
        public Tensor unsqueeze_(long dim) => Aten.unsqueeze_.Mutate(this, dim);
        public Tensor view(params long[] shape) => Aten.view.Call(this, shape);
        public Tensor view_as(Tensor other) => Aten.view_as.Call(this, other);

        public Tensor clone() => Aten.clone.Call(this);

        public Tensor permute(IEnumerable<long> permutation) => permute(permutation.ToArray());

        public Tensor roll(long shifts, long? dims = null) => Aten.roll.Call(this, shifts, dims is { } dim ? [dim] : Array.Empty<long>());
        public Tensor roll((long, long) shifts, (long, long) dims) => roll([shifts.Item1, shifts.Item2], [dims.Item1, dims.Item2]);

        public Tensor roll((long, long, long) shifts, (long, long, long) dims) =>
            roll([shifts.Item1, shifts.Item2, shifts.Item3], [dims.Item1, dims.Item2, dims.Item3]);

        /// <summary>Rotates a quarter turn <paramref name="k"/> times, from the first of the two dimensions to the second.</summary>
        public Tensor rot90(long k = 1, (long, long)? dims = null)
        {
            var (from, to) = dims ?? (0, 1);
            return Aten.rot90.Call(this, k, new[] { from, to });
        }

        public Tensor squeeze(long? dim = null) => dim is null ? Aten.squeeze.Call(this) : Aten.squeeze_dim.Call(this, dim);
        public Tensor squeeze_(long? dim = null) => dim is null ? Aten.squeeze_.Mutate(this) : Aten.squeeze__dim.Mutate(this, dim);

        /// <summary>The transpose of a matrix.</summary>
        public Tensor T => Aten.numpy_T.Call(this);

        /// <summary>The last two dimensions swapped.</summary>
        public Tensor mT => Aten.mT.Call(this);

        /// <summary>The conjugate transpose of a matrix.</summary>
        public Tensor H => Aten.matrix_H.Call(this);

        /// <summary>The last two dimensions swapped, conjugated.</summary>
        public Tensor mH => Aten.mH.Call(this);
    }
}
