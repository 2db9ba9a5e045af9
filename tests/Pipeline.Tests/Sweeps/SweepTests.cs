using System.Text.Json;
using System.Xml.Linq;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Sweeps;

[Collection(nameof(TinyProject))]
public sealed class SweepTests(TinyProject project) : IDisposable
{
    private readonly TemporaryFolder runs = new();

    [Fact]
    public void Sweep_TemperaturesAndAlphas_RunsTheTeacherOnceAndGivesWhatSeparateRunsGive()
    {
        var result = Cli.Done(
            "sweep", project["student.yaml"], "--runs", runs.Path, "--no-baseline", "--epochs", "3",
            "--vary", "temperature=1,4", "--vary", "alpha=0.5,1", "--json");

        var settings = JsonDocument.Parse(result.Output).RootElement.GetProperty("settings").EnumerateArray().ToArray();
        Assert.Equal(4, settings.Length);
        Assert.Single(Directory.GetDirectories(runs["student"], "cache-*"));
        Assert.Equal(4, Directory.GetDirectories(runs["student"], "train-student-*").Length);
        Assert.Equal(result.Output, File.ReadAllText(runs["student/sweep.json"]));

        Cli.Done(
            "run", project["student.yaml"], "--runs", runs.Path, "--name", "alone", "--no-baseline", "--epochs", "3",
            "--temperature", "4", "--alpha", "0.5");
        Assert.Equal("temperature=4, alpha=0.5", settings[2].GetProperty("setting").GetString());
        var student = runs[$"student/{settings[2].GetProperty("folder").GetString()}/student.onnx"];
        Assert.Equal(WithoutRecipe(runs["alone/student.onnx"]), WithoutRecipe(student));
        Assert.Equal(3, File.ReadLines(Path.Combine(Path.GetDirectoryName(student)!, "events/student.jsonl")).Count());
    }

    [Fact]
    public void Sweep_RunAgain_ReusesEverything()
    {
        string[] command = ["sweep", project["student.yaml"], "--runs", runs.Path, "--no-baseline", "--epochs", "2", "--vary", "seed=1,2"];
        var first = Cli.Done(command);

        var second = Cli.Done(command);

        Assert.Equal(first.Output, second.Output);
        Assert.DoesNotContain("started", second.Error);
    }

    [Fact]
    public void Report_SweepsFiguresEdited_AreRefused()
    {
        Cli.Done("sweep", project["student.yaml"], "--runs", runs.Path, "--no-baseline", "--epochs", "1", "--vary", "temperature=1,2");
        Cli.Done("report", runs["student"]);
        File.WriteAllText(runs["student/sweep.json"], File.ReadAllText(runs["student/sweep.json"]).Replace("\"seed\": 1", "\"seed\": 2"));

        Assert.Contains(runs["student/sweep.json"], Cli.Fails(4, "report", runs["student"]));
    }

    [Fact]
    public void Sweep_SeedsAmongTheKeys_ComparesTheOtherSettingsByTheirMeans()
    {
        var recipe = project.Recipe(TinyProject.StudentRecipe.Replace(
            "transfer: { samples: train.npy, labels: train-labels.npy }",
            "transfer: { samples: train.npy, labels: train-labels.npy, rows: 0..180 }\n  validation: { samples: train.npy, labels: train-labels.npy, rows: 180.. }"));
        string[] line = ["sweep", recipe, "--name", "seeds", "--runs", runs.Path, "--no-baseline", "--epochs", "3", "--vary", "lr=0.002,0.05", "--vary", "seed=1,2,3"];

        var sweep = JsonDocument.Parse(Cli.Done([.. line, "--json"]).Output).RootElement;
        var table = Cli.Done(line).Output;

        Assert.Equal(["lr=0.002 (3 seeds)", "lr=0.05 (3 seeds)"], sweep.GetProperty("seeds").EnumerateArray().Select(group => group.GetProperty("name").GetString()));
        double[] errors = [.. sweep.GetProperty("settings").EnumerateArray().Select(setting => setting.GetProperty("validation").GetProperty("value").GetDouble())];
        var mean = errors[3..].Sum() / 3;
        Assert.True(mean < errors[..3].Sum() / 3);
        var board = table.Split('\n').SkipWhile(row => !row.Contains("validation", StringComparison.Ordinal) || !row.Contains("epochs", StringComparison.Ordinal)).ToArray();
        Assert.Equal(2, board.Count(row => row.Contains("(3 seeds)", StringComparison.Ordinal)));
        Assert.Matches(FormattableString.Invariant($@"1 +\| lr=0.05 \(3 seeds\) +\| {mean:0.#} errors"), board.First(row => row.Contains("lr=0.05", StringComparison.Ordinal)));
        // The recipe to go on with has the seed that was best of these.
        var best = sweep.GetProperty("settings").EnumerateArray().Skip(3).MinBy(setting => (
            setting.GetProperty("validation").GetProperty("value").GetDouble(), setting.GetProperty("validation").GetProperty("tie").GetDouble()));
        Assert.Equal(best.GetProperty("setting").GetString(), sweep.GetProperty("best").GetString());
    }

