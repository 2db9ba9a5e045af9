namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor cumsum(long dim, ScalarType? type = null) => Aten.cumsum.Call(this, dim, type);
        public Tensor cumprod(long dim, ScalarType? type = null) => Aten.cumprod.Call(this, dim, type);
        public (Tensor, Tensor) cummax(long dim) => Aten.cummax.Pair(this, dim);
        public (Tensor, Tensor) cummin(long dim) => Aten.cummin.Pair(this, dim);
        public Tensor logcumsumexp(long dim) => Aten.logcumsumexp.Call(this, dim);
        public Tensor softmax(long dim, ScalarType? dtype = null) => Aten.softmax_int.Call(this, dim, dtype);
        public Tensor log_softmax(long dim, ScalarType? dtype = null) => Aten.log_softmax_int.Call(this, dim, dtype);
        public Tensor argsort(long dim = -1, bool descending = false) => Aten.argsort.Call(this, dim, descending);
        public Tensor msort() => Aten.msort.Call(this);

        public (Tensor, Tensor) topk(int k, int dim = -1, bool largest = true, bool sorted = true) =>
            Aten.topk.Pair(this, k, dim, largest, sorted);

        public (Tensor, Tensor, Tensor) unique_consecutive(bool return_inverse = false, bool return_counts = false, int? dim = null) =>
            Aten.unique_consecutive.Triple(this, return_inverse, return_counts, dim);

        public Tensor bincount(Tensor? weights, long minlength = 0) => Aten.bincount.Call(this, weights, minlength);

        public Tensor bucketize(Tensor boundaries, bool outInt32 = false, bool right = false) =>
            Aten.bucketize_Tensor.Call(this, boundaries, outInt32, right);

        public (Tensor, Tensor) kthvalue(long k, long? dim, bool keepdim = false) => Aten.kthvalue.Pair(this, k, dim ?? -1, keepdim);

        public (Tensor, Tensor) sort(long dim = -1, bool descending = false, bool stable = false) =>
            Aten.sort_stable.Pair(this, stable, dim, descending);

        public Tensor histc(long bins = 100, long min = 0, long max = 0) => Aten.histc.Call(this, bins, min, max);

        /// <summary>Distinct elements; where each went and how often it occurs are empty unless asked for.</summary>
        public (Tensor, Tensor, Tensor) unique(
            bool sorted = true, bool return_inverse = false, bool return_counts = false, int? dim = null) =>
            dim is null
                ? Aten._unique2.Triple(this, sorted, return_inverse, return_counts)
                : Aten.unique_dim.Triple(this, dim, sorted, return_inverse, return_counts);
    }

    public static Tensor cumsum(Tensor input, long dim, ScalarType? type = null) => input.cumsum(dim, type);
    public static Tensor cumprod(Tensor input, long dim, ScalarType? dtype = null) => input.cumprod(dim, dtype);
    public static (Tensor, Tensor) cummax(Tensor input, long dim) => input.cummax(dim);
    public static (Tensor, Tensor) cummin(Tensor input, long dim) => input.cummin(dim);
    public static Tensor logcumsumexp(Tensor input, long dim) => input.logcumsumexp(dim);

    public static (Tensor, Tensor) sort(Tensor input, long dim = -1, bool descending = false, bool stable = false) =>
        input.sort(dim, descending, stable);

    public static Tensor argsort(Tensor input, long dim = -1, bool descending = false) => input.argsort(dim, descending);
    public static Tensor msort(Tensor tensor) => tensor.msort();

    public static (Tensor, Tensor) topk(Tensor tensor, int k, int dim = -1, bool largest = true, bool sorted = true) =>
        tensor.topk(k, dim, largest, sorted);

    public static (Tensor, Tensor) kthvalue(Tensor input, long k, long? dim, bool keepdim = false) => input.kthvalue(k, dim, keepdim);

    public static (Tensor, Tensor, Tensor) unique(
        Tensor input, bool sorted = true, bool return_inverse = false, bool return_counts = false, int? dim = null) =>
        input.unique(sorted, return_inverse, return_counts, dim);

    public static (Tensor, Tensor, Tensor) unique_consecutive(
        Tensor input, bool return_inverse = false, bool return_counts = false, int? dim = null) =>
        input.unique_consecutive(return_inverse, return_counts, dim);

    public static Tensor bincount(Tensor input, Tensor? weights = null, long minlength = 0) => input.bincount(weights, minlength);
    public static Tensor histc(Tensor input, long bins = 100, long min = 0, long max = 0) => input.histc(bins, min, max);

    public static Tensor bucketize(Tensor input, Tensor boundaries, bool outInt32 = false, bool right = false) =>
        input.bucketize(boundaries, outInt32, right);

    public static Tensor searchsorted(
        Tensor sorted_sequence, Tensor values, bool out_int32 = false, bool right = false, Tensor? sorter = null) =>
        Aten.searchsorted_Tensor.Call(sorted_sequence, values, out_int32, right, default(Argument), sorter);
}
