namespace OnnxKd.Core.Errors;

/// <summary>What the process returns to its caller; scripts may rely on the numbers.</summary>
public enum ExitCode
{
    /// <summary>The command did what was asked.</summary>
    Done = 0,

    /// <summary>An error that is none of the others: a defect.</summary>
    Failure = 1,

    /// <summary>Bad usage, recipe or input, or a machine that refuses (a full disk, no permission, a limit).</summary>
    BadInput = 2,

    /// <summary>The model is valid, but uses something that is not supported.</summary>
    UnsupportedModel = 3,

    /// <summary>A check failed: parity, hash or verification.</summary>
    CheckFailed = 4,

    /// <summary>Stopped by the user, with a checkpoint saved.</summary>
    Cancelled = 130,
}
