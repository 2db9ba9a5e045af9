using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Loop;
using OnnxKd.StudentTrainer.Training;

namespace OnnxKd.StudentTrainer.Tests.Training;

public class TrainingOptionsTests
{
    [Fact]
    public void Metrics_OfEarlyStop_AreThoseThatAreMeasured() =>
        Assert.Equal(EpochEvaluation.MetricNames, SettingSchema.Of(typeof(EarlyStopOptions))["metric"]!.Words);
}
