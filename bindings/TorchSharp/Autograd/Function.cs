namespace TorchSharp;

public static partial class torch
{
    public static partial class autograd
    {
        /// <summary>An operation that computes its own gradient. Here gradients of gradients are refused.</summary>
        /// <typeparam name="T">The class itself, with a constructor without parameters.</typeparam>
        public abstract class Function<T>
        {
            protected Function() { }

            /// <summary>Its name in graphs and messages.</summary>
            public abstract string Name { get; }

            internal abstract List<Tensor> Forward(AutogradContext context, object[] vars);

            internal abstract List<Tensor> Backward(AutogradContext context, List<Tensor> gradients);

            /// <summary>Computes, and takes a place in the graph if one of the tensors wants a gradient.</summary>
            /// <param name="vars">Tensors and other values, as <c>forward</c> gets them.</param>
            public static List<Tensor> apply_internal(params object[] vars)
            {
                var function = (Function<T>)(object)Activator.CreateInstance<T>()!;
                var context = new AutogradContext();
                List<Tensor> outputs;
                using (no_grad())
                    outputs = function.Forward(context, vars);
                RecordedCall.Record(function.Name, vars, outputs, context, function.Backward);
                return outputs;
            }
        }

        /// <summary>A <see cref="Function{T}"/> with one result.</summary>
        public abstract class SingleTensorFunction<T> : Function<T>
        {
            protected SingleTensorFunction() { }

            /// <summary>Computes, with nothing recorded.</summary>
            public abstract Tensor forward(AutogradContext ctx, params object[] vars);

            /// <summary>The gradient of each value given to <see cref="forward"/>; null for those that are no tensors.</summary>
            public abstract List<Tensor> backward(AutogradContext ctx, Tensor grad_output);

            public static Tensor apply(params object[] vars) => apply_internal(vars)[0];

            internal sealed override List<Tensor> Forward(AutogradContext context, object[] vars) => [forward(context, vars)];

            internal sealed override List<Tensor> Backward(AutogradContext context, List<Tensor> gradients) => backward(context, gradients[0]);
        }
    }
}
