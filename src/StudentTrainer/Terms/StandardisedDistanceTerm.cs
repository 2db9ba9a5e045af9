using OnnxKd.Core.Settings;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Terms;

/// <summary>
/// log Σ |x − y|^α over samples and values, x being the student's features after a projection and y the teacher's, each value standardised
/// over the batch. Images are averaged over their pixels first, sequences over their positions. Miles and Mikolajczyk, "Understanding the role of the projector in knowledge
/// distillation" (SRD), AAAI 2024, equations 8 and 9.
/// </summary>
public sealed record StandardisedDistanceTerm : PooledFeatureTerm
{
    private const double Epsilon = 1e-5;
    private const double SmallestSum = 1e-12;

    // Below it nothing is learned: roots have an infinite slope at 0.
    private const double SmallestDifference = 1e-12;

    /// <summary>α; default 4.</summary>
    [Setting("exponent of the distance", Above = 0)]
    public double Exponent { get; init; } = 4;

    internal override int LeastSamples => 2;

    internal override Tensor Compare(Tensor student, Tensor teacher) =>
        Standard(student).sub(Standard(teacher)).abs().ClampMin(SmallestDifference).Pow(Exponent).sum().Add(SmallestSum).log();

    private static Tensor Standard(Tensor vectors)
    {
        var centred = vectors.sub(vectors.mean([0], keepdim: true));
        return centred.div(centred.Square().mean([0], keepdim: true).Add(Epsilon).sqrt());
    }
}
