using System.Text.Json;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.EndToEnd;

/// <summary>Teachers that are no files of models: what they said lies on disk. A run from it is held to one from the model that said it.</summary>
[Collection(nameof(TinyProject))]
public sealed class SignalsTests(TinyProject project) : IDisposable
{
    private const int Samples = 240;
    private const int TestSamples = 90;
    private const int Classes = Blobs.Classes;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Run_FromTheLogitsOfAModel_TrainsTheSameStudent()
    {
        var live = Run("live", "model: " + project["teacher.onnx"]);
        Write("logits.npy", live, "cache", Samples);
        Write("test-logits.npy", live, "test-teacher", TestSamples);

        var recorded = Run("recorded", $"signals: {folder["logits.npy"]}, test-signals: {folder["test-logits.npy"]}");

        Assert.Equal(File.ReadAllBytes(Stage(live, "train-student", "model.onnx")), File.ReadAllBytes(Stage(recorded, "train-student", "model.onnx")));
        var (student, other) = (Metrics(live, "student"), Metrics(recorded, "student"));
        foreach (var figure in new[] { "errors", "agreement", "kl", "nll" })
            Assert.Equal(other.GetProperty(figure).GetDouble(), student.GetProperty(figure).GetDouble());
        var teacher = Metrics(recorded, "teacher");
        Assert.Equal(Metrics(live, "teacher").GetProperty("errors").GetInt64(), teacher.GetProperty("errors").GetInt64());
        Assert.False(teacher.TryGetProperty("parameters", out _));
        Assert.Contains("`logits.npy`", File.ReadAllText(Path.Combine(recorded, "README.md")));
        Assert.Contains("ok: 240 rows", Cli.Done("cache", "verify", Path.GetDirectoryName(Stage(recorded, "cache", "manifest.json"))!, "--rows", "50").Output);
    }

    [Fact]
    public void Run_WithoutAnswersOnTheTestSet_SaysNothingOfTheTeacherThere()
    {
        WriteRows("logits.npy", Logits(Samples));

        var run = Run("run", $"signals: {folder["logits.npy"]}");

        var student = Metrics(run, "student");
        Assert.True(student.TryGetProperty("errors", out _));
        Assert.False(student.TryGetProperty("agreement", out _));
        Assert.DoesNotContain("teacher", File.ReadAllText(Path.Combine(run, "report.md")));
    }

    [Fact]
    public void Run_OfTheResolvedRecipe_ReusesEverything()
    {
        WriteRows("logits.npy", Logits(Samples));
        var run = Run("again", $"signals: {{ logits: {folder["logits.npy"]} }}");

        var second = Cli.Done("plan", Path.Combine(run, "recipe.yaml"), "--runs", folder.Path);

        Assert.DoesNotContain("will run", second.Output);
    }

    [Fact]
    public void Import_ThenTheFolder_IsTheSameTeacher()
    {
        var rows = Logits(Samples);
        WriteRows("logits.npy", rows);
        Cli.Done("cache", "import", folder["logits.npy"], "--samples", project["train.npy"], "--to", folder["imported"]);

        var (direct, imported) = (Run("direct", $"signals: {folder["logits.npy"]}"), Run("imported-run", $"signals: {folder["imported"]}"));

        Assert.Equal(rows, Values(folder["imported"], "logits", Samples));
        Assert.Equal(File.ReadAllBytes(Stage(direct, "train-student", "model.onnx")), File.ReadAllBytes(Stage(imported, "train-student", "model.onnx")));
    }

    [Fact]
    public void Import_OfACacheOfOtherSamples_IsRefused()
    {
        WriteRows("logits.npy", Logits(TestSamples));
        Cli.Done("cache", "import", folder["logits.npy"], "--samples", project["test.npy"], "--to", folder["imported"]);

        Assert.Contains("samples", Cli.Fails(4, "cache", "import", folder["imported"], "--samples", project["train.npy"], "--to", folder["other"]));
    }

    [Fact]
    public void Import_WithIds_PutsRowsInTheOrderOfTheSamples()
    {
        var rows = Logits(Samples);
        var order = Enumerable.Range(0, Samples).Select(i => (long)(i * 77 % Samples)).ToArray(); // 77 and 240 have no common divisor
        WriteRows("shuffled.npy", [.. order.SelectMany(id => rows.Skip((int)id * Classes).Take(Classes))]);
        Npy.Write(folder["ids.npy"], order, Samples);

        Cli.Done(
            "cache", "import", folder["shuffled.npy"], "--ids", folder["ids.npy"], "--kind", "classes", "--samples", project["train.npy"], "--to", folder["sorted"]);

        Assert.Equal(rows, Values(folder["sorted"], "logits", Samples));
        Npy.Write(folder["ids.npy"], [.. order.Select(id => id == 7 ? 8 : id)], Samples);
        Assert.Contains("id 8", Import(2, "shuffled.npy", "--ids", folder["ids.npy"], "--kind", "classes"));
        Npy.Write(folder["ids.npy"], [.. order.Select(id => id == 7 ? 7_000 : id)], Samples);
        Assert.Contains("no row with id 7", Import(2, "shuffled.npy", "--ids", folder["ids.npy"], "--kind", "classes"));
    }

