using System.Text.Json;
using System.Xml.Linq;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Reports;

[Collection(nameof(TinyProject))]
public sealed class RunComparisonTests(TinyProject project) : IDisposable
{
    private readonly TemporaryFolder runs = new();

    [Fact]
    public void Report_ThreeSeedsAndAnotherWidth_ShowsTheSeedsAsOneStudent()
    {
        string[] names = ["one", "two", "three"];
        foreach (var (i, name) in names.Index())
            Run(name, baseline: true, "--seed", $"{i + 1}");
        Run("wide", baseline: true, "--seed", "2", "--widths", "12");
        string[] folders = [.. names.Append("wide").Select(name => runs[name])];

        var result = Cli.Done(["report", .. folders, "-o", runs["page.html"], "--json"]);

        var group = JsonDocument.Parse(result.Output).RootElement.GetProperty("seeds").EnumerateArray().Single();
        Assert.Equal(names, group.GetProperty("runs").EnumerateArray().Select(run => run.GetProperty("name").GetString()!));
        RequireSpread(names.Select(name => Wrong(name, "student")), group.GetProperty("student"));
        RequireSpread(names.Select(name => 1 - Wrong(name, "baseline")), Figure(group, "baseline", "accuracy"));
        RequireSpread(names.Select(name => Number(name, "student", "nll")), Figure(group, "student", "nll"));
        double[] shares = [.. names.Select(name => (Wrong(name, "baseline") - Wrong(name, "student")) / (Wrong(name, "baseline") - Wrong(name, "teacher")))];
        Assert.All(names, name => Assert.True(Wrong(name, "teacher") < Wrong(name, "baseline")));
        Assert.Equal(shares, group.GetProperty("runs").EnumerateArray().Select(run => run.GetProperty("gap").GetDouble()));
        RequireSpread(shares, group.GetProperty("gap"));

        var page = XDocument.Parse(File.ReadAllText(runs["page.html"]));
        Assert.Equal(
            ["teacher", "one, two, three (3 seeds): student", "one, two, three (3 seeds): baseline", "wide: student", "wide: baseline"],
            page.Descendants("table").First().Descendants("tbody").Single().Elements()
                .Select(row => row.Elements().First().Value.Replace("one, two, three (3 seeds): teacher", "teacher", StringComparison.Ordinal)));
        Assert.Contains("Distillation closes", page.Descendants("p").First(element => (string?)element.Attribute("class") == "verdict").Value);
        Assert.Equal(["one", "two", "three"], page.Descendants("h3").First(title => title.Value == "one, two, three (3 seeds)").ElementsAfterSelf().First()
            .Descendants("tbody").Single().Elements().Select(row => row.Elements().First().Value));
        Assert.Contains(" ± ", Cli.Done(["report", .. folders, "-o", runs["page.html"]]).Output.Split('\n').First(line => line.Contains("3 seeds): student", StringComparison.Ordinal)));
    }

