using System.Net;
using System.Text.Json;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Tracking;

/// <summary>Sweeps as a stand-in for an MLflow server is told of them. It numbers runs in the order in which they are made.</summary>
[Collection(nameof(TinyProject))]
public sealed class MlflowSweepTests(TinyProject project) : IDisposable
{
    private const string Sweep = "run1";

    private readonly TemporaryFolder runs = new();
    private readonly StandInServer server = new();

    [Theory]
    [InlineData("1")]
    [InlineData("2")]
    public void Sweep_ToAServer_HasARunForEachSettingBelowItsOwn(string jobs)
    {
        Cli.Done(Command("--jobs", jobs));

        var created = server.Bodies("runs/create").ToArray();
        Assert.Equal("tracked", created[0].GetProperty("run_name").GetString());
        Assert.Empty(created[0].GetProperty("tags").EnumerateArray());
        Assert.Equal(["temperature=1", "temperature=4"], created[1..].Select(run => run.GetProperty("run_name").GetString()).Order());
        Assert.All(created[1..], run => Assert.Equal((Sweep, "mlflow.parentRunId"), Tag(run)));
        foreach (var (i, run) in created[1..].Index())
        {
            var (id, temperature) = ($"run{i + 2}", run.GetProperty("run_name").GetString()!.Split('=')[1]);
            Assert.Equal(temperature, server.SettingsOf(id)["objective.0.soft.temperature"]);
            Assert.Equal([1, 2, 3], Metrics(id, "student/loss").Select(metric => metric.GetProperty("step").GetInt64()).Order());
            Assert.Equal(Accuracy(temperature), Metrics(id, "test/student/accuracy").Single().GetProperty("value").GetDouble());
            Assert.Equal("FINISHED", server.StatusOf(id));
        }
        Assert.Equal("1, 4", server.SettingsOf(Sweep)["vary.temperature"]);
        Assert.Equal("FINISHED", server.StatusOf(Sweep));
    }

    [Fact]
    public void Sweep_WithHalving_TellsOfEachEpochOnceAndWhoWasStopped()
    {
        var recipe = project.Recipe(TinyProject.StudentRecipe.Replace("epochs: 30", "epochs: 9").Replace(
            "transfer: { samples: train.npy, labels: train-labels.npy }",
            "transfer: { samples: train.npy, labels: train-labels.npy, rows: 0..180 }\n  validation: { samples: train.npy, labels: train-labels.npy, rows: 180.. }"));

        Cli.Done("sweep", recipe, "--name", "tracked", "--no-baseline", "--halving", "--vary", "lr=0.0003,0.003,0.05", "--mlflow", server.Address, "--runs", runs.Path);

        string[] settings = ["run2", "run3", "run4"];
        Assert.Equal(4, server.Bodies("runs/create").Count());
        var epochs = settings.Select(id => Metrics(id, "student/loss").Select(metric => metric.GetProperty("step").GetInt64()).ToArray()).ToArray();
        Assert.Equal([3, 3, 9], epochs.Select(steps => steps.Length).Order());
        Assert.All(epochs, steps => Assert.Equal(Enumerable.Range(1, steps.Length).Select(step => (long)step), steps));
        Assert.Equal(["FINISHED", "KILLED", "KILLED"], settings.Select(server.StatusOf).Order());
        Assert.Equal("FINISHED", server.StatusOf(Sweep));
    }

    [Fact]
    public void Sweep_FinishedBefore_TellsNothing()
    {
        Cli.Done(Command());
        var calls = server.Calls.Count;
        Cli.Done(Command());

        Assert.Equal(calls, server.Calls.Count);
    }

    [Theory]
    [InlineData("1", HttpStatusCode.InternalServerError)]
    [InlineData("2", HttpStatusCode.Unauthorized)]
    public void Sweep_ServerThatAnswersErrors_TrainsAllAndWarnsOnce(string jobs, HttpStatusCode status)
    {
        server.Status = _ => status;

        RequireStudentsAndOneWarning(Cli.Done(Command("--jobs", jobs)));
    }

    [Theory]
    [InlineData("1")]
    [InlineData("2")]
    public void Sweep_ServerThatIsDown_TrainsAllAndWarnsOnce(string jobs)
    {
        server.Dispose();

        RequireStudentsAndOneWarning(Cli.Done(Command("--jobs", jobs)));
    }

    [Fact]
    public void Sweep_ServerThatFailsLater_TrainsAllAndWarns()
    {
        server.Status = call => call > 6 ? HttpStatusCode.BadRequest : HttpStatusCode.OK;

        RequireStudentsAndOneWarning(Cli.Done(Command("--jobs", "2")));
    }

    public void Dispose()
    {
        server.Dispose();
        runs.Dispose();
    }

    private string[] Command(params string[] more) =>
    [
        "sweep", project["student.yaml"], "--name", "tracked", "--epochs", "3", "--threads", "1", "--no-baseline", "--vary", "temperature=1,4", "--mlflow", server.Address,
        "--runs", runs.Path, .. more,
    ];

    private IEnumerable<JsonElement> Metrics(string run, string key) => server.Bodies("runs/log-batch").Where(body => body.GetProperty("run_id").GetString() == run)
        .SelectMany(body => body.GetProperty("metrics").EnumerateArray()).Where(metric => metric.GetProperty("key").GetString() == key);

    private double Accuracy(string temperature) => Figures.Of(
        JsonDocument.Parse(File.ReadAllText(runs[$"tracked/sweep/temperature={temperature}/metrics.json"])).RootElement, "student").GetProperty("accuracy").GetDouble();

    private static (string?, string?) Tag(JsonElement run)
    {
        var tag = run.GetProperty("tags").EnumerateArray().Single();
        return (tag.GetProperty("value").GetString(), tag.GetProperty("key").GetString());
    }

    private void RequireStudentsAndOneWarning(CliResult result)
    {
        Assert.All(["1", "4"], temperature => Assert.True(File.Exists(runs[$"tracked/sweep/temperature={temperature}/student.onnx"])));
        Assert.Single(result.Error.Split('\n'), line => line.Contains("is not told of this run any more", StringComparison.Ordinal));
    }
}
