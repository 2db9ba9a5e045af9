using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Signals;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Terms;

/// <summary>A term that compares an inner tensor of the student with one of the teacher.</summary>
public abstract record FeatureTerm : Term
{
    /// <summary>The student's features.</summary>
    [Setting("the student's features: a tensor of its graph (`onnxkd inspect` lists them)", IsRequired = true)]
    public string Student { get; init; } = "";

    /// <summary>The features that are learned from; default: the only ones in the cache.</summary>
    [Setting("features to learn from: a stream of the cache, or `LEARNER/TENSOR`; none: the only ones")]
    public string? Teacher { get; init; }

    internal override IReadOnlyList<SignalUse> Reads => [SignalUse.OwnFeatures(Student), SignalUse.TargetFeatures(Teacher)];

    internal override Tensor Compute(TermSignals signals)
    {
        var student = signals.Student;
        return Compare(signals.WithoutPadding(student), signals.WithoutPadding(signals.TeacherTensor.Values.to(student.dtype)));
    }

    /// <summary>The value of the term.</summary>
    /// <param name="student">[N, ...].</param>
    /// <param name="teacher">[N, ...], without gradient.</param>
    internal abstract Tensor Compare(Tensor student, Tensor teacher);
}

/// <summary>A term that compares features value by value, so that those of the student are brought to the teacher's shape.</summary>
public abstract record ProjectedFeatureTerm : FeatureTerm
{
    /// <summary>The layer between; default <c>auto</c>.</summary>
    [Setting("layer that brings the student's features to the teacher's shape, only in training; auto: linear where shapes differ",
        Words = ["auto", "linear", "mlp", "none"])]
    public string Projector { get; init; } = "auto";

    internal sealed override ProjectionRequest Projection => new(SignalUse.StudentKey, SignalUse.TeacherKey, Projector);
}

/// <summary>A term that compares one vector of each sample: images are averaged over their pixels, sequences over their positions.</summary>
public abstract record PooledFeatureTerm : ProjectedFeatureTerm
{
    internal override Tensor Compute(TermSignals signals)
    {
        var student = Vectors(signals.Student, signals, signals.Counted);
        return Compare(student, Vectors(signals.TeacherTensor.Values.to(student.dtype), signals, signals.Counted));
    }

    /// <summary>The mean of each channel over the positions that count.</summary>
    /// <param name="features">[N, ...].</param>
    /// <param name="signals">Say which axis holds the channels.</param>
    /// <param name="counted">Which positions of their samples count; <c>null</c>: all.</param>
    private protected static Tensor Vectors(Tensor features, TermSignals signals, CountedRows? counted)
    {
        if (features.ndim == 2)
            return features;
        long[] axes = [.. Enumerable.Range(1, (int)features.ndim - 1).Where(axis => axis != signals.ChannelAxis).Select(axis => (long)axis)];
        if (signals.Mask(features, counted)?.to(features.dtype) is not { } mask)
            return features.mean(axes);
        return features.mul(mask).sum(axes).div(mask.sum(axes));
    }
}
