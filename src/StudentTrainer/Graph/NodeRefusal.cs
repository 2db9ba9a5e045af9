using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Limits;
using OnnxKd.StudentTrainer.Operators;

namespace OnnxKd.StudentTrainer.Graph;

/// <summary>What libtorch, or a kernel, says of a node that cannot be computed, as an error for users.</summary>
internal static class NodeRefusal
{
    /// <summary>Whether an exception is not an error for users yet.</summary>
    public static bool Is(Exception error) => error is not (OnnxKdException or OperationCanceledException);

    /// <summary>The error.</summary>
    /// <param name="node">The node.</param>
    /// <param name="inputs">What it got; <c>null</c> for an input that is left out.</param>
    /// <param name="error">What was thrown.</param>
    public static InputException Of(NodeProto node, IEnumerable<TorchSharp.torch.Tensor?> inputs, Exception error) => ModelLimits.IsOutOfMemory(error)
        ? ModelLimits.TooMuchMemory(NodeContext.Describe(node), error)
        : new(
            "A node of the student cannot be computed.",
            where: NodeContext.Describe(node),
            found: $"{LibtorchError.Explain(error)}; inputs: {string.Join(", ", inputs.Select(input => input is null ? "none" : $"{input}"))}",
            remedy: "check that the model and the samples belong together, and that it runs in ONNX Runtime",
            inner: error);
}
