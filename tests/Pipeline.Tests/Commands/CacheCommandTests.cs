using System.Text.Json;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Commands;

[Collection(nameof(TinyProject))]
public sealed class CacheCommandTests(TinyProject project) : IDisposable
{
    private readonly TemporaryFolder runs = new();

    public void Dispose() => runs.Dispose();

    [Fact]
    public void Cache_InParts_IsTheCacheOfOneCapture()
    {
        var recipe = project["student.yaml"];
        var whole = Folder(Cli.Done("cache", recipe, "--runs", runs["whole"], "--json"));

        var second = Cli.Done("cache", recipe, "--runs", runs["parts"], "--part", "2/2", "--json");
        var folder = Folder(second);
        Assert.Contains("other parts are still missing", second.Error);
        Assert.Contains("rows in finished shards", Cli.Fails(4, "cache", "merge", folder));
        Assert.Contains("missing:", Cli.Done("cache", "info", folder).Output);
        Assert.Contains("the cache is complete", Cli.Done("cache", recipe, "--runs", runs["parts"], "--part", "1/2", "--json").Error);

        Assert.Equal(Manifest(whole), Manifest(folder));
        Assert.Contains("complete: 240 rows", Cli.Done("cache", "merge", folder).Output);
        // The whole capture finds all rows, and finishes the stage.
        Assert.Equal(folder, Folder(Cli.Done("cache", recipe, "--runs", runs["parts"], "--json")));
        Assert.True(File.Exists(Path.Combine(folder, "stage.json")));
    }

    [Fact]
    public void Cache_BeforeItStarts_TellsRowsBytesAndTime()
    {
        var error = Cli.Done("cache", project["student.yaml"], "--runs", runs.Path).Error;
        Assert.Contains("capture: 240 rows of logits [3] float32; 4.8 kB (20 bytes a row, ", error);
        Assert.Contains("rows/s in batches of 50", error);
    }

    [Theory]
    [InlineData("float32", "values")]
    [InlineData("float16", "values")]
    [InlineData("int8", "values")]
    [InlineData("{ top-k: 2, temperatures: [1, 2] }", "probabilities")]
    [InlineData("{ sampled: 20, temperature: 2 }", "probabilities")]
    public void Verify_WithRows_ReplaysThemThroughTheTeacher(string storage, string measure)
    {
        var folder = Folder(Cli.Done("cache", project["student.yaml"], "--runs", runs.Path, "--set", $"capture.storage={storage}", "--json"));

        var replayed = JsonDocument.Parse(Cli.Done("cache", "verify", folder, "--rows", "30", "--json").Output)
            .RootElement.GetProperty("streams")[0];

        Assert.Equal((30, measure), (replayed.GetProperty("rows").GetInt32(), replayed.GetProperty("measure").GetString()));
        Assert.InRange(replayed.GetProperty("max_error").GetDouble(), 0, storage.Contains("sampled") ? 0.06 : 1e-2);
        Assert.Equal(1, replayed.GetProperty("top1_agreement").GetDouble());
    }

    [Fact]
    public void Import_Help_ListsTheKindsAsTheyAreWritten()
    {
        var help = Cli.Done("cache", "import", "--help").Output;

        Assert.Contains("One of classes, detector, embedding, labels, values.", help);
        Assert.DoesNotContain("Classes,", help);
    }

    [Fact]
    public void Stopped_EachCommand_SaysWhatIsTrueOfIt()
    {
        string[] capture = ["cache", project["student.yaml"], "--runs", runs.Path, "--json"];
        Assert.Contains("the same command goes on from there", Stopped(capture));
        var folder = Folder(Cli.Done(capture));
        Assert.Contains("nothing was changed", Stopped("cache", "verify", folder, "--rows", "10"));

        static string Stopped(params string[] line)
        {
            var result = Cli.Run(new CancellationToken(canceled: true), line);
            Assert.Equal(130, result.ExitCode);
            return result.Error;
        }
    }

    [Fact]
    public void Verify_TeacherThatWasReplaced_IsRefused()
    {
        var other = project.Recipe(TinyProject.StudentRecipe.Replace("teacher.onnx", "other.onnx"));
        File.Copy(project["teacher.onnx"], project["other.onnx"], overwrite: true);
        var folder = Folder(Cli.Done("cache", other, "--runs", runs.Path, "--json"));
        Cli.Done("export", project["teacher.yaml"], "--runs", runs["teacher"], "--seed", "5", "-o", project["other.onnx"]);

        Assert.Contains("teachers[0].digest", Cli.Fails(4, "cache", "verify", folder, "--rows", "5"));
    }

    [Fact]
    public void Info_FinishedCache_ShowsStreamsFieldsAndBytes()
    {
        var folder = Folder(Cli.Done(
            "cache", project["student.yaml"], "--runs", runs.Path, "--set", "capture.storage={ top-k: 2, temperatures: [1, 2] }", "--json"));

        var text = Cli.Done("cache", "info", folder).Output;

        Assert.Contains("logits: logit [3]", text);
        Assert.Contains("top-k, 16 bytes a row: ids uint16 [2], logits float16 [2], tail float32 [2]", text);
        Assert.Contains("240 of 240 stored, 24 bytes each with the id (5.76 kB)", text);
        var json = JsonDocument.Parse(Cli.Done("cache", "info", folder, "--json").Output).RootElement;
        Assert.Equal(16, json.GetProperty("streams")[0].GetProperty("bytes_per_row").GetInt32());
        Assert.True(json.GetProperty("complete").GetBoolean());
    }

    private static string Folder(CliResult result) => JsonDocument.Parse(result.Output).RootElement.GetProperty("cache").GetString()!;

    private static string Manifest(string folder) => File.ReadAllText(Path.Combine(folder, "manifest.json"));
}
