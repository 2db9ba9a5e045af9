using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Limits;
using OnnxKd.Core.Progress;
using OnnxKd.StudentTrainer.Operators;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Graph;

/// <summary>One node of a compiled graph.</summary>
/// <param name="Node">The node.</param>
/// <param name="Operator">Its operator.</param>
/// <param name="Kernel">What it does.</param>
/// <param name="Inputs">Slots; −1 for an input that is left out.</param>
/// <param name="Outputs">Slots; −1 for an output that nobody reads.</param>
/// <param name="Host">Places in <paramref name="Inputs"/> that are read on the CPU.</param>
/// <param name="Dead">Slots that no later node and no caller reads.</param>
internal sealed record Step(NodeProto Node, OperatorEntry Operator, Kernel Kernel, int[] Inputs, int[] Outputs, int[] Host, int[] Dead)
{
    /// <summary>Runs the node on the slots.</summary>
    /// <exception cref="InputException">libtorch refuses: shapes or types do not fit.</exception>
    public void Run(torch.Tensor?[] slots, bool training)
    {
        ModelTrial.RequireTime(() => NodeContext.Describe(Node));
        using var span = Profile.IsOn ? Profile.Start($"{Node.OpType} {Node.Name}") : null;
        try
        {
            var results = Kernel(new(slots, Inputs, training));
            ModelTrial.RequireSize(() => NodeContext.Describe(Node), () => results.Sum(result => result.numel() * result.element_size()));
            for (var i = 0; i < Outputs.Length; i++)
            {
                if (Outputs[i] >= 0)
                    slots[Outputs[i]] = results[i];
            }
        }
        catch (Exception error) when (NodeRefusal.Is(error))
        {
            throw NodeRefusal.Of(Node, Inputs.Select(i => i < 0 ? null : slots[i]), error);
        }
    }

    /// <summary>
    /// Brings together what a node computes with: constants and results of shape arithmetic are on the CPU, activations on the device.
    /// </summary>
    public void Align(torch.Tensor?[] slots, torch.Device device)
    {
        var others = Inputs.Where((slot, place) => slot >= 0 && !Host.Contains(place)).ToArray();
        if (!Array.Exists(others, slot => slots[slot]!.device_type == device.type))
            return;
        foreach (var slot in others)
            slots[slot] = slots[slot]!.to(device);
    }
}
