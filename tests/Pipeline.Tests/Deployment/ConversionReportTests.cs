using OnnxKd.Core.Errors;
using OnnxKd.Core.Logits;
using OnnxKd.Pipeline.Deployment;

namespace OnnxKd.Pipeline.Tests.Deployment;

public class ConversionReportTests
{
    [Theory]
    [InlineData(0.001, 0.001, true)]
    [InlineData(0.001, 0.5, false)] // small against the size of the values, not against how they vary
    [InlineData(double.PositiveInfinity, 0.001, false)] // a column is not finite, of which no deviation is known
    public void Require_OfValues_TakesTheWorseOfTheWholeAndOfAColumn(double whole, double column, bool passes)
    {
        var report = new ConversionReport(
            "m.onnx", "n.onnx", "int8", 1, 1, 10, [new("y", 1, whole, null) { ColumnError = column }], new Dictionary<string, OutputKind> { ["y"] = OutputKind.Values }, null);

        Assert.Equal(passes, Record.Exception(() => report.Require(new(RelativeError: 0.1, Agreement: 0.98))) is not CheckFailedException);
    }

    /// <summary>Class 7 is no nearer to 8 than to 0.</summary>
    [Theory]
    [InlineData(0.9, 0.99, true)]
    [InlineData(0.001, 0.97, false)]
    public void Require_OfNumbersOfClasses_CountsThoseThatAreEqual(double whole, double equal, bool passes)
    {
        var report = new ConversionReport(
            "m.onnx", "n.onnx", "int8", 1, 1, 10, [new("label", 9, whole, null) { Equal = equal }], new Dictionary<string, OutputKind>(), null) { Decided = ["label"] };

        Assert.Equal(passes, Record.Exception(() => report.Require(new(RelativeError: 0.1, Agreement: 0.98))) is not CheckFailedException);
    }
}
