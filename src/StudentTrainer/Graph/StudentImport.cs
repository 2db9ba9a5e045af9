namespace OnnxKd.StudentTrainer.Graph;

/// <summary>How a model becomes a student.</summary>
public sealed record StudentImport
{
    /// <summary>The file's weights, and what the plan finds.</summary>
    public static StudentImport Default { get; } = new();

    /// <summary>The output that is learned from; <c>null</c>: the first.</summary>
    public string? Output { get; init; }

    /// <summary>What is learned, where the user knows better than the plan.</summary>
    public ParameterOverrides Parameters { get; init; } = ParameterOverrides.None;
}
