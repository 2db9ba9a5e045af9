using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Signals;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Terms;

/// <summary>
/// T² ÷ C · Σ over channels of KL(teacher ‖ student), mean over samples: the values of a channel become a distribution over pixels, so that the
/// student learns where each channel is active. For dense maps. Shu et al., "Channel-wise knowledge distillation for dense prediction", ICCV
/// 2021, equation 5.
/// </summary>
public sealed record ChannelWiseTerm : ProjectedFeatureTerm
{
    /// <summary>T; default 4.</summary>
    [Setting("temperature of the distributions over pixels", Above = 0)]
    public double Temperature { get; init; } = 4;

    internal override void Require(TermShapes shapes) => shapes.RequireAxes(3, "[channels, height, width]");

    internal override Tensor Compare(Tensor student, Tensor teacher) =>
        nn.functional.kl_div(Distribution(student), Distribution(teacher), log_target: true, reduction: nn.Reduction.Sum)
            .Mul(Temperature * Temperature / (student.shape[0] * student.shape[1]));

    private Tensor Distribution(Tensor maps) => maps.flatten(2).Div(Temperature).log_softmax(2);
}
