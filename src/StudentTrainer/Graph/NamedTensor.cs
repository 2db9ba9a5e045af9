using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Graph;

/// <summary>A tensor that checkpoints know by name.</summary>
internal readonly record struct NamedTensor(string Name, Tensor Tensor);
