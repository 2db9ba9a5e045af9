using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.StudentTrainer.Signals;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.StudentTrainer.Tests.Support;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Terms;

/// <summary>Terms of detector heads, against their formulas worked out in plain double precision, and finite differences.</summary>
public sealed class DetectorTermTests : IDisposable
{
    private const int Anchors = 3;
    private const int Columns = 7;

    // Boxes as xywh: the first two overlap, of the third pair nothing does.
    private readonly double[] student = [5, 5, 4, 6, 0.3, -1, 2, 6, 6, 2, 2, -0.5, 0.7, 0.1, 1, 1, 1, 2, 1.5, -2, 0.4];
    private readonly double[] teacher = [6, 5, 4, 4, 1.3, -0.5, 1, 6, 7, 3, 3, 0.5, 0.2, -1.1, 9, 8, 2, 1, -0.4, 0.9, -3];

    private readonly DisposeScope scope = torch.NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Theory]
    [InlineData(1, false)]
    [InlineData(3, false)]
    [InlineData(2, true)]
    public void Scores_AreTheDivergenceOfEach_OverTheTeachersBestScores(double temperature, bool hasObjectness)
    {
        double sum = 0, best = 0;
        for (var a = 0; a < Anchors; a++)
        {
            for (var c = 4; c < Columns; c++)
            {
                var (q, p) = (Sigmoid(student[a * Columns + c] / temperature), Sigmoid(teacher[a * Columns + c] / temperature));
                sum += p * Math.Log(p / q) + (1 - p) * Math.Log((1 - p) / (1 - q));
            }

            best += Best(a, hasObjectness);
        }

        Assert.Equal(sum / Math.Max(1, best) * temperature * temperature, Value(new DetectorScoresTerm { Temperature = temperature }, student, BoxForm.Xywh, hasObjectness), 10);
    }

    /// <summary>The background is learned as every score is; how much an anchor counts, the classes say.</summary>
    [Theory]
    [InlineData(BackgroundColumn.First, 5, 7)]
    [InlineData(BackgroundColumn.Last, 4, 6)]
    public void Background_IsLearned_AndWeighsNothing(BackgroundColumn background, int first, int end)
    {
        double sum = 0, best = 0;
        for (var a = 0; a < Anchors; a++)
        {
            for (var c = 4; c < Columns; c++)
            {
                var (q, p) = (Sigmoid(student[a * Columns + c]), Sigmoid(teacher[a * Columns + c]));
                sum += p * Math.Log(p / q) + (1 - p) * Math.Log((1 - p) / (1 - q));
            }

            best += teacher[(a * Columns + first)..(a * Columns + end)].Select(Sigmoid).Max();
        }

        var signals = new TermSignals(
            new Dictionary<string, torch.Tensor> { [SignalUse.StudentKey] = Matrix(student) },
            new Dictionary<string, StreamSignal> { [SignalUse.TeacherKey] = new TargetTensor(Matrix(teacher), Detections(new(BoxForm.Xywh, false) { Background = background })) }, null, 0);
        Assert.Equal(sum / Math.Max(1, best), new DetectorScoresTerm().Compute(signals).item<double>(), 10);
    }

    [Theory]
    [InlineData(BoxForm.Xywh)]
    [InlineData(BoxForm.Xyxy)]
    public void Boxes_AreOneMinusGeneralisedOverlap_WeightedByTheTeachersBestScores(BoxForm form)
    {
        double sum = 0, weights = 0;
        for (var a = 0; a < Anchors; a++)
        {
            var (own, taught) = (Corners(student, a, form), Corners(teacher, a, form));
            double Area(double[] box) => Math.Max(0, box[2] - box[0]) * Math.Max(0, box[3] - box[1]);
            var common = Area([Math.Max(own[0], taught[0]), Math.Max(own[1], taught[1]), Math.Min(own[2], taught[2]), Math.Min(own[3], taught[3])]);
            var around = Area([Math.Min(own[0], taught[0]), Math.Min(own[1], taught[1]), Math.Max(own[2], taught[2]), Math.Max(own[3], taught[3])]);
            var together = Area(own) + Area(taught) - common;
            sum += (1 - (common / together - (around - together) / around)) * Best(a, false);
            weights += Best(a, false);
        }

        Assert.Equal(sum / weights, Value(new DetectorBoxesTerm(), form == BoxForm.Xywh ? student : Ordered(student), form, false, form == BoxForm.Xywh ? null : Ordered(teacher)), 10);
    }

    [Fact]
    public void Boxes_BySmoothL1_CountInUnitsOfTheTeachersMoves()
    {
        double sum = 0, weights = 0;
        for (var a = 0; a < Anchors; a++)
        {
            var losses = Enumerable.Range(0, 4).Select(c => Math.Abs(student[a * Columns + c] - teacher[a * Columns + c]) / Spread[c]).Select(d => d < 1 ? d * d / 2 : d - 0.5);
            sum += losses.Average() * Best(a, false);
            weights += Best(a, false);
        }

        Assert.Equal(sum / weights, Value(new DetectorBoxesTerm { Loss = "smooth-l1" }, student, BoxForm.Xywh, false), 7); // the spread is float32
    }

    [Fact]
    public void Box_TurnedInsideOut_GrowsAgain()
    {
        double[] values = [.. student];
        values[2] = -1; // a width below 0
        using var x = Matrix(values).requires_grad_();
        new DetectorBoxesTerm().Compute(Signals(x, BoxForm.Xywh, false)).backward();
        Assert.True(x.grad![0, 2].item<double>() < 0);
    }

    public static TheoryData<Term, BoxForm> Terms => new()
    {
        { new DetectorScoresTerm { Temperature = 2 }, BoxForm.Xywh }, { new DetectorBoxesTerm(), BoxForm.Xywh }, { new DetectorBoxesTerm { Loss = "smooth-l1" }, BoxForm.Xywh },
    };

    [Theory]
    [MemberData(nameof(Terms))]
    public void Gradient_EqualsFiniteDifferences(Term term, BoxForm form)
    {
        const double Step = 1e-6;
        using var x = Matrix(student).requires_grad_();
        term.Compute(Signals(x, form, false)).backward();
        for (var i = 0; i < student.Length; i++)
        {
            double At(double change) => Value(term, [.. student.Select((z, j) => j == i ? z + change : z)], form, false);
            Assert.Equal((At(Step) - At(-Step)) / (2 * Step), x.grad![i / Columns, i % Columns].item<double>(), 5);
        }
    }

    private static readonly float[] Spread = [2, 0.5f, 3, 1, 1, 1, 1];

    private double Best(int anchor, bool hasObjectness)
    {
        var scores = teacher[(anchor * Columns + 4)..((anchor + 1) * Columns)].Select(Sigmoid).ToArray();
        return hasObjectness ? scores[0] * scores[1..].Max() : scores.Max();
    }

    private static double[] Corners(double[] values, int anchor, BoxForm form)
    {
        var box = values[(anchor * Columns)..(anchor * Columns + 4)];
        return form == BoxForm.Xywh ? [box[0] - box[2] / 2, box[1] - box[3] / 2, box[0] + box[2] / 2, box[1] + box[3] / 2]
            : [box[0], box[1], box[0] + box[2], box[1] + box[3]];
    }

    /// <summary>The same with sizes turned into second corners.</summary>
    private static double[] Ordered(double[] values) => [.. values.Select((value, i) => i % Columns is 2 or 3 ? values[i - 2] + value : value)];

    private double Value(Term term, double[] values, BoxForm form, bool hasObjectness, double[]? taught = null) =>
        term.Compute(Signals(Matrix(values), form, hasObjectness, taught)).item<double>();

    private TermSignals Signals(torch.Tensor own, BoxForm form, bool hasObjectness, double[]? taught = null) => new(
        new Dictionary<string, torch.Tensor> { [SignalUse.StudentKey] = own },
        new Dictionary<string, StreamSignal> { [SignalUse.TeacherKey] = new TargetTensor(Matrix(taught ?? teacher), Detections(new(form, hasObjectness))) }, null, 0);

    private static OutputForm Detections(DetectorForm detector) =>
        new(Sets.Logits("detections", [Anchors, Columns]) with { Kind = StreamKind.Detection, Detector = detector }) { Scale = new(Spread) };

    private static torch.Tensor Matrix(double[] values) => torch.tensor(values, [Anchors, Columns]);

    private static double Sigmoid(double z) => 1 / (1 + Math.Exp(-z));
}
