using OnnxKd.Core.Errors;
using OnnxKd.Core.Text;
using OnnxKd.StudentTrainer.Learners;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Loop;

/// <summary>
/// What the tensors of a step take that are kept for its backward pass: those of one sample, counted in a forward pass, times the batch. A step that cannot fit is refused;
/// the system would end the process in the middle of it, without a word.
/// </summary>
internal static class StepMemory
{
    // Their outputs are their inputs, seen in another way.
    private static readonly HashSet<string> views =
        ["Dropout", "Expand", "Flatten", "Identity", "Reshape", "Slice", "Split", "Squeeze", "Transpose", "Unsqueeze"];

    // Weights, gradients on their way and the rest of the machine want memory too.
    private const double Share = 0.8;

    /// <summary>What of the machine's memory, or of what the process may have of it, such tensors can take.</summary>
    public static long OfThisMachine => (long)(Share * GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);

    /// <summary>Refuses a batch whose tensors alone are larger than the memory.</summary>
    /// <param name="learners">The students, which learn side by side.</param>
    /// <param name="sample">The shape of one sample.</param>
    /// <param name="batchSize">Samples of a step.</param>
    /// <param name="memory">Bytes that there are.</param>
    /// <exception cref="InputException">It is too large; says which would fit.</exception>
    public static void Require(IReadOnlyList<Learner> learners, IReadOnlyList<int> sample, int batchSize, long memory)
    {
        var bytes = learners.Sum(learner => BytesOf(learner, sample));
        if (bytes <= memory / batchSize)
            return;
        var fitting = memory / bytes;
        throw new InputException(
            "A step of the training does not fit into memory.", "training.batch-size",
            $"{batchSize} samples, of which each takes {FileSize.Format(bytes)} in the student", $"{FileSize.Format(memory)} at most, four fifths of what there is",
            fitting > 0 ? $"set it to {Math.Max(1, fitting / 2)} or less" : "choose a student that halves large samples earlier, or prepare smaller samples");
    }

    private static long BytesOf(Learner learner, IReadOnlyList<int> sample)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var (program, bytes) = (learner.Program, 0L);
        program.Graph.Run(
            learner.Weights, [zeros([1, .. learner.Graph.Input.Fit(sample)], program.Input.ComputedType, learner.Weights.Parameters[0].Tensor.device)], training: false,
            (step, slots) =>
            {
                if (!views.Contains(step.Operator.Name))
                    bytes += step.Outputs.Where(slot => slot >= 0).Select(slot => slots[slot]!).Sum(output => output.numel() * output.element_size());
            });
        return bytes;
    }
}
