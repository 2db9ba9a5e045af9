using OnnxKd.Core.Logits;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Graph;

/// <summary>A student's graph, compiled for some of its tensors, and its one input.</summary>
/// <param name="Graph">The steps, as the file says.</param>
/// <param name="Input">The input.</param>
internal sealed record StudentProgram(GraphProgram Graph, StudentInput Input)
{
    /// <summary>How the first outputs lie, those that the student learns; none: not known yet.</summary>
    public IReadOnlyList<RowLayout> Layouts { get; init; } = [];

    /// <summary>Which of them give probabilities, which are learned and measured as logits, and of what: classes, labels, or a detector's; <c>null</c> for the others; none: no one does.</summary>
    public IReadOnlyList<OutputKind?> Probabilities { get; init; } = [];

    /// <summary>The steps of training, with the same weights; default: those of <see cref="Graph"/>.</summary>
    public GraphProgram Training { get; init; } = Graph;

    /// <summary>Every tensor of the file that is used, with its role.</summary>
    public IReadOnlyList<PlannedWeight> Plan => Graph.Plan;

    /// <summary>Names of what a run hands out.</summary>
    public IReadOnlyList<string> Outputs => Graph.Outputs;

    /// <summary>Runs a batch of samples; see <see cref="GraphProgram.Run"/>.</summary>
    /// <param name="weights">A set made for this program.</param>
    /// <param name="samples">[N, ...], float32; brought to the input's shape and type.</param>
    /// <param name="training">Training or evaluation.</param>
    /// <param name="watch">As in <see cref="GraphProgram.Run"/>.</param>
    public torch.Tensor[] Run(WeightSet weights, torch.Tensor samples, bool training, Action<Step, torch.Tensor?[]>? watch = null)
    {
        var shaped = samples.ndim == 0 ? samples : Shaped(samples);
        var program = training ? Training : Graph;
        var typed = Input.Take(shaped);
        if (!program.RunsSamplesAlone || typed.ndim == 0 || typed.shape[0] < 2)
            return program.Run(weights, [typed], training, watch);
        var given = Enumerable.Range(0, (int)typed.shape[0]).Select(row => program.Run(weights, [typed.narrow(0, row, 1)], training, watch)).ToArray();
        return [.. Outputs.Select((_, i) => torch.cat([.. given.Select(each => each[i])], 0))];
    }

    private torch.Tensor Shaped(torch.Tensor samples)
    {
        long[] shape = [samples.shape[0], .. Input.Fit([.. samples.shape.Skip(1).Select(size => (int)size)])];
        return samples.shape.SequenceEqual(shape) ? samples : samples.reshape(shape);
    }

    /// <summary>Runs a batch of samples and moves the classes of the first output to the end: [N, positions..., classes].</summary>
    /// <inheritdoc cref="Run"/>
    public torch.Tensor Logits(WeightSet weights, torch.Tensor samples, bool training) => ClassesLast(Run(weights, samples, training)[0], 0);

    /// <summary>The same of the first outputs.</summary>
    /// <param name="weights">A set made for this program.</param>
    /// <param name="samples">[N, ...], float32.</param>
    /// <param name="outputs">How many of the outputs.</param>
    public torch.Tensor[] AllLogits(WeightSet weights, torch.Tensor samples, int outputs) =>
        [.. Run(weights, samples, training: false).Take(outputs).Select(ClassesLast)];

    /// <summary>Moves the classes of one of the outputs to the end; probabilities become logits.</summary>
    public torch.Tensor ClassesLast(torch.Tensor logits, int output)
    {
        var moved = logits.ndim == 1 ? logits.unsqueeze(1)
            : Layouts.ElementAtOrDefault(output) is { IsClassLast: false } layout ? logits.permute(layout.Permutation) : logits;
        const int box = DetectorForm.BoxColumns;
        return Probabilities.ElementAtOrDefault(output) switch
        {
            OutputKind.Classes => moved.ClampMin(SoftmaxMath.ClassFloor).log(),
            OutputKind.Labels => LogOdds(moved),
            OutputKind.Detector => torch.cat([moved.narrow(-1, 0, box), LogOdds(moved.narrow(-1, box, moved.shape[^1] - box))], -1),
            _ => moved,
        };
    }

    private static torch.Tensor LogOdds(torch.Tensor probabilities) =>
        probabilities.ClampMin(SoftmaxMath.LabelFloor).log().sub(probabilities.neg().Add(1).ClampMin(SoftmaxMath.LabelFloor).log());
}
