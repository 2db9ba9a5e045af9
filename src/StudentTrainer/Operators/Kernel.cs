using TorchSharp;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>
/// Runs one node with libtorch. The outputs are new tensors (views are), never the inputs themselves; one per output that the entry
/// declares, or fewer where the node does not read the last ones.
/// </summary>
internal delegate torch.Tensor[] Kernel(StepInputs x);
