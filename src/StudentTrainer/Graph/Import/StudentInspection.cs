using OnnxKd.Core.Errors;
using OnnxKd.Core.Limits;
using OnnxKd.Core.Onnx;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Graph.Import;

/// <summary>A model as a student: what would be learned, what it costs, what can be read from its inside.</summary>
/// <param name="Logits">The tensor that losses would be computed from; of several outputs, all of them with commas.</param>
/// <param name="Notes">What import does to the graph, a sentence each.</param>
/// <param name="Learned">Learned values in all.</param>
/// <param name="Plan">The role of every float tensor of the file.</param>
/// <param name="MultiplyAdds">Multiplications with an addition for one sample; <c>null</c> if the sample's shape is not known.</param>
/// <param name="Tensors">Tensors inside the graph that can be tapped; empty if the sample's shape is not known.</param>
public sealed record StudentInspection(
    string Logits,
    IReadOnlyList<string> Notes,
    long Learned,
    IReadOnlyList<PlanEntry> Plan,
    long? MultiplyAdds,
    IReadOnlyList<TappableTensor> Tensors)
{
    /// <summary>Looks at a model as a student.</summary>
    /// <param name="model">The model.</param>
    /// <param name="sampleShape">The shape of one sample; <c>null</c>: not known, and nothing is run.</param>
    /// <param name="import">Its outputs; <c>null</c>: the only one that holds floats.</param>
    /// <exception cref="UnsupportedModelException">It cannot be trained; names everything that is in the way.</exception>
    /// <exception cref="MachineException">libtorch cannot be loaded.</exception>
    public static StudentInspection Of(OnnxModel model, IReadOnlyList<int>? sampleShape, StudentImport? import = null)
    {
        Libtorch.Load();
        using var clock = ModelLimits.BeginClock();
        var graph = StudentGraph.Import(model, import);
        if (sampleShape is not null)
            graph.FreeBatch(sampleShape);
        var logits = graph.FindAllLogits();
        var program = graph.Compile(logits);
        var plan = program.Plan.Where(weight => TensorTypes.IsFloat(weight.Source.DataType)).Select(PlanEntry.Of).ToList();
        var learned = program.Plan.Where(weight => weight.Role == WeightRole.Parameter).Sum(weight => (long)weight.Source.ElementCount());
        var (multiplyAdds, tensors) = sampleShape is null ? (null, []) : Measure(program, graph.Input.Fit(sampleShape));
        return new(string.Join(", ", logits), graph.Notes, learned, plan, multiplyAdds, tensors);
    }

    private static (long?, IReadOnlyList<TappableTensor>) Measure(StudentProgram program, IReadOnlyList<long> sample)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        ModelLimits.RequireSamples($"input '{program.Input.Name}'", 1, sample);
        using var trial = ModelLimits.Begin(
            program.Plan.Sum(weight => (long)weight.Source.CalculateSize()), sizeof(float) * sample.Aggregate(1L, (product, size) => product * size));
        using var weights = WeightSet.Load(program.Plan, CPU, trainable: false);
        var total = 0L;
        var tensors = new List<TappableTensor>();
        program.Graph.Run(weights, [zeros([1, .. sample], program.Input.ComputedType)], training: false, (step, slots) =>
        {
            var shapes = step.Inputs.Select(slot => slot < 0 ? [] : slots[slot]!.shape).ToArray();
            var place = Array.FindIndex(step.Outputs, slot => slot >= 0); // the first that somebody reads
            var output = slots[step.Outputs[place]]!;
            total += place == 0 ? step.Operator.MultiplyAdds?.Invoke(shapes, output.shape) ?? 0 : 0;
            if (output.is_floating_point())
                tensors.Add(new(step.Node.Output[place], step.Operator.Name, output.shape));
        });
        return (total, tensors);
    }
}

/// <summary>The role of one tensor of a file.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Role"><c>learned</c>, <c>statistic</c> (follows the batches) or <c>constant</c>.</param>
/// <param name="Use">Where it is used: operator, node and what the input is for.</param>
public sealed record PlanEntry(string Name, IReadOnlyList<long> Shape, string Role, string Use)
{
    internal static PlanEntry Of(PlannedWeight weight)
    {
        var role = weight.Role switch { WeightRole.Parameter => "learned", WeightRole.Buffer => "statistic", _ => "constant" };
        var use = weight.Uses.FirstOrDefault(use => use.IsLearned) ?? weight.Uses.FirstOrDefault();
        var more = weight.Uses.Count > 1 ? $", and {weight.Uses.Count - 1} more" : "";
        var purpose = use?.Role.ToString().ToLowerInvariant();
        var description = use is null ? "an output" : $"{use.Operator.Name} '{use.Node.Name}' ({purpose}{more})";
        return new(weight.Name, [.. weight.Source.Dims], role, description);
    }
}

/// <summary>A tensor inside a graph.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Operator">The operator that gives it.</param>
/// <param name="Shape">Its shape for one sample, the batch axis included.</param>
public sealed record TappableTensor(string Name, string Operator, IReadOnlyList<long> Shape);
