using OnnxKd.Core.Errors;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Operators;
using OnnxKd.StudentTrainer.Signals;
using OnnxKd.StudentTrainer.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Loop;

/// <summary>
/// A step on copies of the students with a few rows, before anything is written: what cannot work fails here, with numbers.
/// </summary>
internal static class Preflight
{
    // Whole batches would take several steps' time: their memory is touched for the first time, and is not kept for the steps yet.
    private const int Rows = 8;

    /// <summary>Runs a forward and a backward pass.</summary>
    /// <returns>For each learner the names of the weights that get a gradient.</returns>
    /// <exception cref="InputException">What a student gives, the caches and the labels do not fit one another.</exception>
    /// <exception cref="UnsupportedModelException">A parameter gets no gradient.</exception>
    public static IReadOnlyList<IReadOnlySet<string>> RequireTrainable(Team team, TrainingData data, TrainingOptions options, Device device)
    {
        using var scope = NewDisposeScope();
        using var batches = team.OpenBatches(data, options with { BatchSize = Math.Min(options.BatchSize, Rows) }, device);
        foreach (var learner in team.Learners)
        {
            RequireParameters(learner.Weights);
            RequireOutputs(learner);
            RequireScoresFit(learner, team.Streams);
            RequireLabels(learner, data);
        }
        if (device.type == DeviceType.CPU)
            StepMemory.Require(team.Learners, data.Transfer.SampleShape, options.BatchSize, StepMemory.OfThisMachine);

        var copies = team.Learners.ToDictionary(learner => learner, learner => learner.Weights.Clone(trainable: true));
        try
        {
            var batch = batches.Epoch(0).First().ToDevice();
            var signals = team.Signals(batch, learner => learner.Forward(copies[learner], batch.Samples, training: true));
            foreach (var learner in team.Learners)
                BackwardPass.Run(learner.Objective.Compute(signals, epoch: 0).Loss);
            return [.. team.Learners.Select(learner => WithGradients(learner, copies[learner]))];
        }
        finally
        {
            foreach (var copy in copies.Values)
                copy.Dispose();
        }
    }

    private static void RequireScoresFit(Learner learner, IReadOnlyList<StreamForm> streams)
    {
        foreach (var (tensor, stream) in learner.Objective.Compared)
            (learner.Outputs.FirstOrDefault(output => output.Name == tensor) ?? learner.Output).RequireFits(
                streams.First(form => form.Stream.Name == stream).Stream, "transfer");
    }

    /// <summary>Of several outputs each must learn. A set has one sort of labels.</summary>
    private static void RequireOutputs(Learner learner)
    {
        foreach (var output in learner.Outputs.Skip(1))
        {
            if (learner.Outputs.FirstOrDefault(each => !learner.Learns(each)) is { } idle)
                throw new InputException(
                    "An output of the student learns nothing.", "objective", $"no term that reads '{idle.Signal}'", "a term for each output",
                    $"add one: 'teacher: {Core.Text.YamlWord.Of(idle.Signal)}' learns from the stream of its name");
            if (learner.Objective.FromLabelsInto(output.Name).FirstOrDefault() is { } labelled)
                throw new InputException(
                    "The labels of a set are for the student's first output.", $"objective, term '{labelled}'", $"student: {output.Signal}",
                    "an output that learns from a teacher", "make it the first output ('output' of the student and of its teacher)");
        }
    }

    private static void RequireLabels(Learner learner, TrainingData data)
    {
        var output = learner.Output;
        if (learner.Objective.FromLabels.Any() && !output.HasLabels(data.Transfer, learner.Kind))
            throw new InputException(
                "A term of the objective learns from labels, and they are not for what the student gives.",
                where: $"output '{output.Name}'",
                found: $"{DataChecks.Quoted(learner.Objective.FromLabels)} with {DataChecks.Describe(data.Transfer.LabelShape)}, " +
                    $"and {Shapes.Format(output.Shape)} from the student",
                expected: learner.Kind == OutputKind.Labels && output.Classes > 1 ? $"0 or 1 for each of the {output.Classes} labels of a sample"
                    : output.Positions == 1 ? "one label per sample" : "a label for each position",
                remedy: "name labels that fit, or learn from the teacher alone");
        foreach (var set in new[] { data.Transfer, data.Validation })
        {
            if (set is not null && output.HasLabels(set, learner.Kind))
                set.RequireLabelsBelow(learner.Kind == OutputKind.Labels ? 2 : output.Classes);
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

    /// <summary>
    /// The weights that learn, those of branches that none of the rows took among them. Where no term reads the class scores, as in the first stage of FitNets, what
    /// lies behind the features that are read stays as it is.
    /// </summary>
    private static HashSet<string> WithGradients(Learner learner, WeightSet weights)
    {
        var without = weights.Parameters.Where(parameter => parameter.Tensor.grad is null && !parameter.Weight.IsConditional).ToList();
        if (without.Count > 0 && (learner.LearnsScores || without.Count == weights.Parameters.Count))
            throw new UnsupportedModelException(
                "Weights of the student get no gradient.",
                found: string.Join(", ", without.Select(p => $"'{p.Weight.Name}' at {NodeContext.Describe(p.Weight.Uses[0].Node)}")),
                expected: "weights that the first output depends on",
                remedy: "remove them from the graph, or export the model with one output");
        return [.. weights.Parameters.Select(parameter => parameter.Weight.Name).Except(without.Select(parameter => parameter.Weight.Name))];
    }
}
