namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>A view, where every index is a position, a slice, a new axis or an ellipsis; a copy where one is a tensor.</summary>
        public Tensor this[params TensorIndex[] indices]
        {
            get => index(indices);
            set => index_put_(value, indices);
        }

        public Tensor this[params Tensor[] indices]
        {
            get => index(indices);
            set => index_put_(value, indices);
        }

        public Tensor this[params long[] indices]
        {
            get => At(indices);
            set => At(indices).copy_(value);
        }

        public Tensor this[long i1]
        {
            get => At(i1);
            set => At(i1).copy_(value);
        }

        public Tensor this[long i1, long i2]
        {
            get => At(i1, i2);
            set => At(i1, i2).copy_(value);
        }

        public Tensor this[long i1, long i2, long i3]
        {
            get => At(i1, i2, i3);
            set => At(i1, i2, i3).copy_(value);
        }

        public Tensor this[long i1, long i2, long i3, long i4]
        {
            get => At(i1, i2, i3, i4);
            set => At(i1, i2, i3, i4).copy_(value);
        }

        public Tensor this[long i1, long i2, long i3, long i4, long i5]
        {
            get => At(i1, i2, i3, i4, i5);
            set => At(i1, i2, i3, i4, i5).copy_(value);
        }

        public Tensor this[long i1, long i2, long i3, long i4, long i5, long i6]
        {
            get => At(i1, i2, i3, i4, i5, i6);
            set => At(i1, i2, i3, i4, i5, i6).copy_(value);
        }

        public Tensor index(params TensorIndex[] indices)
        {
            var (view, tensors) = Slice(indices);
            return tensors.Any(tensor => tensor is not null) ? Aten.index_Tensor.Call(view, tensors) : view;
        }

        public Tensor index(params Tensor[] indices) => Aten.index_Tensor.Call(this, indices);

        public Tensor index_put_(Tensor value, params TensorIndex[] indices) => index_put_(value, indices, accumulate: false);

        public Tensor index_put_(Tensor value, TensorIndex[] indices, bool accumulate = false)
        {
            var (view, tensors) = Slice(indices);
            if (tensors.Any(tensor => tensor is not null))
                Aten.index_put_.Mutate(view, tensors, value, accumulate);
            else if (accumulate)
                view.add_(value);
            else
                view.copy_(value);
            return this;
        }

        public Tensor index_put_(Tensor value, params Tensor[] indices) => index_put_(value, indices, accumulate: false);

        public Tensor index_put_(Tensor value, Tensor[] indices, bool accumulate = false) =>
            Aten.index_put_.Mutate(this, indices, value, accumulate);

        public Tensor index_put_(Scalar value, params TensorIndex[] indices) => index_put_(Filled(value), indices);

        public Tensor index_put_(Scalar value, params Tensor[] indices) => index_put_(Filled(value), indices);

        /// <summary>The positions of non-zero elements: one column per tensor of the list.</summary>
        public IList<Tensor> nonzero_as_list() => Aten.nonzero_numpy.List(this);

        private Tensor Filled(Scalar value) => full([], value, dtype, device);

        private Tensor At(params ReadOnlySpan<long> indices)
        {
            var view = this;
            foreach (var position in indices)
                view = Next(view, view.select(0, position));
            return view;
        }

        /// <summary>Applies all but the tensors among the indices; those are returned in the order libtorch expects.</summary>
        private (Tensor View, Tensor?[] Tensors) Slice(TensorIndex[] indices)
        {
            var view = alias();
            var tensors = new List<Tensor?>();
            var dim = 0L;
            for (var i = 0; i < indices.Length; i++)
            {
                var index = indices[i];
                if (index.Kind == TensorIndex.IndexKind.Single)
                {
                    view = Next(view, view.select(dim, index.Start!.Value));
                    continue;
                }

                var skipped = 1L;
                Tensor? tensor = null;
                switch (index.Kind)
                {
                    case TensorIndex.IndexKind.Null:
                        view = Next(view, view.unsqueeze(dim));
                        break;
                    case TensorIndex.IndexKind.Slice:
                        view = Next(view, Aten.slice_Tensor.Call(view, dim, index.Start, index.Stop, index.Step ?? 1));
                        break;
                    case TensorIndex.IndexKind.Ellipsis:
                        skipped = view.ndim - dim - indices[(i + 1)..].Sum(Consumed);
                        break;
                    case TensorIndex.IndexKind.Bool:
                        view = Next(view, view.unsqueeze(dim));
                        tensor = torch.tensor((bool[])[index.Flag], device: view.device);
                        break;
                    default:
                        tensor = index.Value!;
                        skipped = Consumed(index);
                        break;
                }
                dim += skipped;
                tensors.AddRange(tensor is null ? new Tensor?[skipped] : [tensor]);
            }
            return (view, [.. tensors]);
        }

        /// <summary>How many dimensions an index takes; a mask takes as many as it has.</summary>
        private static long Consumed(TensorIndex index) => index.Kind switch
        {
            TensorIndex.IndexKind.Single or TensorIndex.IndexKind.Slice => 1,
            TensorIndex.IndexKind.Tensor => index.Value!.dtype == ScalarType.Bool ? index.Value.ndim : 1,
            _ => 0,
        };

        private Tensor Next(Tensor view, Tensor next)
        {
            if (!ReferenceEquals(view, this))
                view.Dispose();
            return next;
        }
    }
}
