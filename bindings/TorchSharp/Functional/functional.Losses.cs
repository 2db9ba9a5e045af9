namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class functional
        {
            /// <summary>Cross-entropy of logits against class indices, or against probabilities of the logits' shape.</summary>
            public static Tensor cross_entropy(
                Tensor input, Tensor target, Tensor? weight = null, long ignore_index = -100, Reduction reduction = Reduction.Mean,
                double label_smoothing = 0) =>
                Aten.cross_entropy_loss.Call(input, target, weight, reduction, ignore_index, label_smoothing);

            /// <summary>Negative log-likelihood: the input holds log-probabilities, the target class indices.</summary>
            public static Tensor nll_loss(Tensor input, Tensor target, Tensor? weight = null, Reduction reduction = Reduction.Mean) =>
                Aten.nll_loss_nd.Call(input, target, weight, reduction);

            /// <summary>
            /// Kullback-Leibler divergence from the input, which is in log space, to the target. Mean divides by the number of
            /// elements, not of rows.
            /// </summary>
            public static Tensor kl_div(Tensor input, Tensor target, bool log_target = true, Reduction reduction = Reduction.Mean) =>
                Aten.kl_div.Call(input, target, reduction, log_target);

            public static Tensor mse_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean) =>
                Aten.mse_loss.Call(input, target, reduction);

            public static Tensor l1_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean) =>
                Aten.l1_loss.Call(input, target, reduction);

            public static Tensor smooth_l1_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean, double beta = 1) =>
                Aten.smooth_l1_loss.Call(input, target, reduction, beta);

            public static Tensor huber_loss(Tensor input, Tensor target, double delta = 1, Reduction reduction = Reduction.Mean) =>
                Aten.huber_loss.Call(input, target, reduction, delta);

            public static Tensor binary_cross_entropy(
                Tensor input, Tensor target, Tensor? weight = null, Reduction reduction = Reduction.Mean) =>
                Aten.binary_cross_entropy.Call(input, target, weight, reduction);

            public static Tensor binary_cross_entropy_with_logits(
                Tensor input, Tensor target, Tensor? weight = null, Reduction reduction = Reduction.Mean, Tensor? pos_weights = null) =>
                Aten.binary_cross_entropy_with_logits.Call(input, target, weight, pos_weights, reduction);

            public static Tensor cosine_embedding_loss(
                Tensor input1, Tensor input2, Tensor target, double margin = 0, Reduction reduction = Reduction.Mean) =>
                Aten.cosine_embedding_loss.Call(input1, input2, target, margin, reduction);

            public static Tensor hinge_embedding_loss(
                Tensor input, Tensor target, double margin = 0, Reduction reduction = Reduction.Mean) =>
                Aten.hinge_embedding_loss.Call(input, target, margin, reduction);

            public static Tensor margin_ranking_loss(
                Tensor input1, Tensor input2, Tensor target, double margin = 0, Reduction reduction = Reduction.Mean) =>
                Aten.margin_ranking_loss.Call(input1, input2, target, margin, reduction);

            public static Tensor triplet_margin_loss(
                Tensor anchor, Tensor positive, Tensor negative, double margin = 1, long p = 2, double eps = 1e-06, bool swap = false,
                Reduction reduction = Reduction.Mean) =>
                Aten.triplet_margin_loss.Call(anchor, positive, negative, margin, p, eps, swap, reduction);

            public static Tensor soft_margin_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean) =>
                Aten.soft_margin_loss.Call(input, target, reduction);

            public static Tensor multi_margin_loss(
                Tensor input, Tensor target, int p = 1, double margin = 1, Tensor? weight = null, Reduction reduction = Reduction.Mean) =>
                Aten.multi_margin_loss.Call(input, target, p, margin, weight, reduction);

            public static Tensor ctc_loss(
                Tensor log_probs, Tensor targets, Tensor input_lengths, Tensor target_lengths, long blank = 0, bool zero_infinity = false,
                Reduction reduction = Reduction.Mean) =>
                Aten.ctc_loss_Tensor.Call(log_probs, targets, input_lengths, target_lengths, blank, reduction, zero_infinity);

            public static Tensor cosine_similarity(Tensor x1, Tensor x2, long dim = 1, double eps = 1e-08) =>
                Aten.cosine_similarity.Call(x1, x2, dim, eps);

            public static Tensor pairwise_distance(Tensor input1, Tensor input2, double p = 2, double eps = 1e-06, bool keepdim = false) =>
                Aten.pairwise_distance.Call(input1, input2, p, eps, keepdim);
        }
    }
}
