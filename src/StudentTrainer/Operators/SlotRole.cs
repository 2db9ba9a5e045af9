namespace OnnxKd.StudentTrainer.Operators;

/// <summary>What a tensor of the file is taken for when it sits in an input slot of an operator.</summary>
internal enum SlotRole
{
    /// <summary>Plain data or a setting: a tensor of the file stays as it is.</summary>
    Data,

    /// <summary>Learned: a kernel or a matrix.</summary>
    Weight,

    /// <summary>Learned: added to what a weight gives.</summary>
    Bias,

    /// <summary>Learned: the factor of a normalisation.</summary>
    Scale,

    /// <summary>Learned: an activation's slope.</summary>
    Slope,

    /// <summary>Learned: a table whose rows are looked up.</summary>
    Embedding,

    /// <summary>Learned: the weights and biases of a recurrent layer.</summary>
    Recurrent,

    /// <summary>Kept with the weights, but not learned by gradient: running statistics.</summary>
    Statistic,

    /// <summary>
    /// Learned if another input comes from a learned operator (a bias written as Add, a class token joined by Concat); else data (a mean
    /// to subtract). If all inputs are tensors of the file, the output's consumers decide.
    /// </summary>
    Operand,

    /// <summary>The operator only rearranges: its output's consumers decide.</summary>
    Passed,
}

/// <summary>Groups of roles.</summary>
internal static class SlotRoles
{
    /// <summary>Whether a float tensor in this slot is learned, whatever else the node reads.</summary>
    public static bool IsLearned(this SlotRole role) =>
        role is SlotRole.Weight or SlotRole.Bias or SlotRole.Scale or SlotRole.Slope or SlotRole.Embedding or SlotRole.Recurrent;
}
