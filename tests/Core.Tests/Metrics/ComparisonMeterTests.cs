using OnnxKd.Core.Metrics;

namespace OnnxKd.Core.Tests.Metrics;

public class ComparisonMeterTests
{
    [Fact]
    public void Add_Rows_CountsPairsAndWhoIsRight()
    {
        var meter = new ComparisonMeter(3);
        foreach (var (truth, teacher, model) in new[] { (0, 0, 0), (0, 0, 1), (0, 2, 0), (1, 1, 1), (-1, 0, 1) })
            meter.Add(truth, teacher, model);

        Assert.Equal([new(0, 1, 2), new(0, 0, 1), new(1, 1, 1), new(2, 0, 1)], meter.Pairs);
        // Of class 0 the teacher misses one row and the model another; the row of an unknown class counts as a pair alone.
        Assert.Equal([new(0, 3, 2, 2), new(1, 1, 1, 1)], meter.Changes);
    }

    [Fact]
    public void AddDecision_IndependentLabels_AreCountedEachForItself()
    {
        var meter = new ComparisonMeter(2);
        meter.AddDecision(0, teacher: true, model: false);
        meter.AddDecision(0, teacher: true, model: true);
        meter.AddDecision(1, teacher: false, model: true);

        Assert.Empty(meter.Pairs);
        Assert.Equal([new(0, 2, 2, 1), new(1, 1, 0, 1)], meter.Changes);
    }
}
