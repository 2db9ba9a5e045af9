using OnnxKd.TeacherRunner.Sessions;

namespace OnnxKd.TeacherRunner.Tests.Sessions;

public class RunSizeTests
{
    [Theory]
    [InlineData(28 * 28, 460_000, 24)] // digits: enough rows for a product
    [InlineData(3 * 32 * 32, 270_000, 10)] // as many as fit into 128 KiB
    [InlineData(3 * 48 * 320, 2_700_000, 2)] // a line of text: never a single row
    [InlineData(12, 51, 2730)] // a tiny model: many rows, or calling it would be all it does
    [InlineData(128, 110_000_000, 24)] // tokens of a large model
    public void Of_SampleAndModel_GivesRows(int sampleElements, long parameters, int expected) =>
        Assert.Equal(expected, RunSize.Of(sampleElements, parameters));
}
