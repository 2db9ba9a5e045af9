using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Losses;
using OnnxKd.StudentTrainer.Operators;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Training;

/// <summary>
/// A step on a copy of the student with a few rows, before anything is written: what cannot work fails here, with numbers.
/// </summary>
internal static class Preflight
{
    // Whole batches would take several steps' time: their memory is touched for the first time, and is not kept for the steps yet.
    private const int Rows = 8;

    /// <summary>Runs a forward and a backward pass.</summary>
    /// <returns>What the student gives.</returns>
    /// <exception cref="InputException">What the student gives, the caches and the labels do not fit one another.</exception>
    /// <exception cref="UnsupportedModelException">A parameter gets no gradient.</exception>
    public static StudentOutput RequireTrainable(
        StudentGraph graph, StudentProgram program, WeightSet weights, Objective objective, TrainingData data, TrainingOptions options,
        Device device)
    {
        RequireParameters(weights);
        using var scope = NewDisposeScope();
        using var batches = TrainingBatches.Open(
            program, data, objective, options with { BatchSize = Math.Min(options.BatchSize, Rows) }, device);
        using var copy = weights.Clone(trainable: true);
        var batch = batches.Epoch(0).First().ToDevice();
        var given = program.Run(copy, batch.Samples, training: true)[0];
        var output = StudentOutput.Of(graph, program.Outputs[0], given, batch.Samples.shape[0]);
        var logits = output.Layout.IsClassLast ? given : given.permute(output.Layout.Permutation);
        foreach (var stream in batches.Streams)
            output.RequireFits(stream, "transfer");
        RequireLabels(output, objective, data);
        objective.Compute(batch.Inputs(logits), 0).Loss.backward();
        RequireGradients(copy);
        return output;
    }

    private static void RequireLabels(StudentOutput output, Objective objective, TrainingData data)
    {
        if (objective.Needs.HasFlag(TermNeeds.Labels) && !output.HasLabels(data.Transfer))
            throw new InputException(
                "A term of the objective learns from labels, and they are not for what the student gives.",
                where: $"output '{output.Name}'",
                found: $"{objective.NamesThatNeed(TermNeeds.Labels)} with {DataChecks.Describe(data.Transfer.LabelShape)}, " +
                    $"and {Shapes.Format(output.Shape)} from the student",
                expected: output.Positions == 1 ? "one label per sample" : "a label for each position",
                remedy: "name labels that fit, or train with 'soft' alone");
        foreach (var set in new[] { data.Transfer, data.Evaluation })
        {
            if (set is not null && output.HasLabels(set))
                set.RequireLabelsBelow(output.Classes);
        }
    }

    private static void RequireParameters(WeightSet weights)
    {
        if (weights.Parameters.Count == 0)
            throw new UnsupportedModelException(
                "The student has nothing to learn: no weights were found in it.",
                expected: "weights of convolutions, matrix products or normalisations, stored in the model",
                remedy: "export the model with its weights");
    }

    private static void RequireGradients(WeightSet weights)
    {
        string[] without =
        [
            .. weights.Parameters.Where(p => p.Tensor.grad is null)
                .Select(p => $"'{p.Weight.Name}' at {NodeContext.Describe(p.Weight.Uses[0].Node)}"),
        ];
        if (without.Length > 0)
            throw new UnsupportedModelException(
                "Weights of the student get no gradient.",
                found: string.Join(", ", without),
                expected: "weights that the first output depends on",
                remedy: "remove them from the graph, or export the model with one output");
    }
}
