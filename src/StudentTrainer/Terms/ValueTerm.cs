using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Signals;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Terms;

/// <summary>
/// A term that compares values (or embeddings) one by one. Differences of values count in units of the teacher's standard deviation in their
/// column, so that neither a column's unit nor the learning rate depends on the other.
/// </summary>
public abstract record ValueTerm : Term
{
    private const SignalKind Taken = SignalKind.Values | SignalKind.Embedding;

    /// <summary>Whether differences are divided by the teacher's standard deviation; default true.</summary>
    [Setting("whether differences count in the teacher's standard deviations over the transfer set (values only)")]
    public bool Standardise { get; init; } = true;

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
        var difference = student.sub(teacher.Values.to(student.dtype));
        return Penalty(Standardise ? difference.div(teacher.Spread.to(student.dtype)) : difference).mean();
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
