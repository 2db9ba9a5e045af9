using OnnxKd.Core.Errors;
using OnnxKd.StudentTrainer.Operators;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Loop;

/// <summary>From a loss back to the parameters.</summary>
internal static class BackwardPass
{
    /// <summary>Adds to the gradients of all that a loss was computed from.</summary>
    /// <param name="loss">A scalar under autograd.</param>
    /// <exception cref="InputException">libtorch cannot compute a gradient.</exception>
    public static void Run(Tensor loss)
    {
        // Samples may have taken branches alone in which there is nothing to learn.
        if (!loss.requires_grad)
            return;
        try
        {
            loss.backward();
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
