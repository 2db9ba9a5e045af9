namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class functional
        {
            /// <summary>Normalizes each channel; in training with the batch's statistics, which update the running ones.</summary>
            /// <param name="input">(N, C, ...).</param>
            /// <param name="running_mean">(C); null in training to keep none.</param>
            /// <param name="running_var">(C); updated with the unbiased variance.</param>
            /// <param name="weight">(C).</param>
            /// <param name="bias">(C).</param>
            /// <param name="training">Use the batch's statistics.</param>
            /// <param name="momentum">Share of the batch in the updated running statistics.</param>
            /// <param name="eps">Added to the variance.</param>
            public static Tensor batch_norm(
                Tensor input, Tensor? running_mean, Tensor? running_var, Tensor? weight = null, Tensor? bias = null, bool training = false,
                double momentum = 0.1, double eps = 1e-05) =>
                Aten.batch_norm.Call(input, weight, bias, running_mean, running_var, training, momentum, eps, true);

            public static Tensor layer_norm(
                Tensor input, long[] normalized_shape, Tensor? weight = null, Tensor? bias = null, double eps = 1e-05) =>
                Aten.layer_norm.Call(input, normalized_shape, weight, bias, eps);

            public static Tensor group_norm(
                Tensor input, long num_groups, Tensor? weight = null, Tensor? bias = null, double eps = 1e-05) =>
                Aten.group_norm.Call(input, num_groups, weight, bias, eps);

            public static Tensor instance_norm(
                Tensor input, Tensor? running_mean = null, Tensor? running_var = null, Tensor? weight = null, Tensor? bias = null,
                bool use_input_stats = true, double momentum = 0.1, double eps = 1e-05) =>
                Aten.instance_norm.Call(input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps, true);

            /// <summary>Divides by the p-norm along a dimension, which is at least <paramref name="eps"/>.</summary>
            public static Tensor normalize(Tensor input, double p = 2, long dim = 1, double eps = 1e-12)
            {
                using var scope = NewDisposeScope();
                var norm = Aten.norm_ScalarOpt_dim.Call(input, p, dim, true);
                return input.div(norm.clamp_min(eps)).MoveToOuterDisposeScope();
            }

            /// <summary>Divides by (k + alpha · mean of squares over <paramref name="size"/> neighbouring channels)^beta.</summary>
            public static Tensor local_response_norm(Tensor input, long size, double alpha = 0.0001, double beta = 0.75, double k = 1)
            {
                using var scope = NewDisposeScope();
                var squares = input.mul(input).unsqueeze(1).flatten(3);
                var padded = Aten.constant_pad_nd.Call(squares, new[] { 0, 0, size / 2, (size - 1) / 2 }, 0);
                var mean = avg_pool2d(padded, [size, 1], [1, 1]).squeeze(1).view(input.shape);
                return input.div(mean.mul(alpha).add(k).pow(beta)).MoveToOuterDisposeScope();
            }

            public static Tensor dropout(Tensor input, double p = 0.5, bool training = true, bool inplace = false) =>
                inplace ? Aten.dropout_.Mutate(input, p, training) : Aten.dropout.Call(input, p, training);

            /// <summary>Zeroes whole channels of (N, C, L).</summary>
            public static Tensor dropout1d(Tensor input, double p = 0.5, bool training = true, bool inplace = false) =>
                inplace ? Aten.feature_dropout_.Mutate(input, p, training) : Aten.feature_dropout.Call(input, p, training);

            /// <summary>Zeroes whole channels of (N, C, H, W).</summary>
            public static Tensor dropout2d(Tensor input, double p = 0.5, bool training = true, bool inplace = false) =>
                dropout1d(input, p, training, inplace);

            /// <summary>Zeroes whole channels of (N, C, D, H, W).</summary>
            public static Tensor dropout3d(Tensor input, double p = 0.5, bool training = true, bool inplace = false) =>
                dropout1d(input, p, training, inplace);

            /// <summary>Dropout that keeps mean and variance, for self-normalizing networks.</summary>
            public static Tensor alpha_dropout(Tensor input, double p = 0.5, bool training = false, bool inplace = false) =>
                inplace ? Aten.alpha_dropout_.Mutate(input, p, training) : Aten.alpha_dropout.Call(input, p, training);
        }
    }
}
