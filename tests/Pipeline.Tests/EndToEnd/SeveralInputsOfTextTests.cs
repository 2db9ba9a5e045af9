using System.Text.Json;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.EndToEnd;

/// <summary>Models with an input for each column of a table, some of them of texts: they teach from the table, and the student has the encoding inside.</summary>
public sealed class SeveralInputsOfTextTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void TextsAndNumbers_TeachFromATable_AndTheEncodingShips()
    {
        var run = Distil("string-and-columns", "titanic.onnx", "t.csv", "--epochs", "200", "--batch-size", "16", "--lr", "0.01");

        Assert.Contains("samples of named inputs: age float32 [], fare float32 [], sex text []", run.Error);
        var inputs = ModelRun.InputsOf(folder["run/student.onnx"]);
        Assert.Equal(typeof(string), inputs["sex"]);
        var fed = Passengers();
        var (taught, given) = (ModelRun.Of(Repository.Field("string-and-columns", "titanic.onnx"), "raw", 60, fed), ModelRun.Of(folder["run/student.onnx"], "raw", 60, fed));
        Assert.InRange(ModelRun.Agreement(given, taught, 2), 0.97, 1);
        Assert.All(given.Chunk(2), row => Assert.Equal(1, row.Sum(), 4)); // probabilities, as the teacher gives
        Cli.Done("verify", "--model", folder["run/student.onnx"], "--samples", Repository.Field("string-and-columns", "t.csv"));
        Cli.Done("benchmark", folder["run/student.onnx"], Repository.Field("string-and-columns", "titanic.onnx"), "--repeats", "3");
        // The student can start another training, encoding and all.
        Cli.Done(
            "run", "--runs", folder.Path, "--name", "again", "--teacher", Repository.Field("string-and-columns", "titanic.onnx"), "--samples", Repository.Field("string-and-columns", "t.csv"), "--student",
            folder["run/student.onnx"], "--epochs", "1", "--batch-size", "16", "--lr", "0.001", "--threads", "1", "--no-baseline");
        Assert.Equal(inputs, ModelRun.InputsOf(folder["again/student.onnx"]));
        // A text that nobody has seen is none of the known ones, and no error.
        Assert.All(ModelRun.Of(folder["run/student.onnx"], "raw", 1, [("age", new[] { 30f }), ("fare", new[] { 10f }), ("sex", new[] { "unknown" })]), value => Assert.InRange(value, 0, 1));
    }

    [Fact]
    public void TextThatOnlyTheTestSetHas_IsNoneOfTheKnown()
    {
        var test = folder.Write("test.csv", "fare,age,sex\n12.5,30,other\n30,60,female\n8,20,male\n45,41,\n");
        var told = Cli.Done(
            "run", "--runs", folder.Path, "--name", "run", "--teacher", Repository.Field("string-and-columns", "titanic.onnx"), "--samples", Repository.Field("string-and-columns", "t.csv"),
            "--test-samples", test, "--threads", "1", "--no-baseline", "--epochs", "200", "--batch-size", "16", "--lr", "0.01"); // its verification is on the test set
        (string, Array)[] fed = [("age", new[] { 30f, 60, 20, 41 }), ("fare", new[] { 12.5f, 30, 8, 45 }), ("sex", new[] { "other", "female", "male", "" })];
        Assert.Contains("which a student cannot tell apart: 'other'", told.Error);
        Assert.Equal(ModelRun.Agreement(ModelRun.Of(folder["run/student.onnx"], "raw", 4, fed), ModelRun.Of(Repository.Field("string-and-columns", "titanic.onnx"), "raw", 4, fed), 2), Figure("agreement"), 6);
    }

    [Fact]
    public void OneInputOfTexts_TeachesFromATable()
    {
        Distil("string-and-columns", "str.onnx", "t.csv", "--kind", "values", "--epochs", "60", "--batch-size", "16", "--lr", "0.05");
        var fed = Passengers().Where(input => input.Name == "sex").ToArray();
        Assert.Equal(
            ModelRun.Of(Repository.Field("string-and-columns", "str.onnx"), "raw", 60, fed), ModelRun.Of(folder["run/student.onnx"], "raw", 60, fed), (a, b) => Math.Abs(a - b) < 0.1);
    }

    [Fact]
    public void StudentFileOfTexts_TrainsBehindItsEncoder()
    {
        Cli.Done(
            "run", "--runs", folder.Path, "--name", "run", "--teacher", Repository.Field("string-and-columns", "str.onnx"), "--kind", "values", "--samples", Repository.Field("string-and-columns", "t.csv"),
            "--student", Repository.Field("string-and-columns", "str.onnx"), "--init", "fresh", "--epochs", "100", "--batch-size", "8", "--lr", "0.05", "--threads", "1", "--no-baseline");
        var fed = Passengers().Where(input => input.Name == "sex").ToArray();
        Assert.Equal(typeof(string), ModelRun.InputsOf(folder["run/student.onnx"])["sex"]);
        Assert.Equal(
            ModelRun.Of(Repository.Field("string-and-columns", "str.onnx"), "raw", 60, fed), ModelRun.Of(folder["run/student.onnx"], "raw", 60, fed), (a, b) => Math.Abs(a - b) < 0.1);
    }

    private CliResult Distil(string field, string teacher, string samples, params string[] more) => Cli.Done(
    [
        "run", "--runs", folder.Path, "--name", "run", "--teacher", Repository.Field(field, teacher), "--samples", Repository.Field(field, samples), "--test-samples", Repository.Field(field, samples),
        "--threads", "1", "--no-baseline", .. more,
    ]);

    private static (string Name, Array Values)[] Passengers()
    {
        var rows = File.ReadAllLines(Repository.Field("string-and-columns", "t.csv"))[1..].Select(line => line.Split(',')).ToArray();
        float[] Column(int at) => [.. rows.Select(row => float.Parse(row[at], System.Globalization.CultureInfo.InvariantCulture))];
        return [("age", Column(0)), ("fare", Column(1)), ("sex", rows.Select(row => row[2]).ToArray())];
    }

    private double Figure(string name)
    {
        using var metrics = JsonDocument.Parse(File.ReadAllText(folder["run/metrics.json"]));
        return metrics.RootElement.GetProperty("models").EnumerateArray().Single(model => model.GetProperty("role").GetString() == "student").GetProperty(name).GetDouble();
    }
}
