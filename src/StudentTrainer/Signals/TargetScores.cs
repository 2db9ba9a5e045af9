using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Signals;

/// <summary>
/// Class scores to learn from, for each position of a batch, in whatever form they were stored. A position is a valid one of a sample: the sample
/// itself, a frame, a pixel. Terms ask for <see cref="Logits"/>, or for a <see cref="Soften"/>ed pair, and never how they were stored.
/// </summary>
internal abstract class TargetScores : StreamSignal
{
    /// <summary>Every logit, positions × classes, in a float type of any size.</summary>
    /// <exception cref="NotSupportedException">Some were dropped; a term that needs all asks before training.</exception>
    public virtual Tensor Logits => throw new NotSupportedException("The cache holds only some of the logits.");

    /// <summary>The class that is put first, of each position (int64).</summary>
    public abstract Tensor Top { get; }

    /// <summary>Whether it can be softened at a temperature: what was dropped may be known at some alone.</summary>
    public virtual bool Knows(double temperature) => true;

    /// <summary>
    /// Log-probabilities of student and teacher at a temperature, on the outcomes that both can be compared on: all classes; the classes that
    /// were kept and all others as one more; the classes that were drawn.
    /// </summary>
    /// <param name="student">The student's logits, positions × classes.</param>
    /// <param name="temperature">T.</param>
    /// <returns>Positions × outcomes each, in the student's type.</returns>
    public abstract (Tensor Student, Tensor Teacher) Soften(Tensor student, double temperature);

    /// <summary>KL(teacher ‖ student) of the softened pair, summed over positions; not multiplied by T².</summary>
    /// <inheritdoc cref="Soften"/>
    public virtual Tensor Divergence(Tensor student, double temperature)
    {
        var (own, target) = Soften(student, temperature);
        return nn.functional.kl_div(own, target, log_target: true, reduction: nn.Reduction.Sum);
    }
}
