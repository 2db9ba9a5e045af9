using OnnxKd.Core.Logits;
using OnnxKd.Core.Metrics;

namespace OnnxKd.Core.Tests.Metrics;

/// <summary>Figures of labels, values and embeddings, worked out by hand.</summary>
public class OutputMeterTests
{
    [Fact]
    public void Labels_CountDecisionsAndMeanF1()
    {
        var meter = new OutputMeter(OutputKind.Labels, [2], thorough: false);
        meter.Add([1, -1, 2, 3], [1, 0, 0, -1], [1, 1, -1, 1]);
        meter.Add([-1, -2], [1, 1], [-1, -1]);
        var labels = meter.Result().Labels!;

        // Label 0: 1 hit, 1 false alarm, 1 miss: F1 = 2 / 4. Label 1: 1 miss, 1 right rejection, 1 not known: F1 = 0.
        Assert.Equal((6L, 3L), (labels.Decisions, labels.Errors!.Value));
        Assert.Equal(1 - 3 / 5.0, labels.Accuracy!.Value, 12);
        Assert.Equal(0.25, labels.F1!.Value, 12);
        Assert.Equal(4 / 6.0, labels.Agreement!.Value, 12);
        double[] losses = [Loss(1), Loss(1), Loss(-2), Loss(-1), Loss(-2)];
        Assert.Equal(losses.Average(), labels.Nll!.Value, 12);

        static double Loss(double margin) => Math.Log(1 + Math.Exp(-margin));
    }

    [Fact]
    public void Labels_WithoutKnownOnes_AreMeasuredAgainstTheTeacher()
    {
        var meter = new OutputMeter(OutputKind.Labels, [1], thorough: false);
        meter.Add([1, 1, -1], [], [1, -1, -1]);
        var labels = meter.Result().Labels!;
        Assert.Equal((null, 2 / 3.0), (labels.Errors, labels.F1));
    }

    [Fact]
    public void Labels_AreComparedWithAConstantAnswer()
    {
        var meter = new OutputMeter(OutputKind.Labels, [2], thorough: false);
        // The teacher decides label 0 yes, yes, no and label 1 no three times; the model says yes and no every time.
        meter.Add([2, -1, 2, -1, 2, -1], [], [1, -1, 1, -1, -1, -1]);
        var labels = meter.Result().Labels!;

        Assert.Equal(5 / 6.0, labels.ConstantAgreement!.Value, 12);
        Assert.Null(labels.Majority); // no label is known
        Assert.True(labels.IsConstant);
        double Kl(double p, double q) => p * Math.Log(p / q) + (1 - p) * Math.Log((1 - p) / (1 - q));
        static double Sigmoid(double z) => 1 / (1 + Math.Exp(-z));
        Assert.Equal((2 * Kl(Sigmoid(1), Sigmoid(2)) + Kl(Sigmoid(-1), Sigmoid(2))) / 6, labels.Kl!.Value, 12);
        var mean = (2 * Sigmoid(1) + Sigmoid(-1)) / 3;
        Assert.Equal((2 * Kl(Sigmoid(1), mean) + Kl(Sigmoid(-1), mean)) / 6, labels.ConstantKl!.Value, 12);
    }

    [Fact]
    public void Labels_MajorityIsOfLabels_AndConstantAgreementOfTheTeacher()
    {
        var meter = new OutputMeter(OutputKind.Labels, [2], thorough: false);
        // Known: 1, 1, 0, 1 and 0, 0, 0, 1; the teacher decides 1, 0, 0, 0 and 1, 1, 1, 1.
        meter.Add(new float[8], [1, 0, 1, 0, 0, 0, 1, 1], [1, 1, -1, 1, -1, 1, -1, 1]);
        var labels = meter.Result().Labels!;
        Assert.Equal((6 / 8.0, 7 / 8.0), (labels.Majority, labels.ConstantAgreement));
    }

    [Fact]
    public void Values_GiveErrorsAndTheExplainedVariance()
    {
        var meter = new OutputMeter(OutputKind.Values, [2], thorough: false);
        meter.Add([1, 5, 2, 5], [], [1, 4, 3, 4]);
        meter.Add([5, 4], [], [5, 4]);
        var values = meter.Result().Values!;

        Assert.Equal(3 / 6.0, values.Mse, 12);
        Assert.Equal(3 / 6.0, values.Mae, 12);
        Assert.Equal(1 - 1 / 8.0, values.RSquared!.Value, 12); // the second column never changes
    }

    [Fact]
    public void Values_FarFromZero_LoseNoDigits()
    {
        var meter = new ValueMeter(1);
        meter.Add([16_000_000, 16_000_004], [16_000_000, 16_000_002]);
        Assert.Equal(1 - 4 / 2.0, meter.Result().RSquared!.Value, 9);
    }

    [Fact]
    public void Embeddings_GiveTheCosineAndTheNeighboursFound()
    {
        var meter = new OutputMeter(OutputKind.Embedding, [2], thorough: true);
        // Nearest in the teacher's space: 0-1, 1-0, 2-1. In the student's: 0-2, 1-2, 2-0.
        meter.Add([1, 0, 0, 1, 2, 0.1f], [], [1, 0, 1, 0.1f, 0, 1]);
        var figures = meter.Result().Embeddings!;
        double[] cosines = [1, 0.1 / Math.Sqrt(1.01), 0.1 / Math.Sqrt(4.01)];
        Assert.Equal(cosines.Average(), figures.Cosine!.Value, 6);
        Assert.Equal(0, figures.NeighbourRecall!.Value, 12);
    }

    /// <summary>Nearest: 0-1 (same label), 1-0, 2-3 (another label), 3-2, 4-3; the label of 4 is its own alone, that of 5 is not known.</summary>
    [Fact]
    public void Embeddings_OfLabelledSamples_CountWhoseNearestHasTheirLabel()
    {
        var meter = new OutputMeter(OutputKind.Embedding, [2], thorough: true);
        meter.Add([1, 0, 10, 0.1f, 0, 1], [7, 7, 8], []);
        meter.Add([-0.1f, 1, -1, 0.5f, -1, -1], [9, 5, -1], []);
        meter.Add([1, -1, 1, -1.2f], [8, 9], []);
        var figures = meter.Result().Embeddings!;
        Assert.Equal((null, null), (figures.Cosine, figures.NeighbourRecall));
        Assert.Equal(2 / 6.0, figures.Retrieval!.Value, 12);
    }

    /// <summary>Directions of 0, 0.6, 18 and 37 degrees; the first two come from one camera: each is nearest to another label, unless it is sought at the other camera.</summary>
    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 0.5)]
    public void Embeddings_OfGroups_AreSoughtAmongThoseFromElsewhere(bool areKnown, double expected)
    {
        var meter = new OutputMeter(OutputKind.Embedding, [2], thorough: true);
        meter.Add([1, 0, 1, 0.01f, 0.9f, 0.3f, 0.8f, 0.6f], [7, 8, 7, 8], [], areKnown ? [1, 1, 2, 2] : []);
        Assert.Equal(expected, meter.Result().Embeddings!.Retrieval!.Value, 12); // 0 finds 2, and 3 finds 1
    }

    [Fact]
    public void Embeddings_WithoutTwoOfALabel_HaveNoRetrieval()
    {
        var meter = new OutputMeter(OutputKind.Embedding, [2], thorough: true);
        meter.Add([1, 0, 0, 1, 1, 1], [0, 1, 2], [1, 0, 0, 1, 1, 1]);
        Assert.Null(meter.Result().Embeddings!.Retrieval);
    }
}
