using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Signals;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Terms;

/// <summary>1 − cos of the angle between the embeddings of student and teacher, mean over positions.</summary>
public sealed record CosineTerm : Term
{
    /// <summary>The embeddings that are learned from; default: the cache's.</summary>
    [Setting("embeddings to learn from: a stream of the cache, or `LEARNER/TENSOR`; none: the only ones")]
    public string? Teacher { get; init; }

    /// <summary>The embeddings that learn; default: the student's.</summary>
    [Setting("embeddings that learn: a tensor of the student; none: its output")]
    public string? Student { get; init; }

    internal override IReadOnlyList<SignalUse> Reads => [SignalUse.Own(SignalKind.Embedding, Student), SignalUse.Target(SignalKind.Embedding, Teacher)];

    internal override Tensor Compute(TermSignals signals)
    {
        var student = signals.Student;
        var teacher = signals.TeacherTensor.Values.to(student.dtype);
        return nn.functional.normalize(student, p: 2, dim: 1).mul(nn.functional.normalize(teacher, p: 2, dim: 1)).sum(1).mean().neg().Add(1);
    }
}
