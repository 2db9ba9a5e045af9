using OnnxKd.Core.Metrics;

namespace OnnxKd.Core.Tests.Metrics;

public class FidelityMeterTests
{
    // Probabilities (¾, ¼), (½, ½), (¼, ¾) of a teacher.
    private static readonly float[] Teacher = [MathF.Log(3), 0, 0, 0, 0, MathF.Log(3)];

    [Fact]
    public void Result_OfAConstantModel_IsTheMutualInformationOfTheTeacher()
    {
        var meter = new FidelityMeter(2);

        meter.Add([1, 1, 1, 1, 1, 1], [0, 0, 1], Teacher);

        var result = meter.Result()!;
        var expected = 2.0 / 3 * (0.75 * Math.Log(0.75 / 0.5) + 0.25 * Math.Log(0.25 / 0.5));
        Assert.Equal(expected, result.Kl!.Value, 1e-6);
        Assert.Equal(expected, result.ConstantKl!.Value, 1e-6);
        Assert.Equal((2.0 / 3, 2, 1), (result.MostFrequent, result.TopClasses, result.OwnTopClasses));
    }

    [Fact]
    public void Result_OfTheTeacherItself_IsZero()
    {
        var meter = new FidelityMeter(2);

        meter.Add(Teacher, [0, 0, 1], Teacher);

        Assert.Equal(0, meter.Result()!.Kl!.Value, 1e-9);
    }

    [Fact]
    public void Result_WithoutATeacher_CountsLabels()
    {
        var meter = new FidelityMeter(3);

        meter.Add([1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0], [2, 2, -1, 0], []);

        Assert.Equal(new(2.0 / 3, 2, 3, null, null, Rows: 3), meter.Result());
    }

    [Fact]
    public void RareClass_RanksByTheDifferenceOfTheLogits()
    {
        // Ranks of the rare (second) class: right, wrong, right, wrong, wrong; the first two are said to be of it.
        var meter = new RareClassMeter();

        meter.Add([0, 3, 0, 2, 0, -1, 0, -2, 0, -3], [1, 0, 1, 0, 0]);

        var result = meter.Result()!;
        Assert.Equal((0.4, 0.5, 0.5), (result.Share, result.Precision, result.Recall));
        Assert.Equal(0.5 * 1 + 0.5 * (2.0 / 3), result.AveragePrecision, 1e-9);
    }

    [Fact]
    public void RareClass_OfEqualScores_IsItsShare()
    {
        var meter = new RareClassMeter();

        meter.Add([0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 1]);

        Assert.Equal(new(0.25, 0, 0, 0.25), meter.Result());
    }
}
