using OnnxKd.StudentTrainer.Signals;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Terms;

/// <summary>
/// Mean over samples and pixels of (a − b)², a and b being the attention maps of student and teacher: the mean of squares over channels at
/// each pixel, as a vector of length 1. The larger map is averaged down to the smaller. Zagoruyko and Komodakis, "Paying more attention to
/// attention", ICLR 2017, equation 2 with p = 2, as RepDistiller computes it (mean in place of norm).
/// </summary>
public sealed record AttentionTerm : FeatureTerm
{
    internal override void Require(TermShapes shapes) => shapes.RequireAxes(3, "[channels, height, width]");

    internal override Tensor Compare(Tensor student, Tensor teacher)
    {
        var (height, width) = (Math.Min(student.shape[2], teacher.shape[2]), Math.Min(student.shape[3], teacher.shape[3]));
        return nn.functional.mse_loss(Map(student, height, width), Map(teacher, height, width), nn.Reduction.Mean);
    }

    private static Tensor Map(Tensor features, long height, long width)
    {
        var sized = features.shape[2] == height && features.shape[3] == width
            ? features
            : nn.functional.adaptive_avg_pool2d(features, (height, width));
        return nn.functional.normalize(sized.Square().mean([1]).flatten(1), p: 2, dim: 1);
    }
}
