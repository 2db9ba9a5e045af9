using System.Text.Json;
using System.Xml.Linq;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Reports;

[Collection(nameof(TinyProject))]
public sealed class RunComparisonTests(TinyProject project) : IDisposable
{
    private readonly TemporaryFolder runs = new();

    [Fact]
    public void Report_TwoSeedsAndAnotherWidth_SpreadsOverTheSeedsAlone()
    {
        Run("one", "--seed", "1");
        Run("two", "--seed", "2");
        Run("wide", "--seed", "2", "--widths", "12");

        var result = Cli.Done("report", runs["one"], runs["two"], runs["wide"], "-o", runs["page.html"], "--json");

        var spread = JsonDocument.Parse(result.Output).RootElement.GetProperty("seeds").EnumerateArray().Single();
        double[] wrong = [Wrong("one"), Wrong("two")];
        Assert.Equal(["one", "two"], spread.GetProperty("runs").EnumerateArray().Select(name => name.GetString()!));
        Assert.Equal(wrong.Average(), spread.GetProperty("mean").GetDouble(), 12);
        Assert.Equal(Math.Abs(wrong[0] - wrong[1]) / Math.Sqrt(2), spread.GetProperty("deviation").GetDouble(), 12); // of two
        var page = XDocument.Parse(File.ReadAllText(runs["page.html"]));
        Assert.Equal(
            ["teacher", "one: student", "two: student", "wide: student"],
            page.Descendants("table").First().Descendants("tbody").Single().Elements().Select(row => row.Elements().First().Value.Replace("one: teacher", "teacher", StringComparison.Ordinal)));
        Assert.Equal(3, page.Descendants().Count(element => element.Name.LocalName == "svg")); // sizes, loss, learning rate
    }

    [Fact]
    public void Report_DifferentData_IsRefusedWithWhich()
    {
        Run("one");
        Run("other", "--test-samples", project["train.npy"], "--test-labels", project["train-labels.npy"]);

        var error = Cli.Fails(2, "report", runs["one"], runs["other"]);

        Assert.All(["different data", runs["other"], "as in " + runs["one"]], part => Assert.Contains(part, error));
        Assert.False(File.Exists(runs["report.html"]));
    }

    [Fact]
    public void Report_RunTwice_IsRefused()
    {
        Run("one");

        Assert.Contains("named twice", Cli.Fails(2, "report", runs["one"], runs["one"] + "/"));
    }

    [Fact]
    public void Report_RunThatWasStopped_ShowsItsCurvesAndSaysSo()
    {
        using var stop = new CancellationTokenSource();
        var seen = 0;
        Cli.RunAndWatch(
            () =>
            {
                if (File.Exists(runs["one/events/student.jsonl"]) && ++seen > 3)
                    stop.Cancel();
            },
            stop.Token, "run", project["student.yaml"], "--name", "one", "--epochs", "2000", "--no-baseline", "--runs", runs.Path);

        var result = Cli.Done("report", runs["one"], "-o", runs["page.html"]);

        Assert.Contains("one is not finished and has no figures yet", result.Output);
        var page = XDocument.Parse(File.ReadAllText(runs["page.html"]));
        Assert.Contains("Not finished: train-student-", page.Root!.Value);
        Assert.Contains(page.Descendants(), element => element.Name.LocalName == "title" && element.Value.StartsWith("Loss of student", StringComparison.Ordinal));
    }

    [Fact]
    public void Report_SettingsOfASweep_AreComparedWithoutAFile()
    {
        Cli.Done("sweep", project["student.yaml"], "--epochs", "1", "--no-baseline", "--vary", "temperature=1,2", "--runs", runs.Path);

        Cli.Done(["report", .. Directory.GetDirectories(runs["student/sweep"])]);

        Assert.Contains("2 runs", File.ReadAllText(runs["student/sweep/report.html"]));
    }

    [Fact]
    public void Report_OtherFileInTheWay_IsNotReplaced()
    {
        Run("one");
        Run("two", "--seed", "2");
        runs.Write("report.html", "mine");

        Assert.Contains("-o FILE", Cli.Fails(2, "report", runs["one"], runs["two"]));
        Assert.Equal("mine", File.ReadAllText(runs["report.html"]));
    }

    public void Dispose() => runs.Dispose();

    private void Run(string name, params string[] more) =>
        Cli.Done(["run", project["student.yaml"], "--name", name, "--epochs", "3", "--no-baseline", "--runs", runs.Path, .. more]);

    private double Wrong(string name) =>
        1 - Figures.Of(JsonDocument.Parse(File.ReadAllText(runs[$"{name}/metrics.json"])).RootElement, "student").GetProperty("accuracy").GetDouble();
}
