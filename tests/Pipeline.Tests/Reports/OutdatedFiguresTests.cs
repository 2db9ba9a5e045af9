using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Reports;

/// <summary>What lies in a run's folder tells of one student.</summary>
[Collection(nameof(TinyProject))]
public sealed class OutdatedFiguresTests(TinyProject project) : IDisposable
{
    private static readonly string[] figures = ["metrics.json", "README.md", "report.html", "report.md"];

    private readonly TemporaryFolder runs = new();

    [Fact]
    public void Export_OfAnotherStudent_TakesTheFiguresAway()
    {
        Cli.Done([.. Command("run"), "--no-baseline", "--epochs", "1"]);
        Assert.All(figures, file => Assert.True(File.Exists(runs[$"one/{file}"]), file));

        Cli.Done([.. Command("export"), "--no-baseline", "--epochs", "2"]);

        Assert.All(figures, file => Assert.False(File.Exists(runs[$"one/{file}"]), file));
        Assert.Contains("has no figures yet", Cli.Done("report", runs["one"]).Output);
        Cli.Done([.. Command("run"), "--no-baseline", "--epochs", "1"]);
        Assert.All(figures, file => Assert.True(File.Exists(runs[$"one/{file}"]), file));
    }

    [Fact]
    public void Report_OtherStudentThanMeasured_SaysSo()
    {
        Cli.Done([.. Command("run"), "--no-baseline", "--epochs", "1"]);
        var first = File.ReadAllBytes(runs["one/student.onnx"]);
        Cli.Done([.. Command("run"), "--no-baseline", "--epochs", "2"]);
        Assert.DoesNotContain("measured yet", Cli.Done("report", runs["one"]).Output);

        File.WriteAllBytes(runs["one/student.onnx"], first);
        Assert.Contains("student.onnx is not measured yet", Cli.Done("report", runs["one"]).Output);
        File.WriteAllText(runs["one/student.onnx"], "mine");
        Assert.All<string[]>([[], ["--json"], ["--markdown"]], form => Assert.Contains("student.onnx was changed since it was measured", Cli.Done(["report", runs["one"], .. form]).Output));
        Cli.Done("report", runs["one"], "-o", runs["page.html"]);
        Assert.Contains("student.onnx was changed since it was measured", File.ReadAllText(runs["page.html"]));
    }

    [Fact]
    public void Run_WithoutTheBaselineOfBefore_TakesItAway()
    {
        Cli.Done([.. Command("run"), "--epochs", "1", "--set", "baseline.training.epochs=1"]);
        Assert.True(File.Exists(runs["one/baseline.onnx"]));

        Cli.Done([.. Command("run"), "--epochs", "1", "--no-baseline"]);

        Assert.Equal(["student.jsonl"], Directory.GetFiles(runs["one/events"]).Select(Path.GetFileName));
        Assert.False(File.Exists(runs["one/baseline.onnx"]));
    }

    public void Dispose() => runs.Dispose();

    private string[] Command(string name) => [name, project["student.yaml"], "--name", "one", "--runs", runs.Path];
}
