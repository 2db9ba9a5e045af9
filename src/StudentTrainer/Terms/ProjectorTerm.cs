using OnnxKd.Core.Settings;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Terms;

/// <summary>
/// log Σ |x − y|^α over samples and values, x being the student's features after a projection and y the teacher's, each value standardised
/// over the batch. Images are averaged over their pixels first. Miles and Mikolajczyk, "Understanding the role of the projector in knowledge
/// distillation" (SRD), AAAI 2024, equations 8 and 9.
/// </summary>
public sealed record ProjectorTerm : ProjectedFeatureTerm
{
    private const double Epsilon = 1e-5;
    private const double SmallestSum = 1e-12;

    /// <summary>α; default 4.</summary>
    [Setting("exponent of the distance", Above = 0)]
    public double Exponent { get; init; } = 4;

    internal override Tensor Compare(Tensor student, Tensor teacher) =>
        Standard(student).sub(Standard(teacher)).abs().Pow(Exponent).sum().Add(SmallestSum).log();

    private static Tensor Standard(Tensor features)
    {
        var vectors = features.ndim > 2 ? features.flatten(2).mean([2]) : features;
        var centred = vectors.sub(vectors.mean([0], keepdim: true));
        return centred.div(centred.Square().mean([0], keepdim: true).Add(Epsilon).sqrt());
    }
}
