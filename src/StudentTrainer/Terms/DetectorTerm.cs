using OnnxKd.Core.Logits;
using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Signals;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Terms;

/// <summary>A term that compares a detector head with a teacher's, anchor by anchor.</summary>
public abstract record DetectorTerm : Term
{
    /// <summary>The boxes and scores that are learned from; default: the cache's.</summary>
    [Setting("boxes and scores to learn from: a stream of the cache; none: the only ones")]
    public string? Teacher { get; init; }

    /// <summary>The boxes and scores that learn; default: the student's.</summary>
    [Setting("boxes and scores that learn: a tensor of the student; none: its output")]
    public string? Student { get; init; }

    internal sealed override IReadOnlyList<SignalUse> Reads =>
        [SignalUse.Own(SignalKind.Detections, Student), SignalUse.Target(SignalKind.Detections, Teacher)];

    internal sealed override void Require(TermShapes shapes) => shapes.RequireStream();

    internal sealed override Tensor Compute(TermSignals signals)
    {
        var teacher = signals.TeacherTensor;
        var values = teacher.Values.to(signals.Student.dtype);
        return Compare(signals.Student, values, WeightOf(values, teacher.Detector), signals);
    }

    /// <summary>The value of the term.</summary>
    /// <param name="student">Anchors × columns.</param>
    /// <param name="teacher">Anchors × columns, without gradient.</param>
    /// <param name="weight">The teacher's best score of each anchor.</param>
    /// <param name="signals">What the columns are, and the time.</param>
    internal abstract Tensor Compare(Tensor student, Tensor teacher, Tensor weight, TermSignals signals);

    /// <summary>The probability of the likeliest class, times the objectness.</summary>
    private static Tensor WeightOf(Tensor teacher, DetectorForm form)
    {
        var best = teacher.narrow(1, form.FirstClass, form.Classes((int)teacher.shape[1])).amax([1]).sigmoid();
        return form.HasObjectness ? best.mul(teacher.select(1, DetectorForm.BoxColumns).sigmoid()) : best;
    }

    /// <summary>The weights' sum; where the teacher finds next to nothing, that of one anchor.</summary>
    private protected static Tensor Sum(Tensor weight) => weight.sum().ClampMin(1);
}
