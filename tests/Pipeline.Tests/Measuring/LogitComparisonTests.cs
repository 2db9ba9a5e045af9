using OnnxKd.Core.Errors;
using OnnxKd.Pipeline.Measuring;

namespace OnnxKd.Pipeline.Tests.Measuring;

public class LogitComparisonTests
{
    [Fact]
    public void Result_WithinTolerance_GivesTheLargestDifference()
    {
        var comparison = new LogitComparison(classes: 2);
        comparison.Add([1, 2, 3, 4], [1, 2.25f, 3, 4]);
        comparison.Add([0, 8], [0.5f, 8]);

        var parity = comparison.Result("m.onnx", tolerance: 0.5);

        Assert.Equal((0.5, 1.0, 3L), (parity.MaxAbs, parity.Top1Agreement, parity.Samples));
    }

    [Fact]
    public void Result_OfPositions_CountsSamplesAndAllowsTies()
    {
        var comparison = new LogitComparison(classes: 2, positions: 3);
        comparison.Add([1, 2, 3, 4, 5, 5.00001f], [1, 2, 3, 4, 5.00001f, 5]);
        var parity = comparison.Result("m.onnx", tolerance: 1e-4);
        Assert.Equal((2 / 3.0, 1L), (parity.Top1Agreement, parity.Samples));

        comparison.Add([1, 2, 3, 4, 5, 6], [1, 2, 3, 4.5f, 5, 6]);
        Assert.Contains("sample 1, position 1, class 1", Assert.Throws<CheckFailedException>(() => comparison.Result("m.onnx", 1e-4)).Message);
    }

    [Fact]
    public void Result_OfPositionsThatDoNotCount_LeavesThemOut()
    {
        var comparison = new LogitComparison(classes: 2, positions: 3, (sample, position) => position < (sample == 0 ? 2 : 1));
        comparison.Add([1, 2, 3, 4, 9, 5, 1, 2, 9, 5, 9, 5], [1, 2, 3, 4, 5, 9, 1, 2.5f, 5, 9, 5, 9]);
        var parity = comparison.Result("m.onnx", tolerance: 0.5);

        Assert.Equal((0.5, 1.0, 2L), (parity.MaxAbs, parity.Top1Agreement, parity.Samples));
        Assert.Contains("sample 1, position 0", Assert.Throws<CheckFailedException>(() => comparison.Result("m.onnx", 1e-4)).Message);
    }

    [Fact]
    public void Result_TooFarApart_NamesSampleClassAndValues()
    {
        var comparison = new LogitComparison(classes: 2);
        comparison.Add([1, 2, 3, 4], [1, 2, 3, 4.5f]);

        var error = Assert.Throws<CheckFailedException>(() => comparison.Result("m.onnx", tolerance: 1e-4));

        Assert.All(
            ["m.onnx", "sample 1, class 1", "4.5 in ONNX Runtime, 4 in libtorch", "difference 0.5", "at most 0.0001 (times the largest logit of the row)"],
            part => Assert.Contains(part, error.Message));
    }

    /// <summary>A box of 600 pixels allows its own numbers 0.06, and a probability beside it no more than any other.</summary>
    [Theory]
    [InlineData(600.05f, 0f, true)]
    [InlineData(600.07f, 0f, false)]
    [InlineData(600f, 0.01f, false)] // a probability of 0.5 is then 0.5025
    public void Result_OfADetector_MeasuresBoxesAndScoresEachByTheirOwnSize(float box, float score, bool passes)
    {
        var comparison = new LogitComparison(classes: 5, kind: OnnxKd.Core.Logits.OutputKind.Detector);
        comparison.Add([600, 10, 20, 30, -0.1f, 600, 10, 20, 30, 0], [600, 10, 20, 30, -0.1f, box, 10, 20, 30, -score]);

        if (passes)
            comparison.Result("m.onnx", tolerance: 1e-4);
        else
            Assert.Contains("sample 1", Assert.Throws<CheckFailedException>(() => comparison.Result("m.onnx", tolerance: 1e-4)).Message);
    }

