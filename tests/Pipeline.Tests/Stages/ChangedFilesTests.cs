using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Stages;

/// <summary>Files that somebody changed, in a run's folder and in those of its stages.</summary>
[Collection(nameof(TinyProject))]
public sealed class ChangedFilesTests(TinyProject project) : IDisposable
{
    private readonly TemporaryFolder runs = new();

    [Fact]
    public void Plan_ChangedStudent_RefusesWhatARunRefuses()
    {
        Cli.Done(Command("export"));
        Cli.Done(Command("plan"));
        File.WriteAllText(runs["one/student.onnx"], "mine");

        Assert.Equal(Last(Cli.Fails(4, Command("run"))), Last(Cli.Fails(4, Command("plan"))));
    }

    [Fact]
    public void Verify_DamagedShard_NamesWhatMakesItAgain()
    {
        Cli.Done(Command("cache"));
        var cache = Directory.GetDirectories(runs["one"], "cache-*").Single();
        string[] shards = [.. Directory.GetFiles(cache, "rows-*").Order(StringComparer.Ordinal)];
        Assert.True(shards.Length > 1);
        var bytes = File.ReadAllBytes(shards[0]);
        File.WriteAllBytes(shards[0], [.. bytes[..^1], (byte)(bytes[^1] ^ 1)]);
        var time = File.GetLastWriteTimeUtc(shards[1]);

        var remedy = Last(Cli.Fails(4, "cache", "verify", cache));
        Assert.All(["cache", "plan"], command => Assert.Equal(remedy, Last(Cli.Fails(4, Command(command)))));

        Assert.Contains("delete this file and, if it is there, stage.json beside it, but not manifest.json", remedy);
        File.Delete(shards[0]);
        File.Delete(Path.Combine(cache, "stage.json"));
        Cli.Done(Command("cache"));
        Cli.Done("cache", "verify", cache);
        Assert.Equal(bytes, File.ReadAllBytes(shards[0]));
        Assert.Equal(time, File.GetLastWriteTimeUtc(shards[1]));
    }

    [Fact]
    public void Run_DivergesInItsFirstEpoch_LeavesNoLinkToNothing()
    {
        var result = Cli.Run([.. Command("run"), "--lr", "1e30"]);

        Assert.Contains("diverged", result.Error);
        Assert.Null(new FileInfo(runs["one/events/student.jsonl"]).LinkTarget);
    }

    public void Dispose() => runs.Dispose();

    private string[] Command(string name) => [name, project["student.yaml"], "--name", "one", "--epochs", "1", "--no-baseline", "--runs", runs.Path];

    private static string Last(string message) => message.TrimEnd().Split('\n')[^1];
}
