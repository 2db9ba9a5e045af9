using OnnxKd.Core.Logits;
using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Signals;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Terms;

/// <summary>
/// How far the student's boxes are from the teacher's, mean over anchors, each weighted by the teacher's best score there, so that boxes of nothing are not learned:
/// Mehta and Ozturk, "Object detection at 200 frames per second", ECCV workshops 2018, section 4.2. The distance is 1 − GIoU (Rezatofighi et al., "Generalized
/// intersection over union", CVPR 2019, algorithm 1), or smooth L1 (Girshick, "Fast R-CNN", ICCV 2015, equation 3), mean over the four numbers, each in units of how far the
/// teacher's boxes move at an anchor.
/// </summary>
public sealed record DetectorBoxesTerm : DetectorTerm
{
    private const double Smallest = 1e-9;

    /// <summary>The distance; default GIoU.</summary>
    [Setting("distance of two boxes: `giou`, or `smooth-l1` in standard deviations", Words = ["giou", "smooth-l1"])]
    public string Loss { get; init; } = "giou";

    internal override Tensor Compare(Tensor student, Tensor teacher, Tensor weight, TermSignals signals)
    {
        var (own, taught) = (student.narrow(1, 0, DetectorForm.BoxColumns), teacher.narrow(1, 0, DetectorForm.BoxColumns));
        var distance = Loss == "giou"
            ? Generalised(Corners(own, signals.TeacherTensor.Detector.Boxes), Corners(taught, signals.TeacherTensor.Detector.Boxes))
            : SmoothL1(signals.TeacherTensor.Scale(pullsIn: false)!.Difference(student, teacher).narrow(1, 0, DetectorForm.BoxColumns));
        return distance.mul(weight).sum().div(Sum(weight));
    }

    private static Tensor SmoothL1(Tensor difference)
    {
        var size = difference.abs();
        var within = size.ClampMax(1);
        return within.Square().Mul(0.5).Add(size.sub(within)).mean([1]);
    }

    /// <summary>The two corners of boxes. A size below 0 counts as 0, with the gradient of what it is, so that it grows.</summary>
    private static (Tensor Low, Tensor High) Corners(Tensor boxes, BoxForm form)
    {
        var (first, second) = (boxes.narrow(1, 0, 2), boxes.narrow(1, 2, 2));
        var low = form == BoxForm.Xyxy ? first : first.sub(FromZero(second).Mul(0.5));
        var size = FromZero(form == BoxForm.Xyxy ? second.sub(first) : second);
        return (low, low.Add(size));
    }

    private static Tensor FromZero(Tensor size) => size.Add(size.ClampMin(0).sub(size).detach());

    private static Tensor Generalised((Tensor Low, Tensor High) a, (Tensor Low, Tensor High) b)
    {
        var common = Area(a.Low.maximum(b.Low), a.High.minimum(b.High));
        var around = Area(a.Low.minimum(b.Low), a.High.maximum(b.High)).ClampMin(Smallest);
        var together = Area(a.Low, a.High).Add(Area(b.Low, b.High)).sub(common);
        // 1 − (common ÷ together − (around − together) ÷ around)
        return common.div(together.ClampMin(Smallest)).neg().Add(2).sub(together.div(around));
    }

    private static Tensor Area(Tensor low, Tensor high)
    {
        var size = high.sub(low).ClampMin(0);
        return size.select(1, 0).mul(size.select(1, 1));
    }
}
