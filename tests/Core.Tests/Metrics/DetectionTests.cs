using OnnxKd.Core.Errors;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Metrics;

namespace OnnxKd.Core.Tests.Metrics;

/// <summary>Boxes, suppression and what two detectors have in common, worked out by hand.</summary>
public class DetectionTests
{
    private const int Columns = 6; // a box and two classes

    private static readonly DetectorForm Form = new(BoxForm.Xyxy, HasObjectness: false);

    [Fact]
    public void Overlap_IsIntersectionOverUnion()
    {
        var box = new Box(0, 0, 4, 2);
        Assert.Equal(4 / 12.0, box.Overlap(new(2, 0, 6, 2)), 12); // 2 × 2 in common, 8 + 8 − 4 together
        Assert.Equal(1, box.Overlap(box), 12);
        Assert.Equal(0, box.Overlap(new(4, 0, 8, 2)));
        Assert.Equal(0, new Box(1, 1, 1, 1).Overlap(new(1, 1, 1, 1))); // nothing is covered
    }

    [Fact]
    public void Box_IsReadAsItIsWritten()
    {
        Assert.Equal(new Box(1, 2, 5, 8), Box.Of([3, 5, 4, 6], BoxForm.Xywh));
        Assert.Equal(new Box(1, 2, 5, 8), Box.Of([1, 2, 5, 8], BoxForm.Xyxy));
        Assert.Equal(new Box(1, 2, 5, 8), Box.Of([5, 2, 1, 8], BoxForm.Xyxy));
    }

    [Fact]
    public void Suppression_KeepsTheSurestOfEachPlaceAndClass()
    {
        // Class 0: b overlaps a by 8/12 and goes; c overlaps a by 4/16 and stays; d is below the threshold. Class 1: e is where a is, and stays.
        float[] anchors =
        [
            .. Anchor(0, 0, 10, 1, 0.9, 0.1), // a
            .. Anchor(2, 0, 12, 1, 0.8, 0.1), // b
            .. Anchor(6, 0, 16, 1, 0.7, 0.1), // c
            .. Anchor(50, 0, 60, 1, 0.2, 0.1), // d
            .. Anchor(0, 0, 10, 1, 0.1, 0.6), // e
        ];

        var found = NonMaximumSuppression.Find(anchors, Columns, Form);

        Assert.Equal([(0, 0), (0, 2), (1, 4)], found.Select(detection => (detection.Class, detection.Anchor)));
        Assert.Equal([0.9, 0.7, 0.6], found.Select(detection => Math.Round(detection.Score, 5)));
    }

    [Fact]
    public void Objectness_MultipliesEachScore()
    {
        var form = new DetectorForm(BoxForm.Xyxy, HasObjectness: true);
        float[] anchor = [0, 0, 1, 1, Logit(0.5), Logit(0.8), Logit(0.4)];

        var found = Assert.Single(NonMaximumSuppression.Find(anchor, 7, form, score: 0.3));

        Assert.Equal((0, 0.4), (found.Class, Math.Round(found.Score, 6)));
    }

    /// <summary>Anchors that hold nothing, with certainty: the column that says so is no class.</summary>
    [Theory]
    [InlineData(BackgroundColumn.First, 0.9, 0.06, 0.04)]
    [InlineData(BackgroundColumn.Last, 0.06, 0.04, 0.9)]
    public void Background_IsNothingThatIsFound(BackgroundColumn background, double first, double second, double third)
    {
        var form = Form with { Background = background };
        float[] empty = [0, 0, 1, 1, Logit(first), Logit(second), Logit(third)], held = [.. empty];
        (held[background == BackgroundColumn.First ? 4 : 6], held[5]) = (Logit(0.1), Logit(0.8));

        Assert.Equal(2, form.Classes(7));
        Assert.Empty(NonMaximumSuppression.Find(empty, 7, form));
        Assert.Equal(background == BackgroundColumn.First ? 0 : 1, Assert.Single(NonMaximumSuppression.Find(held, 7, form)).Class);
    }

