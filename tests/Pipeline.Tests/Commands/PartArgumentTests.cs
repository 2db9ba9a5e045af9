using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Pipeline.Commands;

namespace OnnxKd.Pipeline.Tests.Commands;

public class PartArgumentTests
{
    [Theory]
    [InlineData("1/1", 0, 1)]
    [InlineData("1/4", 0, 4)]
    [InlineData("4/4", 3, 4)]
    public void Parse_Fraction_CountsFromOne(string text, int index, int count) =>
        Assert.Equal(new CachePart(index, count), Parse(text));

    [Fact]
    public void Parse_Nothing_IsNoPart() => Assert.Null(Parse(null));

    [Theory]
    [InlineData("0/4")]
    [InlineData("5/4")]
    [InlineData("4")]
    [InlineData("1/2/3")]
    [InlineData("-1/4")]
    [InlineData("a/4")]
    [InlineData("1/0")]
    [InlineData("sge")]
    public void Parse_Nonsense_IsRefused(string text) => Assert.Throws<InputException>(() => Parse(text));

    [Fact]
    public void Parse_SlurmArray_CountsFromItsFirstTask() => Assert.Equal(new CachePart(2, 8), Parse(
        "slurm", null, ("SLURM_ARRAY_TASK_ID", "12"), ("SLURM_ARRAY_TASK_MIN", "10"), ("SLURM_ARRAY_TASK_MAX", "17"), ("SLURM_ARRAY_TASK_COUNT", "8")));

    [Fact]
    public void Parse_SlurmArrayWithGaps_AsksForTheNumberOfParts()
    {
        (string, string)[] gaps =
            [("SLURM_ARRAY_TASK_ID", "7"), ("SLURM_ARRAY_TASK_MIN", "3"), ("SLURM_ARRAY_TASK_MAX", "7"), ("SLURM_ARRAY_TASK_COUNT", "2")];
        Assert.Contains("--parts", Assert.Throws<InputException>(() => Parse("slurm", null, gaps)).Message);
        Assert.Equal(new CachePart(7, 8), Parse("slurm", "8", gaps));
    }

    [Fact]
    public void Parse_KubernetesIndexedJob_NeedsTheNumberOfParts()
    {
        Assert.Equal(new CachePart(3, 8), Parse("kubernetes", "8", ("JOB_COMPLETION_INDEX", "3")));
        Assert.Contains("--parts", Assert.Throws<InputException>(() => Parse("kubernetes", null, ("JOB_COMPLETION_INDEX", "3"))).Message);
        Assert.Throws<InputException>(() => Parse("kubernetes", "3", ("JOB_COMPLETION_INDEX", "3")));
    }

    [Fact]
    public void Parse_OutsideOfTheScheduler_NamesTheVariable()
    {
        Assert.Contains("SLURM_ARRAY_TASK_ID", Assert.Throws<InputException>(() => Parse("slurm")).Message);
        Assert.Contains("JOB_COMPLETION_INDEX", Assert.Throws<InputException>(() => Parse("kubernetes", "8")).Message);
    }

    [Fact]
    public void Parse_NumberOfPartsWithoutUse_IsRefused()
    {
        Assert.Throws<InputException>(() => Parse(null, "8"));
        Assert.Throws<InputException>(() => Parse("1/4", "4"));
    }

    private static CachePart? Parse(string? part, string? parts = null, params (string Name, string Value)[] variables) =>
        PartArgument.Parse(part, parts, name => variables.FirstOrDefault(variable => variable.Name == name).Value);
}
