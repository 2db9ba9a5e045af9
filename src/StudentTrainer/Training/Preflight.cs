using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Losses;
using OnnxKd.StudentTrainer.Operators;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Training;

/// <summary>One step on a copy of the student, before anything is written: what cannot work fails here, with numbers.</summary>
internal static class Preflight
{
    /// <summary>Runs a forward and a backward pass.</summary>
    /// <returns>The number of classes.</returns>
    /// <exception cref="InputException">Numbers of classes differ, or the output is not [N, classes].</exception>
    /// <exception cref="UnsupportedModelException">A parameter gets no gradient.</exception>
    public static int RequireTrainable(
        StudentProgram program, WeightSet weights, Objective objective, TrainingBatches batches, TrainingData data)
    {
        RequireParameters(weights);
        using var scope = NewDisposeScope();
        using var copy = weights.Clone(trainable: true);
        var batch = batches.Epoch(0).First().ToDevice();
        var logits = program.Run(copy, batch.Samples, training: true)[0];
        var classes = RequireClasses(logits, batch.Samples.shape[0], program.Outputs[0], data);
        objective.Compute(new(logits, batch.Teacher, batch.Labels), 0).Loss.backward();
        RequireGradients(copy);
        return classes;
    }

    private static int RequireClasses(Tensor logits, long rows, string output, TrainingData data)
    {
        if (logits.ndim != 2 || logits.shape[0] != rows)
            throw new InputException(
                "The student's output does not hold one row of logits per sample.",
                $"output '{output}'", Shapes.Format(logits.shape), $"[{rows}, classes]");
        var classes = (int)logits.shape[1];
        foreach (var (cache, of) in new[] { (data.Cache, "transfer"), (data.EvaluationCache, "evaluation") })
        {
            if (cache is not null && cache.Stream().Classes != classes)
                throw new InputException(
                    "Teacher and student differ in their number of classes.",
                    where: $"output '{output}' of the student, and the cache of the {of} set",
                    found: $"student {classes}, teacher {cache.Stream().Classes}",
                    remedy: "use a student with as many outputs as the teacher has");
        }
        data.Transfer.RequireLabelsBelow(classes);
        data.Evaluation?.RequireLabelsBelow(classes);
        return classes;
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