    [Fact]
    public void Report_SeedsWhoseLearningRateWasFound_AreOneStudentStill()
    {
        string[] found = ["--set", "training.optimizer={ name: sgd, learning-rate: auto }"];
        Run("one", baseline: false, ["--seed", "1", .. found]);
        Run("two", baseline: false, ["--seed", "7", .. found]);
        var rates = new[] { "one", "two" }.Select(name => File.ReadLines(runs[$"{name}/recipe.yaml"]).Single(line => line.Contains("learning-rate:", StringComparison.Ordinal))).ToArray();
        Assert.DoesNotContain(rates, rate => rate.Contains("auto", StringComparison.Ordinal));

        var comparison = JsonDocument.Parse(Cli.Done("report", runs["one"], runs["two"], "--json").Output).RootElement;

        Assert.Single(comparison.GetProperty("seeds").EnumerateArray());
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

    [Theory]
    [InlineData("twice", true)]
    [InlineData("swapped", true)]
    [InlineData("torn", true)]
    [InlineData("twice", false)]
    [InlineData("swapped", false)]
    [InlineData("torn", false)]
    public void Report_EventsDamaged_IsRefusedAndNamesThem(string how, bool isFinished)
    {
        Cli.Done("train", project["student.yaml"], "--name", "one", "--epochs", "3", "--no-baseline", "--runs", runs.Path);
        var events = Directory.GetFiles(runs["one"], "events.jsonl", SearchOption.AllDirectories).Single();
        var lines = File.ReadAllLines(events);
        if (!isFinished)
            File.Delete(Path.Combine(Path.GetDirectoryName(events)!, "stage.json"));
        File.WriteAllText(events, how switch
        {
            "twice" => $"{lines[0]}\n{lines[0]}\n{lines[1]}\n{lines[2]}\n",
            "swapped" => $"{lines[1]}\n{lines[0]}\n{lines[2]}\n",
            _ => $"{lines[0]}\n{lines[1][..40]}",
        });

        Assert.Contains(events, Cli.Fails(4, "report", runs["one"]));
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
        Assert.Superset(new HashSet<string> { "temperature=1", "temperature=2" }, Titles("student/sweep/report.html").ToHashSet());
    }

    [Fact]
    public void Report_PageIsGone_IsDrawnFromWhatIsThere()
    {
        Run("one");
        File.Delete(runs["one/report.html"]);

        Cli.Done("report", runs["one"], "-o", runs["details.html"]);
        Directory.Delete(Directory.GetDirectories(runs["one"], "evaluate-*").Single(), recursive: true);
        Cli.Done("report", runs["one"], "-o", runs["figures.html"]);

        Assert.Contains("Closeness to the teacher", Titles("details.html"));
        Assert.DoesNotContain("Closeness to the teacher", Titles("figures.html"));
        Assert.Contains("Figures", Titles("figures.html"));
    }

    [Fact]
    public void Report_SideBySide_HasThePageOfEachRun()
    {
        Run("one");
        Run("wide", "--widths", "12");
        Cli.Done("report", runs["one"], runs["wide"], "-o", runs["page.html"]);
        var page = XDocument.Parse(File.ReadAllText(runs["page.html"]));

        var ids = page.Descendants().Attributes("id").Select(id => id.Value).ToArray();
        Assert.Equal(ids.Length, ids.Distinct().Count());
        var levels = page.Descendants().Where(element => element.Name.LocalName is "h1" or "h2" or "h3" or "h4").Select(element => element.Name.LocalName[1] - '0').ToArray();
        Assert.All(levels.Zip(levels.Skip(1)), pair => Assert.True(pair.Second <= pair.First + 1));
        Assert.DoesNotContain(page.Descendants().Where(element => element.Name.LocalName is "p" or "li" or "h2" or "h3"), element => element.Value.Trim().Length == 0);
        var digests = new[] { "one", "wide" }.Select(name => Core.Files.Hashing.Sha256OfFile(runs[$"{name}/student.onnx"])).ToArray();
        Assert.All(page.Descendants("details").Zip(digests), run => Assert.All(
            ["Closeness to the teacher", "Calibration", "Latency", "What ships", "How it was made", "cache (its manifest)", "--runs ..", run.Second],
            part => Assert.Contains(part, run.First.Value)));
        // In front of every run, both fronts.
        Assert.All(["Quality and size", "Quality and latency"], title => Assert.Contains(title, page.Descendants("h2").Select(heading => heading.Value)));
    }

    [Fact]
    public void Report_FolderOfRuns_ComparesThoseOfOneTestSet()
    {
        Run("one");
        Run("two", "--seed", "2");
        Assert.Contains("Over 2 seeds", Cli.Done("report", runs.Path).Output);
        Assert.True(File.Exists(runs["report.html"]));

        Run("other", "--test-samples", project["train.npy"], "--test-labels", project["train-labels.npy"]);
        var error = Cli.Fails(2, "report", runs.Path);

        Assert.All(["one, two; other", $"onnxkd report {runs["one"]} {runs["two"]}"], part => Assert.Contains(part, error));
    }

    [Fact]
    public void Report_CommandOnThePage_FindsTheRun()
    {
        Run("one");
        Assert.Contains("onnxkd run recipe.yaml --runs ..", XDocument.Parse(File.ReadAllText(runs["one/report.html"])).Descendants("code").First().Value);

        var again = Cli.Done("run", runs["one/recipe.yaml"], "--runs", runs["one/.."]);

        Assert.DoesNotContain("started", again.Error);
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

    private void Run(string name, params string[] more) => Run(name, baseline: false, more);

    private void Run(string name, bool baseline, params string[] more) =>
        Cli.Done(["run", project["student.yaml"], "--name", name, "--epochs", "3", "--runs", runs.Path, .. baseline ? ["--set", "baseline.training.epochs=1", "--set", "baseline.training.optimizer.learning-rate=0.001"] : new[] { "--no-baseline" }, .. more]);

    private double Wrong(string name, string role) => 1 - Number(name, role, "accuracy");

    private double Number(string name, string role, string figure) =>
        Figures.Of(JsonDocument.Parse(File.ReadAllText(runs[$"{name}/metrics.json"])).RootElement, role).GetProperty(figure).GetDouble();

    private static JsonElement Figure(JsonElement group, string role, string figure) =>
        group.GetProperty("models").EnumerateArray().Single(model => model.GetProperty("role").GetString() == role).GetProperty("figures").GetProperty(figure);

    private IReadOnlyList<string> Titles(string page) =>
        [.. XDocument.Parse(File.ReadAllText(runs[page])).Descendants().Where(element => element.Name.LocalName is "h2" or "h3").Select(title => title.Value)];

    /// <summary>Mean and sample deviation by their formulas.</summary>
    private static void RequireSpread(IEnumerable<double> values, JsonElement spread)
    {
        var all = values.ToArray();
        var mean = all.Sum() / all.Length;
        Assert.Equal(mean, spread.GetProperty("mean").GetDouble(), 12);
        Assert.Equal(Math.Sqrt(all.Sum(value => Math.Pow(value - mean, 2)) / (all.Length - 1)), spread.GetProperty("deviation").GetDouble(), 12);
        Assert.Equal((all.Min(), all.Max()), (spread.GetProperty("least").GetDouble(), spread.GetProperty("most").GetDouble()));
    }
}
