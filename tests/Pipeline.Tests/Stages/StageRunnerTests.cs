using OnnxKd.Core.Errors;
using OnnxKd.Core.Progress;
using OnnxKd.Pipeline.Stages;
using OnnxKd.Pipeline.Terminal;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Stages;

public sealed class StageRunnerTests : IDisposable
{
    private static readonly Func<IReadOnlyDictionary<string, string>> NoVersions = () => new Dictionary<string, string>();

    private readonly TemporaryFolder run = new();
    private readonly StageRunner runner;
    private int runs;

    public StageRunnerTests() => runner = new(run.Path, new StageReporter(TextWriter.Null, live: false));

    [Fact]
    public void Run_SameInputs_RunsOnce()
    {
        var first = Run("a");
        var second = Run("a");

        Assert.Equal((1, first), (runs, second));
        Assert.Matches("^stage-[0-9a-f]{8}$", Path.GetFileName(first));
    }

    [Fact]
    public void Run_OtherInputs_GetTheirOwnFolderAndLeaveTheFirstAlone()
    {
        var first = Run("a");
        var second = Run("b");

        Assert.NotEqual(first, second);
        Assert.Equal("a", File.ReadAllText(Path.Combine(first, "out.txt")));
        Assert.Equal("b", File.ReadAllText(Path.Combine(second, "out.txt")));
    }

    [Fact]
    public void Run_Interrupted_GoesOnInTheSameFolder()
    {
        var seen = new List<string>();
        Assert.Throws<OperationCanceledException>(() => Run("a", folder =>
        {
            File.WriteAllText(Path.Combine(folder, "half.txt"), "half");
            throw new OperationCanceledException();
        }));

        Run("a", folder => seen.AddRange(Directory.GetFiles(folder).Select(f => Path.GetFileName(f))));

        Assert.Equal(["half.txt"], seen);
    }

    [Theory]
    [InlineData("b", "SHA-256")]
    [InlineData("longer", "6 bytes")]
    [InlineData(null, "no such file")]
    public void Run_OutputChanged_IsRefused(string? content, string found)
    {
        var file = Path.Combine(Run("a"), "out.txt");
        File.Delete(file);
        if (content is not null)
            File.WriteAllText(file, content);

        var error = Assert.Throws<CheckFailedException>(() => Run("a"));

        Assert.All([file, found, "to run the stage again"], part => Assert.Contains(part, error.Message));
    }

    [Fact]
    public void Run_TemporaryAndLockFiles_AreNotOutputs()
    {
        var folder = Run("a", f =>
        {
            File.WriteAllText(Path.Combine(f, ".lock"), "");
            File.WriteAllText(Path.Combine(f, "x.tmp"), "");
        });

        Assert.Empty(StageRecord.Find(folder)!.Outputs);
    }

    [Fact]
    public void Link_Twice_PointsToTheLastTarget()
    {
        runner.Link("events/student.jsonl", run["train-1/events.jsonl"]);
        runner.Link("events/student.jsonl", run["train-2/events.jsonl"]);

        Assert.Equal("../train-2/events.jsonl", new FileInfo(run["events/student.jsonl"]).LinkTarget);
    }

    public void Dispose() => run.Dispose();

    private string Run(string input) => Run(input, folder => File.WriteAllText(Path.Combine(folder, "out.txt"), input));

    private string Run(string input, Action<string> work) =>
        runner.Run("stage", new StageInputs().Add("input", input), NoVersions, (folder, _) =>
        {
            runs++;
            work(folder);
        });
}
