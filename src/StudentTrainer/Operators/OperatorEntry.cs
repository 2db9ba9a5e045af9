namespace OnnxKd.StudentTrainer.Operators;

/// <summary>One operator, from one version of the operator set on.</summary>
/// <param name="Name">The operator in ONNX's default domain.</param>
/// <param name="Since">The first operator-set version with this meaning; there is an entry only where a meaning changes.</param>
/// <param name="Inputs">The role of each input slot; the last one goes for all further ones.</param>
/// <param name="Compile">Reads the node's attributes into a kernel; touches no tensor of the device.</param>
internal sealed record OperatorEntry(string Name, int Since, SlotRole[] Inputs, Func<NodeContext, Kernel> Compile)
{
    /// <summary>For <see cref="Outputs"/>: as many as the node lists.</summary>
    public const int Any = int.MaxValue;

    /// <summary>How many outputs the kernel can give; a node of which more are read is refused. Default: 1.</summary>
    public int Outputs { get; init; } = 1;

    /// <summary>Input slots whose values are read on the CPU (shapes, axes, bounds). Default: none.</summary>
    public int[] Host { get; init; } = [];

    /// <summary>Whether gradients pass from output to float inputs. Default: yes.</summary>
    public bool Differentiable { get; init; } = true;

    /// <summary>The axis of the weight (input 1) that counts output units, for constraints on a unit's incoming weights.</summary>
    public Func<NodeContext, int>? UnitAxis { get; init; }

    /// <summary>Multiplications with an addition, from the inputs' shapes and the first output's; <c>null</c>: too few to count.</summary>
    public Func<long[][], long[], long>? MultiplyAdds { get; init; }

    /// <summary>The role of an input slot.</summary>
    public SlotRole RoleOf(int slot) => Inputs.Length == 0 ? SlotRole.Data : Inputs[Math.Min(slot, Inputs.Length - 1)];
}
