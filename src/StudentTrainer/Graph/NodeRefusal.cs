using System.Runtime.InteropServices;
using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Limits;
using OnnxKd.StudentTrainer.Operators;

namespace OnnxKd.StudentTrainer.Graph;

/// <summary>What libtorch, or a kernel, says of a node that cannot be computed, as an error for users.</summary>
internal static class NodeRefusal
{
    // Words that stand in the message of an exception that nobody meant to throw; what looks for defects looks for them.
    private const string Unexpected = "unexpected ";

    /// <summary>
    /// Whether an exception is not an error for users yet. Whatever a kernel throws is about its node, for that comes from a file; what is neither
    /// libtorch's nor meant is named, so that a defect does not pass for bad input.
    /// </summary>
    public static bool Is(Exception error) => error is not (OnnxKdException or OperationCanceledException);

    /// <summary>The error.</summary>
    /// <param name="node">The node.</param>
    /// <param name="inputs">What it got; <c>null</c> for an input that is left out.</param>
    /// <param name="error">What was thrown.</param>
    public static OnnxKdException Of(NodeProto node, IEnumerable<TorchSharp.torch.Tensor?> inputs, Exception error)
    {
        if (ModelLimits.IsOutOfMemory(error))
            return ModelLimits.TooMuchMemory(NodeContext.Describe(node), error);
        return Refuse("A node of the student cannot be computed.", NodeContext.Describe(node), error,
            $"; inputs: {string.Join(", ", inputs.Select(input => input is null ? "none" : $"{input}"))}");
    }

    /// <summary>Does something with a whole graph, which comes from a file as well.</summary>
    /// <exception cref="InputException">It cannot be done.</exception>
    public static T Guard<T>(string? file, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception error) when (Is(error))
        {
            throw ModelLimits.IsOutOfMemory(error)
                ? ModelLimits.TooMuchMemory(file ?? "the student", error)
                : Refuse("A model cannot be read as a student.", file, error);
        }
    }

    private static InputException Refuse(string what, string? where, Exception error, string inputs = "")
    {
        var isMeant = error is ExternalException or ArgumentException or NotImplementedException;
        return new(
            what, where, $"{(isMeant ? "" : $"{Unexpected}{error.GetType().Name}: ")}{LibtorchError.Explain(error)}{inputs}",
            remedy: "check that the model and the samples belong together, and that it runs in ONNX Runtime"
                + (isMeant ? "" : "; if it does, this may be a defect of onnxkd: --verbose shows where"),
            inner: error);
    }
}
