using OnnxKd.StudentTrainer.Operators;

namespace OnnxKd.StudentTrainer.Tests.Operators;

public class OperatorTableTests
{
    [Theory]
    [InlineData("LayerNormalization", 16, null)]
    [InlineData("Dropout", 6, 1)]
    [InlineData("Dropout", 7, 7)]
    [InlineData("Dropout", 11, 10)]
    [InlineData("Dropout", 12, 12)]
    [InlineData("Dropout", 99, 12)]
    [InlineData("NoSuch", 17, null)]
    public void Find_OfVersion_GivesNewestThatIsNotNewer(string name, int version, int? since) =>
        Assert.Equal(since, OperatorTable.Find(name, version)?.Since);

    [Fact]
    public void Index_OfDuplicate_Throws()
    {
        var entry = OperatorTable.Find("Relu", 17)!;
        var error = Assert.Throws<InvalidOperationException>(() => OperatorTable.Index([entry, entry with { Since = 6 }, entry]));
        Assert.Contains("Relu twice from version 1", error.Message);
    }
}
