using OnnxKd.Core.Errors;
using OnnxKd.Pipeline.Stages;
using OnnxKd.Pipeline.Terminal;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Stages;

public sealed class StageRunnerTests : IDisposable
{
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
    public void Run_FolderOfAnotherSeedUnderThisOnesName_IsRefused()
    {
        var (one, two) = (Run("seed 1"), Run("seed 2"));
        Directory.Delete(two, recursive: true);
        Directory.Move(one, two);

        var error = Assert.Throws<CheckFailedException>(() => Run("seed 2"));

        Assert.All([two, "other inputs", "input seed 1", "input seed 2"], part => Assert.Contains(part, error.Message));
    }

    [Fact]
    public void Run_RecordWithAnotherKey_IsRefused()
    {
        var record = Path.Combine(Run("a"), StageRecord.FileName);
        var key = StageRecord.Find(Path.GetDirectoryName(record)!)!.Key;
        File.WriteAllText(record, File.ReadAllText(record).Replace(key, key[..8] + new string('0', key.Length - 8)));

        Assert.Throws<CheckFailedException>(() => Run("a"));
    }

    [Fact]
    public void Run_ResultOfAcceptedInputs_IsReused()
    {
        var there = Run("made elsewhere");

        Assert.Equal(there, Run(new ScriptedStage("stage", "made here", _ => Assert.Fail("ran"), accepts: ["made elsewhere"])));
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

    public void Dispose() => run.Dispose();

    private string Run(string input) => Run(input, folder => File.WriteAllText(Path.Combine(folder, "out.txt"), input));

    private string Run(string input, Action<string> work) => Run(new ScriptedStage("stage", input, folder =>
    {
        runs++;
        work(folder);
    }));

    private string Run(Stage stage) => runner.Run(stage, new(), _ => { }, CancellationToken.None).Folder;
}
