using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Evaluation;
using OnnxKd.StudentTrainer.Loop;

namespace OnnxKd.StudentTrainer.Tests.Loop;

public class TrainingOptionsTests
{
    [Fact]
    public void Metrics_OfEarlyStop_AreThoseThatAreMeasured() =>
        Assert.Equal(EpochEvaluation.MetricNames, SettingSchema.Of(typeof(EarlyStopOptions))["metric"]!.Words);
}
