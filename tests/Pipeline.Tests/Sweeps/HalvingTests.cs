using System.Text.Json;
using OnnxKd.Pipeline.Sweeps;
using OnnxKd.Pipeline.Tests.Support;
using OnnxKd.StudentTrainer.Training;

namespace OnnxKd.Pipeline.Tests.Sweeps;

[Collection(nameof(TinyProject))]
public sealed class HalvingTests(TinyProject project) : IDisposable
{
    private static readonly string[] Sixteen = ["--no-baseline", "--vary", "lr=0.0003,0.003,0.03,0.1", "--vary", "temperature=1,2,4,8"];

    private readonly TemporaryFolder runs = new();

    private string Recipe => project.Recipe(TinyProject.StudentRecipe.Replace("epochs: 30", "epochs: 9").Replace(
        "transfer: { samples: train.npy, labels: train-labels.npy }",
        "transfer: { samples: train.npy, labels: train-labels.npy, rows: 0..180 }\n  validation: { samples: train.npy, labels: train-labels.npy, rows: 180.. }"));

    /// <summary>The bar: the same winner in at most 45 % of the time, which is counted in epochs here.</summary>
    [Fact]
    public void Halving_OfSixteenSettings_FindsOneAsGoodAsTheWinnerOfAllInLessThanHalf()
    {
        var full = Json(["sweep", Recipe, "--name", "full", "--runs", runs.Path, "--json", .. Sixteen]);
        var halved = Json(["sweep", Recipe, "--name", "halved", "--runs", runs.Path, "--json", "--halving", .. Sixteen]);

        var (all, best) = (full.GetProperty("settings").EnumerateArray().ToArray(), halved.GetProperty("best").GetString());
        Assert.Equal(all.Min(Score), Score(all.Single(setting => setting.GetProperty("setting").GetString() == best)));
        Assert.Equal(16 * 9, Epochs("full"));
        Assert.InRange(Epochs("halved"), 16, 0.45 * 16 * 9);
        Assert.Equal(2, halved.GetProperty("settings").EnumerateArray().Count(setting => setting.TryGetProperty("run", out _)));
        var winner = all.Single(setting => setting.GetProperty("setting").GetString() == best);
        Assert.Equal(Weights($"full/{Folder(winner)}/student.onnx"), Weights($"halved/{Folder(winner)}/student.onnx"));
        Assert.DoesNotContain("started", Cli.Done("run", runs["halved/best.yaml"], "--runs", runs.Path, "--no-baseline").Error.Replace("report: started", ""));
    }

    private static double Score(JsonElement setting) => setting.GetProperty("validation").GetProperty("value").GetDouble();

    [Fact]
    public void Halving_RunAgain_TrainsNothingAndSaysTheSame()
    {
        string[] line = ["sweep", Recipe, "--name", "again", "--runs", runs.Path, "--halving", "--no-baseline", "--vary", "lr=0.0003,0.003,0.03"];
        var first = Cli.Done(line);
        var trained = Epochs("again");

        var second = Cli.Done(line);

        Assert.Equal(first.Output, second.Output);
        Assert.Equal(trained, Epochs("again"));
        var page = File.ReadAllText(runs["again/sweep.html"]);
        Assert.Contains("Halving stopped 2 of 3 settings early.", page);
        Assert.Contains("This setting was stopped early by halving, after 3 epochs.", page);
        Assert.DoesNotContain("goes on with it", page);
        Assert.Contains("setting lr=0.0003 was stopped early by halving", Cli.Done(["report", .. Directory.GetDirectories(runs["again/sweep"])]).Output);
    }

    [Fact]
    public void Halving_OfSeeds_StopsOrGoesOnWithAllOfASetting()
    {
        var sweep = Json("sweep", Recipe, "--name", "seeds", "--runs", runs.Path, "--json", "--halving", "--no-baseline", "--vary", "seed=1,2", "--vary", "lr=0.0003,0.003,0.05");

        var finished = sweep.GetProperty("settings").EnumerateArray().Where(setting => setting.TryGetProperty("run", out _)).ToArray();
        Assert.Equal(["1", "2"], finished.Select(setting => setting.GetProperty("values").GetProperty("seed").GetString()));
        Assert.Single(finished.Select(setting => setting.GetProperty("values").GetProperty("lr").GetString()).Distinct());
    }

    [Fact]
    public void Halving_WithoutAValidationSet_IsRefused()
    {
        var error = Cli.Fails(2, "sweep", project["student.yaml"], "--runs", runs.Path, "--halving", "--vary", "lr=0.01,0.1");

        Assert.Contains("rows: 50000..", error);
        Assert.Empty(Directory.GetDirectories(runs.Path));
    }

    [Theory]
    [InlineData(16, "16:0.111 6:0.333 2:1.000")]
    [InlineData(9, "9:0.111 3:0.333 1:1.000")]
    [InlineData(2, "2:1.000")]
    [InlineData(1, "1:1.000")]
    public void Rounds_OfSomeSettings_KeepAThirdAndTripleTheEpochs(int settings, string expected) => Assert.Equal(
        expected, string.Join(' ', Halving.Rounds(settings).Select(round => FormattableString.Invariant($"{round.Settings}:{round.Share:0.000}"))));

    [Fact]
    public void Score_OfEvents_IsThatOfTheWeightsThatAreKept()
    {
        var best = new TrainingOptions { Epochs = 4, Keep = "best" };
        EpochEvent[] events = [Epoch(1, 7, 0.5), Epoch(2, 5, 0.4), Epoch(3, 5, 0.3), Epoch(4, 2, 0.2)];

        Assert.Equal(new ValidationScore("errors", 5, 3, 0.3), ValidationScore.Of(events, best, epochs: 3));
        Assert.Equal(2, ValidationScore.Of(events, best)!.Value);
        Assert.Equal(5, ValidationScore.Of(events[..3], best with { Keep = "last" })!.Value);
        Assert.Equal(7, ValidationScore.Of([Epoch(1, 5, 0.4), Epoch(2, 7, 0.5)], best with { Keep = "last" })!.Value);
        Assert.Equal(new("nll", 0.4, 2), ValidationScore.Of([Epoch(1, 5, 0.5), Epoch(2, 7, 0.4)], best with { EarlyStop = new() { Patience = 1, Metric = "nll" } }));
        Assert.Null(ValidationScore.Of([new(1, 0.1, 1, new Dictionary<string, double>(), null, null)], best));
    }

    private static EpochEvent Epoch(int epoch, long errors, double nll) => new(epoch, 0.1, 1, new Dictionary<string, double>(), errors, nll);

    private static JsonElement Json(params string[] line) => JsonDocument.Parse(Cli.Done(line).Output).RootElement;

    private static string Folder(JsonElement setting) => setting.GetProperty("folder").GetString()!;

    private int Epochs(string run) => Directory.GetFiles(runs[run], "events.jsonl", SearchOption.AllDirectories)
        .Where(path => Path.GetFileName(Path.GetDirectoryName(path))!.StartsWith("train-", StringComparison.Ordinal)).Sum(path => File.ReadLines(path).Count());

    /// <summary>Without the metadata, which name the run.</summary>
    private string Weights(string model)
    {
        var proto = Core.Onnx.OnnxModel.Load(runs[model]).Proto.Clone();
        proto.MetadataProps.Clear();
        return proto.ToString();
    }

    public void Dispose() => runs.Dispose();
}