    [Fact]
    public void Import_OfAPartOfTheSamples_TakesTheirRowsOfTheWhole()
    {
        var rows = Logits(Samples);
        WriteRows("logits.npy", rows);
        var recipe = folder.Write("part.yaml", Recipe($"signals: {folder["logits.npy"]}", rows: "100..150"));

        var cache = Cli.Done("cache", recipe, "--runs", folder.Path, "--json").Output;

        Assert.Equal(rows[(100 * Classes)..(150 * Classes)], Values(JsonDocument.Parse(cache).RootElement.GetProperty("cache").GetString()!, "logits", 50));
    }

    [Fact]
    public void Import_OfSeveralFiles_MakesAStreamOfEach()
    {
        WriteRows("a.npy", Logits(Samples));
        var pooled = Logits(Samples * 2);
        Npy.Write(folder["b.npy"], pooled, Samples, 2, Classes);

        Cli.Done(
            "cache", "import", $"logits={folder["a.npy"]}", $"pool={folder["b.npy"]}", "--samples", project["train.npy"], "--to", folder["both"]);

        using var cache = LogitCache.Open(folder["both"]);
        Assert.Equal(["logits", "pool"], cache.Streams.Select(stream => stream.Name));
        Assert.Equal([StreamKind.Logit, StreamKind.Feature], cache.Streams.Select(stream => stream.Kind));
        Assert.Equal(pooled, Values(folder["both"], "pool", Samples));
    }

    [Fact]
    public void Import_OfProbabilities_StoresTheirLogarithms()
    {
        float[] rows = [.. Logits(Samples).Chunk(Classes).SelectMany(Softmax)];
        WriteRows("p.npy", rows);

        Cli.Done("cache", "import", folder["p.npy"], "--samples", project["train.npy"], "--to", folder["log"]);

        Assert.All(Values(folder["log"], "logits", Samples).Zip(rows), pair => Assert.Equal(Math.Log(pair.Second), pair.First, 1e-5));
    }

    [Fact]
    public void Import_OfRoundedProbabilities_AsksWhatTheyAre()
    {
        float[] rows = [.. Logits(Samples).Chunk(Classes).SelectMany(Softmax).Select(p => MathF.Round(p, 2))];
        WriteRows("logits.npy", rows);

        Assert.Contains("probabilities: true", Import(2, "logits.npy"));
        Cli.Done("cache", "import", folder["logits.npy"], "--probabilities", "true", "--samples", project["train.npy"], "--to", folder["log"]);
        WriteRows("logits.npy", Logits(Samples));
        Assert.Contains("row 0", Import(2, "logits.npy", "--probabilities", "true"));
    }

    /// <summary>The same numbers mean something else then: what lies in the folder is no answer to the second command.</summary>
    [Fact]
    public void Import_IntoAFolderOfTheSameNumbersReadOtherwise_IsRefused()
    {
        WriteRows("p.npy", [.. Logits(Samples).Select(logit => 1 / (1 + MathF.Exp(-logit)))]);
        string[] import = ["cache", "import", folder["p.npy"], "--kind", "labels", "--samples", project["train.npy"], "--to", folder["labels"]];
        Cli.Done([.. import, "--probabilities", "true"]);

        Assert.Contains("teachers[0].probabilities", Cli.Fails(4, [.. import, "--probabilities", "false"]));
    }

    [Fact]
    public void Import_OfOtherRowsThanSamples_IsRefusedBeforeAnything()
    {
        WriteRows("logits.npy", Logits(Samples - 1));

        var error = Cli.Fails(2, "run", folder.Write("short.yaml", Recipe($"signals: {folder["logits.npy"]}")), "--runs", folder["runs"]);

        Assert.Contains("239 rows for 240 samples", error);
        Assert.Empty(Directory.GetFiles(folder["runs"], "*.json", SearchOption.AllDirectories));
    }

    [Fact]
    public void Import_OfAValueThatIsNoNumber_NamesFileAndRow()
    {
        var rows = Logits(Samples);
        rows[130 * Classes + 1] = float.NaN;
        WriteRows("logits.npy", rows);

        var error = Import(2, "logits.npy");

        Assert.Contains($"{folder["logits.npy"]}, row 130 (from 0), value 1", error);
        Assert.Contains("correct that row", error);
    }

    [Fact]
    public void Import_OfClassNumbers_SaysThatTheyAreLabels()
    {
        Npy.Write(folder["classes.npy"], Enumerable.Range(0, Samples).Select(i => (long)(i % 3)).ToArray(), Samples);

        Assert.Contains("numbers of classes, and no scores", Import(2, "classes.npy", "--kind", "classes"));
    }

