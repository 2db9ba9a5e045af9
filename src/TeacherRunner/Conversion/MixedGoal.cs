namespace OnnxKd.TeacherRunner.Conversion;

/// <summary>How close a model in mixed precision must be to its original.</summary>
/// <param name="Tolerance">The error that each output may have.</param>
public sealed record MixedGoal(double Tolerance)
{
    /// <summary>The error of an output; default: <see cref="OutputDifference.RelativeError"/>.</summary>
    public Func<OutputDifference, double> ErrorOf { get; init; } = output => output.RelativeError;
}
