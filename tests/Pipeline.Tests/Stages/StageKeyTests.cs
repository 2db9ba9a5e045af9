using System.Text.RegularExpressions;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Stages;

/// <summary>What makes a stage another one, and what does not; what was changed is found, and not put back without a word.</summary>
[Collection(nameof(TinyProject))]
public sealed class StageKeyTests(TinyProject project) : IDisposable
{
    private readonly TemporaryFolder runs = new();

    [Theory]
    [InlineData("--threads", "2")]
    [InlineData("--device", "cpu")]
    public void Run_WhatCannotChangeTheResult_RunsNoStage(string option, string value)
    {
        Run();

        Assert.DoesNotContain("started", Run(option, value).Error);
    }

    [Fact]
    public void Run_ProjectMovedElsewhere_RunsNoStage()
    {
        Run();
        var moved = Directory.CreateDirectory(runs["moved"]).FullName;
        foreach (var file in new[] { "student.yaml", "teacher.onnx", "train.npy", "train-labels.npy", "test.npy", "test-labels.npy" })
            File.Copy(project[file], Path.Combine(moved, file));

        var again = Cli.Done("run", Path.Combine(moved, "student.yaml"), "--epochs", "2", "--runs", runs.Path);

        Assert.DoesNotContain("started", again.Error);
    }

    [Theory]
    [InlineData("capture.batch-size=60", "cache")]
    [InlineData("seed=2", "train-student")]
    [InlineData("baseline.training.epochs=6", "train-baseline")]
    public void Run_WhatCanChangeTheResult_RunsTheStage(string setting, string stage)
    {
        Run();

        Assert.Contains($"{stage}: started", Run("--set", setting).Error);
    }

    [Fact]
    public void Train_FolderOfAnotherSeed_IsNotTaken()
    {
        Train("1");
        var first = Directory.GetDirectories(runs["student"], "train-student-*").Single();
        Train("2");
        var second = Directory.GetDirectories(runs["student"], "train-student-*").Single(folder => folder != first);
        Directory.Delete(second, recursive: true);
        Directory.Move(first, second);

        var error = Cli.Fails(4, "train", project["student.yaml"], "--epochs", "2", "--runs", runs.Path, "--seed", "2");

        Assert.All(["other inputs", second, "seed 1", "seed 2"], part => Assert.Contains(part, error));

        void Train(string seed) => Cli.Done("train", project["student.yaml"], "--epochs", "2", "--runs", runs.Path, "--seed", seed);
    }

    [Theory]
    [InlineData("student.onnx")]
    [InlineData("metrics.json")]
    [InlineData("report.html")]
    [InlineData("README.md")]
    public void Run_ResultChangedByHand_IsReportedAndLeft(string file)
    {
        Run();
        var changed = File.ReadAllText(runs[$"student/{file}"]) + " ";
        File.WriteAllText(runs[$"student/{file}"], changed);

        var error = Cli.Fails(4, "run", project["student.yaml"], "--epochs", "2", "--runs", runs.Path);

        Assert.Contains(runs[$"student/{file}"], error);
        Assert.Equal(changed, File.ReadAllText(runs[$"student/{file}"]));
        Assert.DoesNotContain("reused", error);
    }

    [Fact]
    public void Run_FolderOfOlderVersion_SaysSoAndWhatToDo()
    {
        Run();
        foreach (var record in Directory.GetFiles(runs.Path, "stage.json", SearchOption.AllDirectories))
            File.WriteAllText(record, Regex.Replace(File.ReadAllText(record), @",\s*""checksum"": ""\w+""", ""));

        var error = Cli.Fails(4, "run", project["student.yaml"], "--epochs", "2", "--runs", runs.Path);

        Assert.All(["stage.json", "an older version of onnxkd", "--name"], part => Assert.Contains(part, error));
    }

    [Fact]
    public void Run_ResultDeleted_IsPutBackFromItsStage()
    {
        Run();
        var bytes = File.ReadAllBytes(runs["student/student.onnx"]);
        File.Delete(runs["student/student.onnx"]);

        var again = Run();

        Assert.DoesNotContain("started", again.Error);
        Assert.Equal(bytes, File.ReadAllBytes(runs["student/student.onnx"]));
    }

    [Fact]
    public void Report_FiguresChangedByHand_AreRefused()
    {
        Run();
        Cli.Done("report", runs["student"]);
        var path = runs["student/metrics.json"];
        File.WriteAllText(path, File.ReadAllText(path).Replace("\"errors\": ", "\"errors\": 1"));

        Assert.Contains(path, Cli.Fails(4, "report", runs["student"]));
    }

    public void Dispose() => runs.Dispose();

    private CliResult Run(params string[] options) =>
        Cli.Done(["run", project["student.yaml"], "--epochs", "2", "--runs", runs.Path, .. options]);
}
