using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Signals;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Terms;

/// <summary>
/// KL(p ‖ q), mean over samples: p and q say how near an embedding lies to each one of a queue of teacher's embeddings, the softmax of cosines
/// ÷ temperature of the teacher's own embedding and of the student's after a projection. Images are averaged over their pixels first. Fang et
/// al., "SEED: self-supervised distillation for visual representation", ICLR 2021, section 3.2, up to the entropy of p, which has no
/// gradient. The queue is the batch.
/// </summary>
public sealed record SimilarityTerm : ProjectedFeatureTerm
{
    /// <summary>τ of the teacher; default 0.01.</summary>
    [Setting("temperature of the teacher's similarities", Above = 0)]
    public double TeacherTemperature { get; init; } = 0.01;

    /// <summary>τ of the student; default 0.2.</summary>
    [Setting("temperature of the student's similarities", Above = 0)]
    public double StudentTemperature { get; init; } = 0.2;

    internal override Tensor Compare(Tensor student, Tensor teacher)
    {
        var queue = Directions(teacher);
        var wanted = queue.mm(queue.t()).div(TeacherTemperature).log_softmax(1);
        var own = Directions(student).mm(queue.t()).div(StudentTemperature).log_softmax(1);
        return nn.functional.kl_div(own, wanted, log_target: true, reduction: nn.Reduction.Sum).div(student.shape[0]);
    }

    private static Tensor Directions(Tensor features) =>
        nn.functional.normalize(features.ndim > 2 ? features.flatten(2).mean([2]) : features, p: 2, dim: 1);
}
