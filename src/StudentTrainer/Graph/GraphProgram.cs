using OnnxKd.Core.Onnx;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Graph;

/// <summary>Where a program keeps what.</summary>
/// <param name="Count">The number of slots.</param>
/// <param name="Inputs">The slots of the inputs.</param>
/// <param name="Weights">The slots of the planned weights, in their order.</param>
/// <param name="Outputs">The slots of what is handed out.</param>
internal sealed record SlotLayout(int Count, int[] Inputs, int[] Weights, int[] Outputs);

/// <summary>
/// A graph as a flat list of steps, compiled once. It holds no tensor: weights are passed in, so that several sets can share it.
/// </summary>
/// <param name="plan">Every tensor of the file that is used, with its role.</param>
/// <param name="outputs">Names of what a run hands out.</param>
/// <param name="steps">The nodes, in order.</param>
/// <param name="layout">The slots.</param>
internal sealed class GraphProgram(IReadOnlyList<PlannedWeight> plan, IReadOnlyList<string> outputs, Step[] steps, SlotLayout layout)
{
    /// <summary>Every tensor of the file that is used, with its role.</summary>
    public IReadOnlyList<PlannedWeight> Plan => plan;

    /// <summary>Names of what a run hands out.</summary>
    public IReadOnlyList<string> Outputs => outputs;

    /// <summary>Whether samples would change each other's results in a batch (see <see cref="SampleBranches"/>).</summary>
    public bool RunsSamplesAlone { get; init; }

    /// <summary>
    /// Runs a batch. An intermediate result lives until its last use; what autograd needs of it for the way back it holds itself, and
    /// lets go of as soon as it has been there.
    /// </summary>
    /// <param name="weights">A set made for this program.</param>
    /// <param name="inputs">One tensor per input of the graph, on the weights' device; [N, ...] for a student.</param>
    /// <param name="training">Training (dropout, batch statistics, running statistics are updated) or evaluation.</param>
    /// <param name="watch">Told of each step and all tensors right after it, before any is released; default: nobody.</param>
    /// <returns>One tensor per name of <see cref="Outputs"/>.</returns>
    /// <exception cref="Core.Errors.InputException">A node cannot be computed; names it.</exception>
    public torch.Tensor[] Run(
        WeightSet weights, IReadOnlyList<torch.Tensor> inputs, bool training, Action<Step, torch.Tensor?[]>? watch = null)
    {
        var slots = new torch.Tensor?[layout.Count];
        for (var i = 0; i < layout.Inputs.Length; i++)
            slots[layout.Inputs[i]] = inputs[i];
        for (var i = 0; i < layout.Weights.Length; i++)
            slots[layout.Weights[i]] = weights[i];
        foreach (var step in steps)
        {
            if (weights.Device.type != DeviceType.CPU)
                step.Align(slots, weights.Device);
            step.Run(slots, training);
            watch?.Invoke(step, slots);
            foreach (var dead in step.Dead)
                slots[dead]!.Dispose();
        }
        return Array.ConvertAll(layout.Outputs, slot => slots[slot]!);
    }
}