    [Theory]
    [InlineData("classes")]
    [InlineData("values")]
    public void Import_OfATableWithRowNumbers_NamesTheirColumn(string kind)
    {
        File.WriteAllLines(folder["scores.csv"], Enumerable.Range(0, Samples).Select(i => $"{i + 7},{i % 5 * 0.5},{i % 3 * 0.25}").Prepend("id,a,b"));

        var error = Import(2, "scores.csv", "--kind", kind);

        Assert.Contains("counts the rows", error);
        Assert.Contains("scores.csv, column 0", error);
    }

    [Fact]
    public void Import_OfWhatNothingTells_AsksForTheKind()
    {
        WriteRows("a.npy", Logits(Samples));

        Assert.Contains("It is not clear what", Import(2, "a.npy"));
        Cli.Done("cache", "import", folder["a.npy"], "--kind", "values", "--samples", project["train.npy"], "--to", folder["values"]);
        using var cache = LogitCache.Open(folder["values"]);
        Assert.Equal(StreamKind.Value, cache.Streams[0].Kind);
    }

    [Theory]
    [InlineData("model: m.onnx, signals: a.npy", "both model and signals")]
    [InlineData("name: big", "neither model nor signals")]
    [InlineData("signals: a.npy, preprocessing: { scale: 2 }", "does not depend on preprocessing")]
    [InlineData("signals: a.npy, validation-signals: b.npy", "no such set")]
    [InlineData("model: m.onnx, test-signals: a.npy", "A model answers of every set itself")]
    [InlineData("signals: { ids: a.npy }", "at least one signal")]
    public void Recipe_ThatContradictsItself_IsRefused(string teacher, string message) =>
        Assert.Contains(message, Cli.Fails(2, "plan", folder.Write("bad.yaml", Recipe(teacher)), "--runs", folder["runs"]));

    [Fact]
    public void Recipe_WithAugmentation_IsRefused() => Assert.Contains(
        "says nothing of changed ones",
        Cli.Fails(2, "plan", folder.Write("bad.yaml", Recipe("signals: a.npy").Replace("batch-size: 50", "augmentation: { shift: 1 }")), "--runs", folder["runs"]));

    private string Import(int code, string file, params string[] more) =>
        Cli.Fails(code, ["cache", "import", folder[file], "--samples", project["train.npy"], "--to", folder[$"{Guid.NewGuid():N}"], .. more]);

    private string Recipe(string teacher, string rows = "0..240") => $$"""
        data:
          transfer: { samples: {{project["train.npy"]}}, labels: {{project["train-labels.npy"]}}, rows: {{rows}} }
          test: { samples: {{project["test.npy"]}}, labels: {{project["test-labels.npy"]}} }
        teachers: [ { {{teacher}} } ]
        capture: { threads: 1, batch-size: 50 }
        student: { architecture: mlp, widths: [8] }
        objective: [ soft: { temperature: 2, weight: 1 } ]
        training: { threads: 1, epochs: 20, batch-size: 32, optimizer: { learning-rate: 0.05 } }
        """;

    private string Run(string name, string teacher)
    {
        Cli.Done("run", folder.Write($"{name}.yaml", Recipe(teacher)), "--runs", folder.Path);
        return folder[name];
    }

    private static JsonElement Metrics(string run, string role) =>
        Figures.Of(JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "metrics.json"))).RootElement, role);

    private static string Stage(string run, string stage, string file) =>
        Path.Combine(Directory.GetDirectories(run, $"{stage}-*").Single(path => Path.GetFileName(path).Length == stage.Length + 9), file);

    private void Write(string file, string run, string stage, int samples) =>
        WriteRows(file, Values(Path.GetDirectoryName(Stage(run, stage, "manifest.json"))!, "logits", samples));

    private void WriteRows(string file, float[] rows) => Npy.Write(folder[file], rows, rows.Length / Classes, Classes);

    private static float[] Values(string folder, string stream, int samples)
    {
        using var cache = LogitCache.Open(folder);
        var found = cache.Stream(stream);
        var values = new float[samples * found.Values];
        cache.Read(found, [.. Enumerable.Range(0, samples).Select(i => (long)i)], view: 0, values);
        return values;
    }

    /// <summary>Logits that say the class that a sample has, and something of the others.</summary>
    private static float[] Logits(int rows)
    {
        var random = new Random(5);
        return [.. Enumerable.Range(0, rows * Classes).Select(i => (float)(4 * random.NextDouble() - 2 + (i % Classes == i / Classes % Classes ? 5 : 0)))];
    }

    private static IEnumerable<float> Softmax(float[] row)
    {
        var sum = row.Sum(v => Math.Exp(v));
        return row.Select(v => (float)(Math.Exp(v) / sum));
    }
}
