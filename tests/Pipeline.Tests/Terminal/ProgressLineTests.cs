using OnnxKd.Pipeline.Terminal;

namespace OnnxKd.Pipeline.Tests.Terminal;

public class ProgressLineTests
{
    [Fact]
    public void Reporter_ProgressAndWarnings_AreReadBack()
    {
        var output = new StringWriter { NewLine = "\n" };
        var reporter = ProgressLine.Reporter(output);
        reporter.Started("train student", "train-1");
        reporter.Report(new("train", 3, 3, "epochs", "loss 0.1"));
        reporter.Report(new("train", 3, 3, "epochs"));
        reporter.Warn("no server");

        ProgressLine?[] expected = [new("train student", new("train", 3, 3, "epochs", "loss 0.1")), new("train student", new("train", 3, 3, "epochs")), new(Warning: "no server")];
        Assert.Equal(expected, output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(ProgressLine.Parse));
    }

    [Theory]
    [InlineData("a library's own words")]
    [InlineData("{ half")]
    [InlineData("{\"other\": 1}")]
    public void Parse_SomethingElse_IsNothing(string line) => Assert.Null(ProgressLine.Parse(line));
}
