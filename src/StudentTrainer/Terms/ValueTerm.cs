using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Signals;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Terms;

/// <summary>
/// A term that compares values (or embeddings) one by one. Differences of values count in units of the teacher's standard deviation in their
/// column, so that neither a column's unit nor the learning rate depends on the other; where a few far values decide that deviation, in those of logarithms.
/// </summary>
public abstract record ValueTerm : Term
{
    private const SignalKind Taken = SignalKind.Values | SignalKind.Embedding;

    /// <summary>Whether differences are divided by the teacher's standard deviation; default true.</summary>
    [Setting("whether differences count in the teacher's standard deviations over the transfer set (values only)")]
    public bool Standardise { get; init; } = true;

    /// <summary>
    /// Whether columns that a few far values decide are compared by logarithms, sign(z) · ln(1 + |z|) of z = (value − centre) ÷ unit, before they are standardised;
    /// default true. Without it, amounts over orders of magnitude are learned from the largest alone.
    /// </summary>
    [Setting("whether columns that a few far values decide are compared by logarithms (values only; with `standardise`)")]
    public bool PullIn { get; init; } = true;

    /// <summary>The values that are learned from; default: the cache's.</summary>
    [Setting("values or embeddings to learn from: a stream of the cache, or `LEARNER/TENSOR`; none: the only ones")]
    public string? Teacher { get; init; }

    /// <summary>The values that learn; default: the student's.</summary>
    [Setting("values that learn: a tensor of the student; none: its output")]
    public string? Student { get; init; }

    internal sealed override IReadOnlyList<SignalUse> Reads => [SignalUse.Own(Taken, Student), SignalUse.Target(Taken, Teacher)];

    internal sealed override Tensor Compute(TermSignals signals)
    {
        var (student, teacher) = (signals.Student, signals.TeacherTensor);
        var taught = teacher.Values.to(student.dtype);
        return Penalty(Standardise && teacher.Scale(PullIn) is { } scale ? scale.Difference(student, taught) : student.sub(taught)).mean();
    }

    /// <summary>What each difference costs.</summary>
    /// <param name="difference">Positions × columns.</param>
    internal abstract Tensor Penalty(Tensor difference);
}

/// <summary>(z − v)², mean over positions and columns.</summary>
public sealed record SquaredErrorTerm : ValueTerm
{
    internal override Tensor Penalty(Tensor difference) => difference.Square();
}

/// <summary>|z − v|, mean over positions and columns.</summary>
public sealed record AbsoluteErrorTerm : ValueTerm
{
    internal override Tensor Penalty(Tensor difference) => difference.abs();
}

/// <summary>
/// ½ d² up to δ and δ · (|d| − ½ δ) beyond it, d being the difference, mean over positions and columns. Huber, "Robust estimation of a location
/// parameter", 1964.
/// </summary>
public sealed record HuberTerm : ValueTerm
{
    /// <summary>δ; default 1.</summary>
    [Setting("where the square ends and the straight line begins", Above = 0)]
    public double Delta { get; init; } = 1;

    internal override Tensor Penalty(Tensor difference)
    {
        var size = difference.abs();
        var within = size.ClampMax(Delta);
        return within.Square().Mul(0.5).Add(size.sub(within).Mul(Delta));
    }
}
