using System.Text.Json.Nodes;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Logits;
using OnnxKd.StudentTrainer.Signals;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Terms;

/// <summary>
/// A term whose formula a program brings along; recipes have none. It compares an output of the student with a teacher's, position by position: a
/// position is a sample, or a frame, pixel or anchor of one that is no padding.
/// </summary>
/// <example>
/// Reverse KL, which looks for a mode of the teacher's distribution:
/// <code>
/// new OwnTerm("reverse-kl", OutputKind.Classes, (student, teacher) =>
///     functional.kl_div(functional.log_softmax(teacher, 1), functional.log_softmax(student, 1), reduction: Reduction.Sum, log_target: true) / student.shape[0]);
/// </code>
/// </example>
public sealed record OwnTerm : Term
{
    private readonly string name = "";
    private readonly Func<Tensor, Tensor, Tensor> formula = (_, _) => throw new NotSupportedException();

    /// <summary>A term.</summary>
    /// <param name="name">
    /// Its name in figures and messages, and what a checkpoint knows it by: a formula that has changed needs another name, or the training another folder.
    /// </param>
    /// <param name="holds">What is compared.</param>
    /// <param name="formula">
    /// Gives the value, a scalar that gradients flow through, of the student's scores (or values) and the teacher's: positions × columns each, in one type
    /// and on one device. Class scores are logits, before any softmax. What it makes is disposed with the step; what it is given it must not change.
    /// </param>
    /// <exception cref="ArgumentException">The name is empty, or that of another term.</exception>
    public OwnTerm(string name, OutputKind holds, Func<Tensor, Tensor, Tensor> formula)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(formula);
        if (Kinds.Find(name) is not null)
            throw new ArgumentException($"'{name}' is the name of another term.", nameof(name));
        (this.name, Holds, this.formula) = (name, holds, formula);
    }

    private OwnTerm()
    {
    }

    /// <inheritdoc/>
    public override string Name => name;

    /// <summary>What is compared.</summary>
    public OutputKind Holds { get; }

    /// <summary>What is learned from: a stream of the cache, or <c>LEARNER/TENSOR</c>; default: the only one of its kind.</summary>
    public string? Teacher { get; init; }

    /// <summary>What learns: a tensor of the student; default: its output.</summary>
    public string? Student { get; init; }

    internal override IReadOnlyList<SignalUse> Reads => [SignalUse.Own(Holds.Signal(), Student), SignalUse.Target(Holds.Signal(), Teacher)];

    internal override JsonObject Identity => new()
    {
        ["own"] = name, ["holds"] = Holds.ToString(), ["weight"] = Weight.ToString(), ["teacher"] = Teacher, ["student"] = Student,
    };

    internal override void Require(TermShapes shapes) => shapes.RequireEveryLogit();

    internal override Tensor Compute(TermSignals signals)
    {
        var teacher = signals.Target(SignalUse.TeacherKey) is TargetScores scores ? scores.Logits : signals.TeacherTensor.Values;
        var value = formula(signals.Student, teacher.to(signals.Student.dtype));
        if (value is null)
            throw new InputException("The formula of a term gives nothing.", $"objective, term '{name}'", "null", "a tensor that holds one number", "return the value");
        if (is_grad_enabled() && signals.Student.requires_grad && !value.requires_grad)
            throw new InputException(
                "The formula of a term gives a value without a gradient.", $"objective, term '{name}'", "a value that does not depend on the student's output, or was detached from it",
                "a value that gradients flow through to the student's output", "compute it from the first argument, without detach, no_grad, argmax, comparisons or numbers read by item");
        return value.numel() == 1 ? value.reshape([]) : throw new InputException(
            "The formula of a term gives no scalar.", $"objective, term '{name}'", $"a tensor of shape [{string.Join(", ", value.shape)}]", "one number",
            "end it with a mean over positions");
    }
}
