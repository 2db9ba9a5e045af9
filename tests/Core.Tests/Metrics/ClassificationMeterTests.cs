using OnnxKd.Core.Errors;
using OnnxKd.Core.Metrics;

namespace OnnxKd.Core.Tests.Metrics;

public class ClassificationMeterTests
{
    private static readonly float Log3 = MathF.Log(3);

    [Fact]
    public void Result_TwoClassesWorkedByHand_HasEveryFigure()
    {
        // Probabilities (3/4, 1/4), (1/4, 3/4), (1/2, 1/2): top classes 0, 1, 0 (a tie goes to the first).
        var meter = new ClassificationMeter(2);
        meter.Add([Log3, 0, 0, Log3], [0, 0], [1, 0, 1, 0]);
        meter.Add([5, 5], [1], [0, 1]);

        var result = meter.Result();

        Assert.Equal(3, result.Samples);
        Assert.Equal(2, result.Errors);
        Assert.Equal(1.0 / 3, result.Accuracy, 12);
        // −(ln 3/4 + ln 1/4 + ln 1/2) ÷ 3.
        Assert.Equal((Math.Log(4.0 / 3) + Math.Log(4) + Math.Log(2)) / 3, result.Nll, 6);
        // Bin of 3/4: two samples, one right, gap |1/2 − 3/4|; bin of 1/2: one sample, wrong, gap 1/2.
        Assert.Equal(2.0 / 3 * 0.25 + 1.0 / 3 * 0.5, result.Ece, 6);
        Assert.Equal(1.0 / 3, result.Agreement!.Value, 12);
    }

    [Fact]
    public void Reliability_TwoBins_HoldsMeansWhoseGapsMakeTheCalibrationError()
    {
        var meter = new ClassificationMeter(2);
        meter.Add([Log3, 0, 0, Log3, 5, 5, 0, 0], [0, 0, 1, -1]);

        // As above; the row without a label is in no bin.
        Assert.Equal([1, 2], meter.Reliability.Select(bin => bin.Samples));
        Assert.Equal([0.5, 0.75], meter.Reliability.Select(bin => bin.Confidence), (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.Equal([0, 0.5], meter.Reliability.Select(bin => bin.Accuracy));
        Assert.Equal(meter.Result().Ece, meter.Reliability.Sum(bin => bin.Samples * Math.Abs(bin.Confidence - bin.Accuracy)) / 3, 12);
    }

    [Fact]
    public void Result_WithoutTeacher_HasNoAgreement()
    {
        var meter = new ClassificationMeter(3);
        meter.Add([1, 2, 3], [2]);

        Assert.Null(meter.Result().Agreement);
        Assert.Equal(0, meter.Result().Errors);
    }

    [Fact]
    public void Result_RowsWithoutALabel_CountInAgreementAlone()
    {
        var (all, known) = (new ClassificationMeter(2), new ClassificationMeter(2));
        all.Add([Log3, 0, 0, Log3, 5, 1], [1, -1, 0], [1, 0, 0, 1, 0, 1]);
        known.Add([Log3, 0, 5, 1], [1, 0]);

        Assert.Equal(known.Result(), all.Result() with { Agreement = null });
        Assert.Equal(2.0 / 3, all.Result().Agreement!.Value, 12);
    }

    [Fact]
    public void Result_HugeLogits_DoNotOverflow()
    {
        var meter = new ClassificationMeter(2);
        meter.Add([3e38f, -3e38f, 1000, 0], [0, 1]);

        Assert.Equal(500, meter.Result().Nll, 9);
        Assert.Equal(0.5, meter.Result().Ece, 12);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void Add_NonFiniteLogit_NamesSampleAndClass(float bad)
    {
        var meter = new ClassificationMeter(2);
        meter.Add([0, 1], [1]);

        var error = Assert.Throws<CheckFailedException>(() => meter.Add([0, 1, 0, bad], [1, 1]));

        Assert.Contains("sample 2 of", error.Message);
        Assert.Contains("class 1", error.Message);
    }

    [Fact]
    public void Add_WrongLengthsOrLabels_Throws()
    {
        var meter = new ClassificationMeter(2);

        Assert.Throws<ArgumentException>(() => meter.Add([0, 1, 2], [1]));
        Assert.Throws<ArgumentException>(() => meter.Add([0, 1], [1], [0]));
        Assert.Throws<ArgumentOutOfRangeException>(() => meter.Add([0, 1], [2]));
        Assert.Throws<InvalidOperationException>(() => new ClassificationMeter(2).Result());
    }

    [Fact]
    public void Result_TeacherInSomeBatchesOnly_Throws()
    {
        var meter = new ClassificationMeter(2);
        meter.Add([0, 1], [1], [0, 1]);
        meter.Add([0, 1], [1]);

        Assert.Throws<InvalidOperationException>(() => meter.Result());
    }
}
