using OnnxKd.Core.Settings;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Terms;

/// <summary>
/// How samples of a batch lie to one another: Huber loss between the distances of all pairs, in units of their mean, and between the cosines
/// of the angles of all triples. Features may differ in size. Park et al., "Relational knowledge distillation", CVPR 2019, equations 5 to 9.
/// </summary>
public sealed record RelationalTerm : FeatureTerm
{
    private const double SmallestSquare = 1e-12;

    // Squared distances below this share of their mean are rounding.
    private const double SmallestShare = 1e-6;

    /// <summary>The factor of distances; default 1.</summary>
    [Setting("factor of the distances of pairs", AtLeast = 0)]
    public double Distance { get; init; } = 1;

    /// <summary>The factor of angles; default 2.</summary>
    [Setting("factor of the angles of triples", AtLeast = 0)]
    public double Angle { get; init; } = 2;

    internal override int LeastSamples => 3;

    internal override Tensor Compare(Tensor student, Tensor teacher)
    {
        var (x, y) = (student.flatten(1), teacher.flatten(1));
        var loss = x.sum().Mul(0); // a last batch of one sample has no pairs
        if (x.shape[0] < 2)
            return loss;
        if (Distance > 0)
            loss = loss.Add(nn.functional.huber_loss(Distances(x), Distances(y), reduction: nn.Reduction.Mean), Distance);
        return Angle > 0 ? loss.Add(nn.functional.huber_loss(Angles(x), Angles(y), reduction: nn.Reduction.Mean), Angle) : loss;
    }

    /// <summary>N × N distances, divided by the mean of those between different samples.</summary>
    private static Tensor Distances(Tensor x)
    {
        var count = x.shape[0];
        var products = x.mm(x.t());
        var squares = products.diagonal();
        var distances = squares.unsqueeze(0).Add(squares.unsqueeze(1)).sub(products.Mul(2)).ClampMin(SmallestSquare).sqrt();
        var apart = distances.mul(eye(count, dtype: x.dtype, device: x.device).neg().Add(1));
        return apart.div(apart.sum().Div(count * (count - 1.0)).ClampMin(SmallestSquare));
    }

    /// <summary>
    /// N × N × N cosines: of the angle at the first sample between the other two; 0 where two of them are the same. From products of samples: differences of all pairs would take
    /// N times the memory of the features.
    /// </summary>
    private static Tensor Angles(Tensor x)
    {
        var centred = x.sub(x.mean([0], keepdim: true)); // which loses fewer digits
        var products = centred.mm(centred.t());
        var squares = products.diagonal();
        var distances = squares.unsqueeze(0).Add(squares.unsqueeze(1)).sub(products.Mul(2));
        var least = distances.detach().mean().Mul(SmallestShare).ClampMin(SmallestSquare);
        var inverse = distances.maximum(least).rsqrt().mul(distances.detach().gt(least));
        var inner = products.unsqueeze(0).sub(products.unsqueeze(1)).sub(products.unsqueeze(2)).Add(squares.view(-1, 1, 1));
        return inner.mul(inverse.unsqueeze(1)).mul(inverse.unsqueeze(2));
    }
}
