using System.Net;
using OnnxKd.Pipeline.Tests.Support;
using OnnxKd.StudentTrainer.Training;

namespace OnnxKd.Pipeline.Tests.Tracking;

[Collection(nameof(TinyProject))]
public sealed class MlflowTests(TinyProject project) : IDisposable
{
    private readonly TemporaryFolder runs = new();
    private readonly StandInServer server = new();

    [Fact]
    public void Run_ToAServer_SendsSettingsEachEpochFiguresAndFiles()
    {
        Cli.Done(Command());

        Assert.Equal("onnxkd", server.Bodies("experiments/create").Single().GetProperty("name").GetString());
        var created = server.Bodies("runs/create").Single();
        Assert.Equal(("7", "tracked"), (created.GetProperty("experiment_id").GetString(), created.GetProperty("run_name").GetString()));
        Assert.Equal(("3", "2"), (server.Settings["training.epochs"], server.Settings["objective.0.soft.temperature"]));
        var losses = server.Metrics.Where(metric => metric.Key == "student/loss").OrderBy(metric => metric.Step);
        Assert.Equal(EpochEvent.Read(runs["tracked/events/student.jsonl"]).Select(line => ("student/loss", line.Loss, (long)line.Epoch)), losses);
        var figures = System.Text.Json.JsonDocument.Parse(File.ReadAllText(runs["tracked/metrics.json"])).RootElement;
        Assert.Contains(("test/student/accuracy", Figures.Of(figures, "student").GetProperty("accuracy").GetDouble(), 0), server.Metrics);
        Assert.Contains(server.Calls, call => call is { Method: "PUT", Path: "/api/2.0/mlflow-artifacts/artifacts/7/run/artifacts/student.onnx" });
        Assert.Equal("FINISHED", server.Bodies("runs/update").Single().GetProperty("status").GetString());
    }

    [Fact]
    public void Run_FinishedBefore_TellsNothing()
    {
        Cli.Done(Command());
        var calls = server.Calls.Count;
        Cli.Done(Command());

        Assert.Equal(calls, server.Calls.Count);
    }

    [Fact]
    public void Run_DamagedRecordOfTheServersRun_EndsAsWithoutOne()
    {
        Cli.Done(Command());
        File.WriteAllText(runs["tracked/.mlflow.json"], "{ \"server\": ");
        Cli.Done(Command()); // all is done, and nothing to tell

        Cli.Done([.. Command(), "--seed", "2"]);
        Assert.Equal(2, server.Bodies("runs/create").Count());
    }

    [Fact]
    public void Run_StoppedAndGoneOn_IsOneRunOfTheServer()
    {
        string[] command = [.. Command(), "--set", "training.epochs=3000"];
        StopAfterMoreMetrics(command);
        // MLflow refuses a setting that it knows with another value; what belongs to the machine may have changed.
        StopAfterMoreMetrics([.. command, "--set", "training.threads=2"]);
        Assert.Equal(server.Settings.Count, server.Bodies("runs/log-batch").Sum(body => body.GetProperty("params").GetArrayLength()));

        Assert.Single(server.Bodies("runs/create"));
        Assert.Contains("KILLED", server.Bodies("runs/update").Select(body => body.GetProperty("status").GetString()));
    }

    [Theory]
    [InlineData(HttpStatusCode.Unauthorized)]
    [InlineData(HttpStatusCode.InternalServerError)]
    public void Run_ServerThatAnswersErrors_TrainsAndWarnsOnce(HttpStatusCode status)
    {
        server.Status = _ => status;

        RequireStudentAndOneWarning(Cli.Done(Command()));
    }

    [Fact]
    public void Run_ServerThatFailsLater_TrainsAndWarnsOnce()
    {
        server.Status = call => call > 4 ? HttpStatusCode.BadRequest : HttpStatusCode.OK;

        RequireStudentAndOneWarning(Cli.Done(Command()));
    }

    [Fact]
    public void Run_ServerThatIsDown_TrainsAndWarnsOnce()
    {
        server.Dispose();

        RequireStudentAndOneWarning(Cli.Done(Command()));
    }

    [Fact]
    public void Run_ServerThatDoesNotAnswer_TrainsAndGivesUpAtTheEnd()
    {
        server.Delay = TimeSpan.FromMinutes(5);

        RequireStudentAndOneWarning(Cli.Done(Command()));
    }

    [Fact]
    public void Run_AddressThatIsNone_IsRefusedBeforeAnythingRuns()
    {
        var error = Cli.Fails(2, "run", project["student.yaml"], "--mlflow", "localhost:5000", "--runs", runs.Path);

        Assert.All(["tracking.mlflow", "http://HOST:PORT"], part => Assert.Contains(part, error));
        Assert.DoesNotContain("started", error);
    }

    public void Dispose()
    {
        server.Dispose();
        runs.Dispose();
    }

    private void StopAfterMoreMetrics(string[] command)
    {
        using var stop = new CancellationTokenSource();
        var before = server.Metrics.Count();
        var stopped = Cli.RunAndWatch(
            () =>
            {
                if (server.Metrics.Count() > before)
                    stop.Cancel();
            },
            stop.Token, command);
        Assert.Equal(130, stopped.ExitCode);
    }

    private string[] Command() =>
        ["run", project["student.yaml"], "--name", "tracked", "--epochs", "3", "--no-baseline", "--mlflow", server.Address, "--runs", runs.Path];

    private void RequireStudentAndOneWarning(CliResult result)
    {
        Assert.True(File.Exists(runs["tracked/student.onnx"]));
        Assert.Single(result.Error.Split('\n'), line => line.Contains("is not told of this run any more", StringComparison.Ordinal));
    }
}
