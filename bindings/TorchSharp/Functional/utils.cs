using TorchSharp.Modules;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static class utils
        {
            /// <summary>Scales all gradients so that their joint norm is at most <paramref name="max_norm"/>.</summary>
            /// <returns>The norm before.</returns>
            public static double clip_grad_norm_(IEnumerable<Parameter> tensors, double max_norm, double norm_type = 2)
            {
                using var scope = NewDisposeScope();
                Tensor[] gradients = [.. tensors.Select(tensor => tensor.grad).OfType<Tensor>()];
                if (gradients.Length == 0)
                    return 0;

                var norms = stack(gradients.Select(gradient => linalg.vector_norm(gradient, norm_type).to(gradients[0].device)));
                var total = linalg.vector_norm(norms, norm_type).ToScalar().ToDouble();
                var factor = max_norm / (total + 1e-6);
                if (factor < 1)
                    foreach (var gradient in gradients)
                        gradient.mul_(factor);
                return total;
            }

            /// <summary>Clamps every element of every gradient to ±<paramref name="clip_value"/>.</summary>
            public static void clip_grad_value_(IEnumerable<Parameter> tensors, double clip_value)
            {
                using var scope = NewDisposeScope();
                foreach (var gradient in tensors.Select(tensor => tensor.grad).OfType<Tensor>())
                    gradient.clamp_(-clip_value, clip_value);
            }
        }
    }

    public static class linalg
    {
        public static Tensor norm(Tensor input, long[]? dims = null, bool keepdim = false) =>
            Aten.linalg_norm.Call(input, default(Argument), dims, keepdim);

        public static Tensor norm(Tensor input, double ord, long[]? dims = null, bool keepdim = false) =>
            Aten.linalg_norm.Call(input, ord, dims, keepdim);

        public static Tensor norm(Tensor input, int ord, long[]? dims = null, bool keepdim = false) =>
            Aten.linalg_norm.Call(input, ord, dims, keepdim);

        /// <param name="input">Any tensor.</param>
        /// <param name="ord">"fro" or "nuc".</param>
        /// <param name="dims">The two dimensions of the matrices.</param>
        /// <param name="keepdim">Keep them, with size 1.</param>
        public static Tensor norm(Tensor input, string ord, long[]? dims = null, bool keepdim = false) =>
            Aten.linalg_norm_ord_str.Call(input, ord, dims, keepdim);

        public static Tensor vector_norm(Tensor input, double ord = 2, long[]? dims = null, bool keepdim = false) =>
            Aten.linalg_vector_norm.Call(input, ord, dims, keepdim);
    }
}
