using TorchSharp;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>A graph that a node holds, compiled.</summary>
/// <param name="Learned">Its own tensors that would change in training.</param>
/// <param name="Run">Gives its outputs: from its inputs, on a device, in training or not.</param>
internal sealed record NestedGraph(IReadOnlyList<string> Learned, Func<torch.Tensor[], torch.Device, bool, torch.Tensor[]> Run);
