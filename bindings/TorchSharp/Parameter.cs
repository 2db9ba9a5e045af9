using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>
    /// A tensor that an optimizer updates. It takes the data over: the tensor it is made from becomes invalid, and the scope
    /// that held that one, if any, holds the parameter.
    /// </summary>
    public class Parameter : Tensor
    {
        public Parameter(Tensor data, bool requires_grad = true) : this(data.with_requires_grad(requires_grad), data.OwningDisposeScope) { }

        private Parameter(Tensor data, DisposeScope? scope) : base(data.DecoupleFromNativeHandle(), scope) { }
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static Modules.Parameter Parameter(Tensor data, bool requires_grad = true) => new(data, requires_grad);
        }
    }
}