    [Fact]
    public void Sweep_WithoutAValidationSet_HasAPageWithTheFrontOnTheTestSet()
    {
        var result = Cli.Done("sweep", project["student.yaml"], "--runs", runs.Path, "--no-baseline", "--epochs", "2", "--vary", "lr=0.001,0.05");

        Assert.Contains("front (test set)", result.Output);
        Assert.Contains("the test set chooses nothing", result.Output);
        Assert.False(File.Exists(runs["student/best.yaml"]));
        var page = XDocument.Parse(File.ReadAllText(runs["student/sweep.html"]));
        Assert.Superset(new HashSet<string> { "Front on the test set", "Quality and latency", "lr=0.001", "lr=0.05" }, page.Descendants("h2").Select(title => title.Value).ToHashSet());
        Assert.Contains("Nothing was chosen", page.Descendants("p").First().Value);
        Assert.DoesNotContain("Lr=", page.ToString());
        Assert.Contains("sweep/lr=0.05", page.Descendants("code").Select(code => code.Value));
        // Each has the stages that its own figures come from, not those of the other setting.
        Assert.All(page.Descendants("details"), run => Assert.Single(run.Descendants("th"), cell => cell.Value == "train-student"));
        // The folder that a sweep prints is one that can be shown again.
        Assert.Equal(result.Output, Cli.Done("report", runs["student"], "-o", runs["again.html"]).Output);
        Assert.Equal(File.ReadAllText(runs["student/sweep.html"]), File.ReadAllText(runs["again.html"]));
    }

    [Fact]
    public void Sweep_ListsAsValues_NamesThemInTheTable()
    {
        var result = Cli.Done(
            "sweep", project["student.yaml"], "--runs", runs.Path, "--no-baseline", "--epochs", "1", "--vary", "student.widths=[4],[6]");

        Assert.Contains("student.widths=[4]", result.Output);
    }

    [Fact]
    public void Sweep_KeyThatTheRecipeLacks_IsGivenByTheSettings()
    {
        var recipe = project.Recipe(TinyProject.StudentRecipe.Replace("epochs: 30, ", ""));

        var result = Cli.Done("sweep", recipe, "--name", "lacking", "--runs", runs.Path, "--no-baseline", "--vary", "epochs=1,2");

        Assert.Contains("epochs=1", result.Output);
        Assert.Equal(2, File.ReadLines(runs["lacking/sweep/epochs=2/events/student.jsonl"]).Count());
    }

    [Fact]
    public void Sweep_OneSettingDiverges_MeasuresTheOthersAndSaysSo()
    {
        var result = Cli.Run(
            "sweep", project["student.yaml"], "--runs", runs.Path, "--no-baseline", "--epochs", "2", "--vary", "lr=1e30,0.05");

        Assert.Equal(4, result.ExitCode);
        Assert.Contains("lr=0.05", result.Output);
        Assert.Contains("failed: lr=1e30", result.Output);
        Assert.Contains("1 of 2", result.Error);
        Assert.Contains("diverged", File.ReadAllText(runs["student/sweep.json"]));
        Assert.Contains("This setting failed: Training diverged", File.ReadAllText(runs["student/sweep.html"]));
    }

    [Fact]
    public void Sweep_EverySettingFails_SaysWhyAndPrintsNoEmptyTable()
    {
        var result = Cli.Run("sweep", project["student.yaml"], "--runs", runs.Path, "--no-baseline", "--epochs", "2", "--vary", "lr=1e30,1e29");

        Assert.Equal(4, result.ExitCode);
        Assert.DoesNotContain("+--", result.Output);
        Assert.DoesNotContain("| model", result.Output);
        foreach (var setting in new[] { "lr=1e30", "lr=1e29" })
            Assert.Contains($"failed: {setting}: Training diverged: ", result.Output);
        Assert.Contains("Every setting of the sweep failed.", result.Error);
        var first = JsonDocument.Parse(File.ReadAllText(runs["student/sweep.json"])).RootElement.GetProperty("settings")[0];
        Assert.Equal(4, first.GetProperty("exit_code").GetInt32());
    }

    [Fact]
    public void Sweep_SettingsThatCannotWork_ExitAsTheirErrorsSay()
    {
        var result = Cli.Run(
            "sweep", project["student.yaml"], "--runs", runs.Path, "--no-baseline", "--epochs", "1", "--vary", $"data.test.samples={project["student.yaml"]},{project["missing.npy"]}");

        Assert.Equal(2, result.ExitCode);
        Assert.Equal(2, result.Output.Split('\n').Count(line => line.StartsWith("failed: data.test.samples=", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("temprature=1,2", "temprature")]
    [InlineData("training.epochs=1,none", "--vary training.epochs")]
    [InlineData("name=a,b", "--vary name")]
    public void Sweep_AnySettingIsWrong_IsRefusedBeforeTheFirstStarts(string vary, string named)
    {
        var error = Cli.Fails(2, "sweep", project["student.yaml"], "--runs", runs.Path, "--vary", vary);

        Assert.Contains(named, error);
        Assert.Empty(Directory.GetDirectories(runs.Path));
    }

    /// <summary>The weights: the provenance in the metadata names the run.</summary>
    private static string WithoutRecipe(string model)
    {
        var proto = Core.Onnx.OnnxModel.Load(model).Proto.Clone();
        proto.MetadataProps.Clear();
        return proto.ToString();
    }

    public void Dispose() => runs.Dispose();
}
