namespace TorchSharp;

public static partial class torch
{
    public static partial class autograd
    {
        /// <summary>What a <see cref="Function{T}"/> keeps from its forward pass for the backward pass.</summary>
        public class AutogradContext : IDisposable
        {
            private readonly Dictionary<string, object> data = [];
            private List<Tensor> saved = [];

            internal AutogradContext() { }

            /// <summary>Keeps tensors, whatever scope disposes of them, until the graph is freed.</summary>
            public void save_for_backward(List<Tensor> tensors)
            {
                Release();
                saved = tensors.ConvertAll(static tensor => tensor.detach().DetachFromDisposeScope());
            }

            /// <summary>The tensors that were kept, without their history. They belong to the context.</summary>
            public List<Tensor> get_saved_variables() => saved;

            /// <summary>Keeps a value.</summary>
            public void save_data(string key, object value) => data[key] = value;

            /// <summary>A value that was kept.</summary>
            public object get_data(string key) => data[key];

            public void Dispose()
            {
                Dispose(true);
                GC.SuppressFinalize(this);
            }

            protected virtual void Dispose(bool disposing)
            {
                if (disposing)
                    Release();
            }

            private void Release()
            {
                saved.ForEach(static tensor => tensor.Dispose());
                saved = [];
            }
        }
    }
}
