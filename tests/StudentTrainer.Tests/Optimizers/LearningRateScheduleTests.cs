using OnnxKd.StudentTrainer.Optimizers;

namespace OnnxKd.StudentTrainer.Tests.Optimizers;

public class LearningRateScheduleTests
{
    private const double Peak = 0.2;
    private const int Epochs = 10;
    private const int StepsPerEpoch = 4;

    [Fact]
    public void Constant_AtAnyStep_IsPeak() => Assert.All([0, 17, 39], step => Assert.Equal(Peak, At(new ConstantSchedule(), step)));

    [Fact]
    public void Step_AtMilestones_Falls()
    {
        var options = new StepSchedule { Milestones = [2, 5.5], Gamma = 0.5 };
        Assert.Equal(Peak, At(options, 7), 12);
        Assert.Equal(Peak * 0.5, At(options, 8), 12);
        Assert.Equal(Peak * 0.5, At(options, 21), 12);
        Assert.Equal(Peak * 0.25, At(options, 22), 12);
    }

    [Fact]
    public void Cosine_OverTraining_FallsFromPeakToFinal()
    {
        var options = new CosineSchedule { FinalFactor = 0.1 };
        Assert.Equal(Peak, At(options, 0), 12);
        Assert.Equal(Peak * 0.55, At(options, 20), 12);
        Assert.Equal(Peak * (0.1 + 0.9 * (1 + Math.Cos(Math.PI * 0.25)) / 2), At(options, 10), 12);
    }

    [Fact]
    public void Warmup_BeforeCosine_RisesFromZero()
    {
        var options = new CosineSchedule { WarmupEpochs = 2 };
        Assert.Equal(Peak * 1 / 8, At(options, 0), 12);
        Assert.Equal(Peak * 7 / 8, At(options, 6), 12);
        Assert.Equal(Peak, At(options, 7), 12);
        Assert.Equal(Peak, At(options, 8), 12);
        Assert.Equal(Peak / 2, At(options, 24), 12);
    }

    [Fact]
    public void OneCycle_OverTraining_RisesThenFalls()
    {
        var options = new OneCycleSchedule { RiseShare = 0.25 };
        Assert.Equal(Peak / 25, At(options, 0), 12);
        Assert.Equal(Peak * (1 + 1.0 / 25) / 2, At(options, 5), 12);
        Assert.Equal(Peak, At(options, 10), 12);
        Assert.Equal(Peak / 2, At(options, 25), 12);
        Assert.InRange(At(options, 39), 0, Peak / 100);
    }

    private static double At(ScheduleOptions options, int step) => new LearningRateSchedule(Peak, options, Epochs, StepsPerEpoch).At(step);
}
