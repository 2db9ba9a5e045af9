namespace TorchSharp;

/// <summary>Variance and standard deviation; "unbiased" divides by n - 1.</summary>
public static partial class torch
{
    public partial class Tensor
    {
        public Tensor std(bool unbiased = true) => Aten.std.Call(this, unbiased);

        public Tensor std(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            Aten.std_dim.Call(type is null ? this : to(type.Value), dimensions, unbiased, keepdim);

        public Tensor std(ReadOnlySpan<long> dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            std(dimensions.ToArray(), unbiased, keepdim, type);

        public Tensor std((long, long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            std((long[])[dim.Item1, dim.Item2, dim.Item3], unbiased, keepdim, type);

        public Tensor std((long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            std((long[])[dim.Item1, dim.Item2], unbiased, keepdim, type);

        public Tensor std(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            std((long[])[dim], unbiased, keepdim, type);

        public Tensor var(bool unbiased = true) => Aten.var.Call(this, unbiased);

        public Tensor var(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            Aten.var_dim.Call(type is null ? this : to(type.Value), dimensions, unbiased, keepdim);

        public Tensor var(ReadOnlySpan<long> dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            var(dimensions.ToArray(), unbiased, keepdim, type);

        public Tensor var((long, long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            var((long[])[dim.Item1, dim.Item2, dim.Item3], unbiased, keepdim, type);

        public Tensor var((long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            var((long[])[dim.Item1, dim.Item2], unbiased, keepdim, type);

        public Tensor var(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            var((long[])[dim], unbiased, keepdim, type);

        public (Tensor, Tensor) std_mean(bool unbiased = true) => Aten.std_mean.Pair(this, unbiased);

        public (Tensor, Tensor) std_mean(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            Aten.std_mean_dim.Pair(type is null ? this : to(type.Value), dimensions, unbiased, keepdim);

        public (Tensor, Tensor) std_mean(
            ReadOnlySpan<long> dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            std_mean(dimensions.ToArray(), unbiased, keepdim, type);

        public (Tensor, Tensor) std_mean((long, long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            std_mean((long[])[dim.Item1, dim.Item2, dim.Item3], unbiased, keepdim, type);

        public (Tensor, Tensor) std_mean((long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            std_mean((long[])[dim.Item1, dim.Item2], unbiased, keepdim, type);

        public (Tensor, Tensor) std_mean(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            std_mean((long[])[dim], unbiased, keepdim, type);

        public (Tensor, Tensor) var_mean(bool unbiased = true) => Aten.var_mean.Pair(this, unbiased);

        public (Tensor, Tensor) var_mean(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            Aten.var_mean_dim.Pair(type is null ? this : to(type.Value), dimensions, unbiased, keepdim);

        public (Tensor, Tensor) var_mean(
            ReadOnlySpan<long> dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            var_mean(dimensions.ToArray(), unbiased, keepdim, type);

        public (Tensor, Tensor) var_mean((long, long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            var_mean((long[])[dim.Item1, dim.Item2, dim.Item3], unbiased, keepdim, type);

        public (Tensor, Tensor) var_mean((long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            var_mean((long[])[dim.Item1, dim.Item2], unbiased, keepdim, type);

        public (Tensor, Tensor) var_mean(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            var_mean((long[])[dim], unbiased, keepdim, type);
    }

    public static Tensor std(
        Tensor input, (long, long, long) dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
        input.std(dimensions, unbiased, keepdim, type);

    public static Tensor std(Tensor input, (long, long) dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
        input.std(dimensions, unbiased, keepdim, type);

    public static Tensor std(Tensor input, bool unbiased = true) => input.std(unbiased);

    public static Tensor std(Tensor input, long dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
        input.std(dimensions, unbiased, keepdim, type);

    public static Tensor std(Tensor input, long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
        input.std(dimensions, unbiased, keepdim, type);

    public static Tensor var(
        Tensor input, (long, long, long) dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
        input.var(dimensions, unbiased, keepdim, type);

    public static Tensor var(Tensor input, (long, long) dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
        input.var(dimensions, unbiased, keepdim, type);

    public static Tensor var(Tensor input, bool unbiased = true) => input.var(unbiased);

    public static Tensor var(Tensor input, long dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
        input.var(dimensions, unbiased, keepdim, type);

    public static Tensor var(Tensor input, long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
        input.var(dimensions, unbiased, keepdim, type);

    public static (Tensor, Tensor) std_mean(
        Tensor input, ReadOnlySpan<long> dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
        input.std_mean(dimensions, unbiased, keepdim, type);

    public static (Tensor, Tensor) std_mean(
        Tensor input, (long, long, long) dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
        input.std_mean(dimensions, unbiased, keepdim, type);

    public static (Tensor, Tensor) std_mean(
        Tensor input, (long, long) dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
        input.std_mean(dimensions, unbiased, keepdim, type);

    public static (Tensor, Tensor) std_mean(Tensor input, bool unbiased = true) => input.std_mean(unbiased);

    public static (Tensor, Tensor) std_mean(
        Tensor input, long dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
        input.std_mean(dimensions, unbiased, keepdim, type);

    public static (Tensor, Tensor) std_mean(
        Tensor input, long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
        input.std_mean(dimensions, unbiased, keepdim, type);

    public static (Tensor, Tensor) var_mean(
        Tensor input, ReadOnlySpan<long> dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
        input.var_mean(dimensions, unbiased, keepdim, type);

    public static (Tensor, Tensor) var_mean(
        Tensor input, (long, long, long) dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
        input.var_mean(dimensions, unbiased, keepdim, type);

    public static (Tensor, Tensor) var_mean(
        Tensor input, (long, long) dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
        input.var_mean(dimensions, unbiased, keepdim, type);

    public static (Tensor, Tensor) var_mean(Tensor input, bool unbiased = true) => input.var_mean(unbiased);

    public static (Tensor, Tensor) var_mean(
        Tensor input, long dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
        input.var_mean(dimensions, unbiased, keepdim, type);

    public static (Tensor, Tensor) var_mean(
        Tensor input, long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
        input.var_mean(dimensions, unbiased, keepdim, type);
}
