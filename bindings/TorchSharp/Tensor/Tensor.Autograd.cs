using static TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public bool requires_grad
        {
            get => okd_tensor_requires_grad(Handle) != 0;
            set => Check(okd_tensor_set_requires_grad(Handle, value ? 1 : 0));
        }

        public Tensor requires_grad_(bool requires_grad = true)
        {
            this.requires_grad = requires_grad;
            return this;
        }

        public Tensor with_requires_grad(bool requires_grad = true) => requires_grad_(requires_grad);

        /// <summary>The gradient that the backward passes so far have added up; null before the first.</summary>
        public unsafe Tensor? grad
        {
            get
            {
                nint gradient;
                Check(okd_tensor_grad(Handle, &gradient));
                return gradient != 0 ? new Tensor(gradient) : null;
            }
            set => Check(okd_tensor_set_grad(Handle, value?.Handle ?? 0));
        }

        /// <summary>Keeps the gradient of a tensor that is not a leaf.</summary>
        public void retain_grad() => Check(okd_tensor_retain_grad(Handle));

        /// <summary>Adds the gradient of this scalar to the leaves it was computed from.</summary>
        public void backward() => backward(null);

        public void backward(
            IList<Tensor>? grad_tensors = null, bool retain_graph = false, bool create_graph = false, IList<Tensor>? inputs = null) =>
            autograd.backward([this], grad_tensors, retain_graph, create_graph, inputs);

        public Tensor detach() => Aten.detach.Call(this);

        public Tensor detach_() => Aten.detach_.Mutate(this);
    }

    /// <summary>Turns gradient recording off until the result is disposed, on this thread.</summary>
    public static IDisposable no_grad() => set_grad_enabled(false);

    public static IDisposable enable_grad(bool enabled = true) => set_grad_enabled(enabled);

    public static IDisposable set_grad_enabled(bool mode = true)
    {
        var before = is_grad_enabled();
        okd_set_grad_enabled(mode ? 1 : 0);
        return new Restore(() => okd_set_grad_enabled(before ? 1 : 0));
    }

    public static bool is_grad_enabled() => okd_grad_enabled() != 0;

    /// <summary>Like <see cref="no_grad"/>, and the tensors created meanwhile can never take part in autograd: cheaper.</summary>
    public static IDisposable inference_mode(bool mode = true)
    {
        var guard = okd_inference_guard(mode ? 1 : 0);
        return new Restore(() => okd_inference_guard_release(guard));
    }

    public static bool is_inference_mode_enabled() => okd_inference_enabled() != 0;

    /// <summary>Undoes a setting when disposed; once.</summary>
    private sealed class Restore(Action undo) : IDisposable
    {
        private Action? pending = undo;

        public void Dispose() => Interlocked.Exchange(ref pending, null)?.Invoke();
    }

    public static partial class autograd
    {
        public static void backward(
            Tensor tensor, IList<Tensor>? grad_tensors = null, bool? retain_graph = null, bool create_graph = false,
            IList<Tensor>? inputs = null) =>
            backward([tensor], grad_tensors, retain_graph, create_graph, inputs);

        public static void backward(
            Tensor tensor, Tensor grad_tensor, bool? retain_graph = null, bool create_graph = false, IList<Tensor>? inputs = null) =>
            backward([tensor], [grad_tensor], retain_graph, create_graph, inputs);

        /// <param name="tensors">Outputs to differentiate.</param>
        /// <param name="grad_tensors">The gradient of each output; may be left out for scalars.</param>
        /// <param name="retain_graph">Keep the graph for another pass; by default only when it is itself differentiated.</param>
        /// <param name="create_graph">Record the backward pass, for higher derivatives.</param>
        /// <param name="inputs">Leaves to accumulate into; all by default.</param>
        public static unsafe void backward(
            IList<Tensor> tensors, IList<Tensor>? grad_tensors = null, bool? retain_graph = null, bool create_graph = false,
            IList<Tensor>? inputs = null)
        {
            nint[] outputs = Handles(tensors), gradients = Handles(grad_tensors ?? []), leaves = Handles(inputs ?? []);
            CheckCounts(outputs, gradients);
            fixed (nint* o = outputs, g = gradients, l = leaves)
                Check(okd_backward(o, g, outputs.Length, l, leaves.Length, (retain_graph ?? create_graph) ? 1 : 0, create_graph ? 1 : 0));
            GC.KeepAlive((tensors, grad_tensors, inputs));
        }

        /// <summary>The gradients of the outputs' sum with respect to the inputs; null where unused and that is allowed.</summary>
        public static unsafe IList<Tensor> grad(
            IList<Tensor> outputs, IList<Tensor> inputs, IList<Tensor>? grad_outputs = null, bool retain_graph = false,
            bool create_graph = false, bool allow_unused = false)
        {
            nint[] roots = Handles(outputs), gradients = Handles(grad_outputs ?? []), leaves = Handles(inputs);
            CheckCounts(roots, gradients);
            var results = new nint[leaves.Length];
            fixed (nint* o = roots, g = gradients, l = leaves, r = results)
                Check(okd_grad(
                    o, g, roots.Length, l, leaves.Length, retain_graph || create_graph ? 1 : 0, create_graph ? 1 : 0,
                    allow_unused ? 1 : 0, r));
            GC.KeepAlive((outputs, grad_outputs, inputs));
            return Array.ConvertAll(results, result => result != 0 ? new Tensor(result) : null!);
        }

        public static AnomalyMode detect_anomaly(bool check_nan = true) => new(true, check_nan);

        public static AnomalyMode set_detect_anomaly(bool mode, bool check_nan = true) => new(mode, check_nan);

        private static nint[] Handles(IList<Tensor> tensors) => [.. tensors.Select(tensor => tensor is null ? 0 : tensor.Handle)];

        private static void CheckCounts(nint[] outputs, nint[] gradients)
        {
            if (gradients.Length != 0 && gradients.Length != outputs.Length)
                throw new ArgumentException($"Expected one gradient per output: {outputs.Length} outputs, {gradients.Length} gradients.");
        }
    }
}