    /// <summary>A price of 20,000 beside a share of 0.3: the error that the price allows would be all of the share.</summary>
    [Theory]
    [InlineData(20_001f, 0.3f, true)]
    [InlineData(20_003f, 0.3f, false)]
    [InlineData(20_000f, 0.30002f, true)]
    [InlineData(20_000f, 0.301f, false)]
    [InlineData(20_000f, float.NaN, false)]
    public void Result_OfValues_MeasuresEachColumnByItsOwnSize(float price, float share, bool passes)
    {
        var comparison = new LogitComparison(classes: 2, kind: OnnxKd.Core.Logits.OutputKind.Values);
        comparison.Add([10_000, 0.1f, 20_000, 0.3f], [10_000, 0.1f, price, share]);

        if (passes)
            comparison.Result("m.onnx", tolerance: 1e-4);
        else
            Assert.Contains("sample 1", Assert.Throws<CheckFailedException>(() => comparison.Result("m.onnx", tolerance: 1e-4)).Message);
    }

    /// <summary>Sums that leave nothing leave rounding, of the order of what was summed.</summary>
    [Fact]
    public void Result_OfAColumnOfNothing_AllowsRounding()
    {
        var comparison = new LogitComparison(classes: 2, kind: OnnxKd.Core.Logits.OutputKind.Values);
        comparison.Add([5, 0, 6, 1e-7f], [5, 2e-7f, 6, 0]);

        Assert.Equal(2L, comparison.Result("m.onnx", tolerance: 1e-4).Samples);
    }

    [Theory]
    [InlineData(20_000f, true)]
    [InlineData(2_000f, false)]
    public void Result_OfLargeLogits_AllowsWhatRoundingOfTheirSizeGives(float size, bool passes)
    {
        var comparison = new LogitComparison(classes: 2);
        comparison.Add([size, 0], [size, 1]);

        if (passes)
            Assert.Equal(1, comparison.Result("m", tolerance: 1e-4).MaxAbs);
        else
            Assert.Throws<CheckFailedException>(() => comparison.Result("m", tolerance: 1e-4));
    }

    [Fact]
    public void Result_OtherTopClassWithinTolerance_IsRefused()
    {
        var comparison = new LogitComparison(classes: 2);
        comparison.Add([1, 1.1f], [1.1f, 1]);

        var error = Assert.Throws<CheckFailedException>(() => comparison.Result("m", tolerance: 1));

        Assert.Contains("1 of 1 top classes differ", error.Message);
    }

    [Theory]
    [InlineData(10.20000f, 10.20001f, true)]
    [InlineData(10.20f, 10.201f, false)]
    public void Result_OtherTopClass_IsOnlyAllowedAsATie(float low, float high, bool passes)
    {
        var comparison = new LogitComparison(classes: 3);
        comparison.Add([0, low, high, 3, 2, 1], [0, high, low, 3, 2, 1]);

        if (passes)
            Assert.Equal(0.5, comparison.Result("m", tolerance: 1e-4).Top1Agreement);
        else
            Assert.Contains("1 of 2 top classes differ", Assert.Throws<CheckFailedException>(() => comparison.Result("m", 1e-4)).Message);
    }

    [Theory]
    [InlineData(float.NaN, 1)]
    [InlineData(1, float.NaN)]
    [InlineData(float.NaN, float.NaN)]
    [InlineData(float.PositiveInfinity, float.PositiveInfinity)]
    public void Result_NotFinite_IsRefused(float trained, float exported)
    {
        var comparison = new LogitComparison(classes: 2);
        comparison.Add([0, trained], [0, exported]);
        comparison.Add([0, 1], [0, 1]);

        Assert.Throws<CheckFailedException>(() => comparison.Result("m", tolerance: 1));
    }

    [Theory]
    [InlineData(0.009, true)]
    [InlineData(0.011, false)]
    public void Result_OfQuantizedStudent_AllowsWhatRoundingMay(double difference, bool passes)
    {
        var comparison = new LogitComparison(classes: 2, allowance: 0.01);
        comparison.Add([0.5f, 0.25f], [0.5f, 0.25f + (float)difference]);
        if (passes)
            Assert.Equal(0.01, comparison.Result("student.onnx", 1e-4).QuantizationAllowance);
        else
            Assert.Contains("a step of quantisation for each rounding (0.01 in all)", Assert.Throws<CheckFailedException>(() => comparison.Result("student.onnx", 1e-4)).Message);
    }
}
