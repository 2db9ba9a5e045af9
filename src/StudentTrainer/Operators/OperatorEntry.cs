using TorchSharp;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>What a tensor of the file is taken for when it sits in an input slot of an operator.</summary>
internal enum SlotRole
{
    /// <summary>Plain data: a tensor of the file stays as it is.</summary>
    Data,

    /// <summary>Learned.</summary>
    Weight,

    /// <summary>Kept with the weights, but not learned by gradient: running statistics.</summary>
    Statistic,

    /// <summary>Learned if another input comes from a learned operator (a bias written as Add); else data (a mean to subtract).</summary>
    Operand,

    /// <summary>The operator only rearranges: its output's consumers decide.</summary>
    Passed,
}

/// <summary>Runs one node with libtorch; the outputs are new tensors (views are), never the inputs themselves.</summary>
internal delegate torch.Tensor[] Kernel(StepInputs x);

/// <summary>One operator, from one version of the operator set on.</summary>
/// <param name="Name">The operator in ONNX's default domain.</param>
/// <param name="Since">The first operator-set version with this meaning; there is an entry only where a meaning changes.</param>
/// <param name="Inputs">The role of each input slot; the last one goes for all further ones.</param>
/// <param name="Compile">Reads the node's attributes into a kernel; touches no tensor.</param>
internal sealed record OperatorEntry(string Name, int Since, SlotRole[] Inputs, Func<NodeContext, Kernel> Compile)
{
    /// <summary>The axis of the weight (input 1) that counts output units, for constraints on a unit's incoming weights.</summary>
    public Func<NodeContext, int>? UnitAxis { get; init; }

    /// <summary>The role of an input slot.</summary>
    public SlotRole RoleOf(int slot) => Inputs[Math.Min(slot, Inputs.Length - 1)];
}
