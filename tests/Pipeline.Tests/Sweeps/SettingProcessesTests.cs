using System.Text.Json;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Sweeps;

/// <summary>Sweeps that train settings side by side, in processes of their own.</summary>
[Collection(nameof(TinyProject))]
public sealed class SettingProcessesTests(TinyProject project) : IDisposable
{
    private static readonly string[] Four = ["--no-baseline", "--epochs", "3", "--threads", "1", "--vary", "temperature=1,4", "--vary", "alpha=0.5,1"];

    private readonly TemporaryFolder runs = new();

    [Fact]
    public void Jobs_Two_GiveTheSameStudentsAsOneAfterTheOther()
    {
        var alone = Sweep("alone", "--jobs", "1");
        var beside = Sweep("beside", "--jobs", "2");

        Assert.Equal(alone.Select(Setting), beside.Select(Setting));
        Assert.Equal(alone.Select(setting => Weights("alone", setting)), beside.Select(setting => Weights("beside", setting)));
        Assert.Single(Directory.GetDirectories(runs["beside"], "cache-*"));
        Assert.Equal(4, Directory.GetDirectories(runs["beside"], "train-student-*").Length);
    }

    [Fact]
    public void Jobs_RunAgain_ReuseEverything()
    {
        string[] line = ["sweep", project["student.yaml"], "--name", "again", "--runs", runs.Path, "--jobs", "2", .. Four];
        var first = Cli.Done(line);

        var second = Cli.Done(line);

        Assert.Equal(first.Output, second.Output);
        Assert.DoesNotContain("train student: started", second.Error);
    }

    [Fact]
    public void Jobs_OneSettingDiverges_TheOthersAreMeasured()
    {
        var result = Cli.Run(
            "sweep", project["student.yaml"], "--runs", runs.Path, "--no-baseline", "--epochs", "2", "--jobs", "2", "--vary", "lr=1e30,0.05,0.02");

        Assert.Equal(4, result.ExitCode);
        Assert.Contains("failed: lr=1e30", result.Output);
        Assert.Contains("lr=0.02", result.Output);
        Assert.Contains("diverged", File.ReadAllText(runs["student/sweep.json"]));
    }

    [Fact]
    public void Jobs_WithHalving_FindTheSameWinner()
    {
        var recipe = project.Recipe(TinyProject.StudentRecipe.Replace("epochs: 30", "epochs: 9").Replace(
            "transfer: { samples: train.npy, labels: train-labels.npy }",
            "transfer: { samples: train.npy, labels: train-labels.npy, rows: 0..180 }\n  validation: { samples: train.npy, labels: train-labels.npy, rows: 180.. }"));
        JsonElement Winner(string name, params string[] more) => JsonDocument.Parse(Cli.Done([
            "sweep", recipe, "--name", name, "--runs", runs.Path, "--json", "--halving", "--no-baseline", "--threads", "1", "--vary", "lr=0.0003,0.003,0.03,0.1", .. more]).Output)
            .RootElement;

        var (alone, beside) = (Winner("alone"), Winner("beside", "--jobs", "2"));

        Assert.Equal(alone.GetProperty("best").GetString(), beside.GetProperty("best").GetString());
        Assert.Equal(
            alone.GetProperty("settings").EnumerateArray().Select(setting => setting.GetProperty("validation").ToString()),
            beside.GetProperty("settings").EnumerateArray().Select(setting => setting.GetProperty("validation").ToString()));
    }

    [Fact]
    public void Jobs_Stopped_GoOnToTheSameStudents()
    {
        var alone = Sweep("alone", "--jobs", "1");
        using var source = new CancellationTokenSource();
        string[] line = ["sweep", project["student.yaml"], "--name", "stopped", "--runs", runs.Path, "--jobs", "2", .. Four];

        // The first progress is of the first setting that is done.
        var stopped = Cli.RunAndWatch(
            () =>
            {
                if (Directory.Exists(runs["stopped/sweep"]) && Directory.GetDirectories(runs["stopped"], "train-student-*").Length > 1)
                    source.Cancel();
            }, source.Token, line);
        var settings = Sweep("stopped", "--jobs", "2");

        Assert.Equal(130, stopped.ExitCode);
        Assert.Equal(alone.Select(setting => Weights("alone", setting)), settings.Select(setting => Weights("stopped", setting)));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    public void Jobs_OutOfRange_IsRefused(string jobs) =>
        Assert.Contains("--jobs", Cli.Fails(2, ["sweep", project["student.yaml"], "--runs", runs.Path, "--jobs", jobs, .. Four]));

    public void Dispose() => runs.Dispose();

    private JsonElement[] Sweep(string name, params string[] more) => [.. JsonDocument.Parse(Cli.Done([
        "sweep", project["student.yaml"], "--name", name, "--runs", runs.Path, "--json", .. Four, .. more]).Output).RootElement.GetProperty("settings").EnumerateArray()];

    private static string Setting(JsonElement setting) => setting.GetProperty("setting").GetString()!;

    /// <summary>Without the metadata, which name the run.</summary>
    private string Weights(string run, JsonElement setting)
    {
        var proto = Core.Onnx.OnnxModel.Load(runs[$"{run}/{setting.GetProperty("folder").GetString()}/student.onnx"]).Proto.Clone();
        proto.MetadataProps.Clear();
        return proto.ToString();
    }
}
