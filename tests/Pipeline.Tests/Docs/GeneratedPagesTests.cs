using OnnxKd.Pipeline.Tests.Support;
using OnnxKd.StudentTrainer.Operators;

namespace OnnxKd.Pipeline.Tests.Docs;

/// <summary>Pages that are written by commands; the commands stand at their heads.</summary>
public class GeneratedPagesTests
{
    [Fact]
    public void OperatorsPage_IsWhatTheCommandWrites() =>
        Assert.Equal(OperatorReference.Markdown(), File.ReadAllText(Path.Combine(Repository.Root, "docs", "operators.md")));
}
