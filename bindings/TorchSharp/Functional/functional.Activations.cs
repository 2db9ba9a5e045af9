namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        /// <summary>The operators of neural networks, as functions.</summary>
        public static partial class functional
        {
            public static Tensor relu(Tensor x, bool inplace = false) => inplace ? x.relu_() : x.relu();
            public static Tensor relu6(Tensor x, bool inplace = false) => inplace ? x.relu6_() : x.relu6();
            public static Tensor elu(Tensor x, double alpha, bool inplace = false) => inplace ? x.elu_(alpha) : x.elu(alpha);
            public static Tensor selu(Tensor x, bool inplace = false) => inplace ? x.selu_() : x.selu();
            public static Tensor celu(Tensor x, double alpha, bool inplace = false) => inplace ? x.celu_(alpha) : x.celu(alpha);
            public static Tensor gelu(Tensor x) => x.gelu();
            public static Tensor gelu(Tensor x, bool inplace) => inplace ? x.gelu_() : x.gelu();
            public static Tensor glu(Tensor input, long dim = -1) => input.glu(dim);
            public static Tensor silu(Tensor x, bool inplace = false) => inplace ? x.silu_() : x.silu();
            public static Tensor mish(Tensor x, bool inplace = false) => inplace ? Aten.mish_.Mutate(x) : Aten.mish.Call(x);
            public static Tensor sigmoid(Tensor x) => x.sigmoid();
            public static Tensor sigmoid(Tensor x, bool inplace) => inplace ? x.sigmoid_() : x.sigmoid();
            public static Tensor tanh(Tensor x, bool inplace = false) => inplace ? x.tanh_() : x.tanh();
            public static Tensor hardsigmoid(Tensor input, bool inplace = false) => inplace ? input.hardsigmoid_() : input.hardsigmoid();
            public static Tensor hardswish(Tensor input, bool inplace = false) => inplace ? input.hardswish_() : input.hardswish();
            public static Tensor hardshrink(Tensor x, double lambda = 0.5) => Aten.hardshrink.Call(x, lambda);
            public static Tensor softshrink(Tensor x, double lambda = 0.5) => Aten.softshrink.Call(x, lambda);
            public static Tensor logsigmoid(Tensor x) => Aten.log_sigmoid.Call(x);
            public static Tensor prelu(Tensor input, Tensor weight) => input.prelu(weight);
            public static Tensor softplus(Tensor x, double beta = 1, double threshold = 20) => x.softplus(beta, threshold);

            public static Tensor leaky_relu(Tensor input, double negative_slope = 0.01, bool inplace = false) =>
                inplace ? input.leaky_relu_(negative_slope) : input.leaky_relu(negative_slope);

            public static Tensor hardtanh(Tensor x, double min_val = -1, double max_val = 1, bool inplace = false) =>
                inplace ? x.hardtanh_(min_val, max_val) : x.hardtanh(min_val, max_val);

            public static Tensor threshold(Tensor x, double threshold, double value, bool inplace = false) =>
                inplace ? x.threshold_(threshold, value) : x.threshold(threshold, value);

            /// <summary>x / (1 + |x|).</summary>
            public static Tensor softsign(Tensor x, bool inplace = false)
            {
                using var magnitude = x.abs();
                using var denominator = magnitude.add(1);
                return inplace ? x.div_(denominator) : x.div(denominator);
            }

            /// <summary>x - tanh x.</summary>
            public static Tensor tanhshrink(Tensor x, bool inplace = false)
            {
                using var squashed = x.tanh();
                return inplace ? x.sub_(squashed) : x.sub(squashed);
            }

            public static Tensor softmax(Tensor input, long dim, ScalarType? dtype = null) => input.softmax(dim, dtype);

            public static Tensor softmin(Tensor x, long dim)
            {
                using var negated = x.neg();
                return negated.softmax(dim);
            }

            public static Tensor log_softmax(Tensor x, long dim) => x.log_softmax(dim);
        }
    }

    public static Tensor softmax(Tensor input, int dim, ScalarType? dtype = null) => input.softmax(dim, dtype);
}
