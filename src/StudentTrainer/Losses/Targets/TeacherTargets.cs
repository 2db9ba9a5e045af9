using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Losses.Targets;

/// <summary>
/// What the teacher says about each row of a batch, in the form that it was stored in. A row is a valid position of a sample: the sample
/// itself, a frame, a pixel.
/// </summary>
internal abstract class TeacherTargets
{
    /// <summary>The teacher's logits, rows × classes, in a float type of any size; <c>null</c> where some were dropped.</summary>
    public virtual Tensor? Logits => null;

    /// <summary>The class that the teacher puts first, of each row (int64).</summary>
    public abstract Tensor Top { get; }

    /// <summary>
    /// The sum over rows of KL(teacher ‖ student), both softened by a temperature, up to a number that does not depend on the student. Not
    /// multiplied by T².
    /// </summary>
    /// <param name="student">The student's logits, rows × classes.</param>
    /// <param name="temperature">T.</param>
    public abstract Tensor Divergence(Tensor student, double temperature);
}
