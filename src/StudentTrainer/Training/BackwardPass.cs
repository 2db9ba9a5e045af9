using OnnxKd.Core.Errors;
using OnnxKd.StudentTrainer.Operators;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Training;

/// <summary>From the gradient of the loss by some tensor back to the parameters.</summary>
internal static class BackwardPass
{
    /// <summary>Adds to the gradients of all that a tensor was computed from.</summary>
    /// <param name="output">A tensor under autograd.</param>
    /// <param name="gradient">The loss's gradient by it, of the same shape.</param>
    /// <exception cref="InputException">libtorch cannot compute a gradient.</exception>
    public static void Run(Tensor output, Tensor gradient)
    {
        try
        {
            output.backward([gradient]);
        }
        catch (Exception error) when (error is not (OnnxKdException or OutOfMemoryException))
        {
            throw new InputException(
                "The gradient of the student cannot be computed.",
                found: LibtorchError.Explain(error),
                expected: "operators that libtorch can differentiate for these types and shapes",
                inner: error);
        }
    }
}
