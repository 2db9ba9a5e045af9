using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Signals;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Terms;

/// <summary>
/// KL(p ‖ q), mean over samples: p and q say how near an embedding lies to each one of many teacher's embeddings, the softmax of cosines
/// ÷ temperature of the teacher's own embedding and of the student's after a projection. Images are averaged over their pixels first, sequences over their positions. Fang et
/// al., "SEED: self-supervised distillation for visual representation", ICLR 2021, section 3.2, up to the entropy of p, which has no gradient.
/// </summary>
/// <remarks>The paper's queue holds the embeddings of earlier batches. A cache has them all, so they are drawn from it, and nothing is kept.</remarks>
public sealed record SimilarityTerm : PooledFeatureTerm
{
    private const string QueueKey = "queue";

    /// <summary>τ of the teacher; default 0.01.</summary>
    [Setting("temperature of the teacher's similarities", Above = 0)]
    public double TeacherTemperature { get; init; } = 0.01;

    /// <summary>τ of the student; default 0.2.</summary>
    [Setting("temperature of the student's similarities", Above = 0)]
    public double StudentTemperature { get; init; } = 0.2;

    /// <summary>Embeddings that are drawn from the cache in each step, besides the batch's own; default 1024.</summary>
    [Setting("embeddings that are drawn from the cache in each step, besides the batch's own", AtLeast = 0, AtMost = 1 << 20)]
    public int Queue { get; init; } = 1024;

    internal override IReadOnlyList<SignalUse> Reads => Queue == 0
        ? base.Reads
        : [.. base.Reads, SignalUse.TargetFeatures(Teacher) with { Key = QueueKey, Drawn = Queue }];

    internal override int LeastSamples => Queue == 0 ? 2 : 1;

    internal override Tensor Compute(TermSignals signals)
    {
        if (Queue == 0)
            return base.Compute(signals);
        var student = Vectors(signals.Student, signals, signals.Counted);
        var (teacher, queue) = (Taught(signals.TeacherTensor, signals.Counted), Taught((TargetTensor)signals.Target(QueueKey), signals.CountedDrawn));
        return Compare(student, teacher, cat([teacher, queue], 0));

        Tensor Taught(TargetTensor features, CountedRows? counted) => Vectors(features.Values.to(student.dtype), signals, counted);
    }

    internal override Tensor Compare(Tensor student, Tensor teacher) => Compare(student, teacher, teacher);

    /// <summary>The value of the term.</summary>
    /// <param name="student">[N, features].</param>
    /// <param name="teacher">[N, features], without gradient.</param>
    /// <param name="queue">[M, features], without gradient.</param>
    internal Tensor Compare(Tensor student, Tensor teacher, Tensor queue)
    {
        var others = Directions(queue).t();
        var wanted = Directions(teacher).mm(others).Div(TeacherTemperature).log_softmax(1);
        var own = Directions(student).mm(others).Div(StudentTemperature).log_softmax(1);
        return nn.functional.kl_div(own, wanted, log_target: true, reduction: nn.Reduction.Sum).Div(student.shape[0]);
    }

    private static Tensor Directions(Tensor vectors) => nn.functional.normalize(vectors, p: 2, dim: 1);
}