    [Fact]
    public void Meter_CountsWhatBothFind()
    {
        var meter = new DetectionMeter(Columns, anchors: 2, Form);
        // Sample 1: one box of class 0 moved by a fifth (overlap 8/12), one of class 1 that the model calls class 0. Sample 2: the model misses one of two.
        meter.Add(
            [.. Anchor(2, 0, 12, 1, 0.9, 0), .. Anchor(20, 0, 30, 1, 0.9, 0)],
            [.. Anchor(0, 0, 10, 1, 0.8, 0), .. Anchor(20, 0, 30, 1, 0, 0.8)]);
        meter.Add(
            [.. Anchor(0, 0, 10, 1, 0.9, 0), .. Anchor(20, 0, 30, 1, 0.1, 0)],
            [.. Anchor(0, 0, 10, 1, 0.8, 0), .. Anchor(20, 0, 30, 1, 0.8, 0)]);

        var figures = meter.Result();

        Assert.Equal((4L, 3L, 2L), (figures.Taught, figures.Found, figures.Matched));
        Assert.Equal(4 / 7.0, figures.Agreement!.Value, 12);
        Assert.Equal((2 / 3.0, 0.5), (figures.Precision!.Value, figures.Recall!.Value));
        Assert.Equal((8 / 12.0 + 1) / 2, figures.Overlap!.Value, 6);
    }

    [Fact]
    public void Meter_WithoutDetections_HasNoAgreement()
    {
        var meter = new DetectionMeter(Columns, anchors: 1, Form);
        meter.Add(Anchor(0, 0, 1, 1, 0, 0), Anchor(0, 0, 1, 1, 0, 0));
        Assert.Null(meter.Result().Agreement);
    }

    /// <summary>
    /// The first anchor holds a box of class 0 in every sample; the second one in 2 of 10. The box alone agrees 2 · 10 ÷ (12 + 10); both 2 · 12 ÷ (12 + 20), less.
    /// </summary>
    [Fact]
    public void Constant_IsTheAgreementOfTheBestBoxesThatAreAlwaysTheSame()
    {
        var meter = new DetectionMeter(Columns, anchors: 2, Form, constant: true);
        for (var sample = 0; sample < 10; sample++)
        {
            var taught = Both(0.9, sample < 2 ? 0.9 : 0.01);
            meter.Add(taught, taught);
        }

        var figures = meter.Result();

        Assert.Equal(1, figures.Agreement);
        Assert.Equal(20 / 22.0, figures.Constant!.Value, 12);
    }

    /// <summary>What is always the same is worth no more than the bar, and no boxes at all are worth nothing.</summary>
    [Theory]
    [InlineData(0.9, 0.01)]
    [InlineData(0.9, 0.9)]
    [InlineData(0.01, 0.01)]
    public void Constant_IsReachedByNoModelThatAlwaysGivesTheSame(double first, double second)
    {
        var meter = new DetectionMeter(Columns, anchors: 2, Form, constant: true);
        for (var sample = 0; sample < 20; sample++)
            meter.Add(Both(first, second), Both(0.9, sample % 3 == 0 ? 0.9 : 0.01));

        var figures = meter.Result();

        Assert.True(figures.Agreement <= figures.Constant, $"{figures.Agreement} of {figures.Constant}");
        if (first < 0.25)
            Assert.Equal(0, figures.Agreement);
    }

    [Fact]
    public void Constant_OfATeacherThatFindsNothing_IsNotKnown()
    {
        var meter = new DetectionMeter(Columns, anchors: 2, Form, constant: true);
        for (var sample = 0; sample < 20; sample++)
            meter.Add(Both(0.9, 0.01), Both(0.01, 0.01));
        Assert.Null(meter.Result().Constant);
    }

    private static float[] Both(double first, double second) => [.. Anchor(0, 0, 10, 1, first, 0.01), .. Anchor(20, 0, 30, 1, second, 0.01)];

    [Fact]
    public void Meter_OfWhatIsNoNumber_SaysWhere()
    {
        var meter = new DetectionMeter(Columns, anchors: 1, Form);
        var error = Assert.Throws<CheckFailedException>(() => meter.Add([0, 0, 1, 1, float.NaN, 0], Anchor(0, 0, 1, 1, 0, 0)));
        Assert.Contains("sample 0", error.Message);
    }

    private static float[] Anchor(float x1, float y1, float x2, float y2, params double[] probabilities) => [x1, y1, x2, y2, .. probabilities.Select(Logit)];

    private static float Logit(double p) => p <= 0 ? -30 : (float)Math.Log(p / (1 - p));
}
