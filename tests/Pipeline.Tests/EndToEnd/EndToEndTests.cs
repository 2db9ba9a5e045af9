using System.Text.Json;
using Onnx;
using OnnxKd.Core.Files;
using OnnxKd.Core.Onnx;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.EndToEnd;

/// <summary>Whole runs on small data.</summary>
[Collection(nameof(TinyProject))]
public sealed class EndToEndTests(TinyProject project) : IDisposable
{
    private readonly TemporaryFolder runs = new();

    [Fact]
    public void Run_TeacherToStudent_GivesAVerifiedStudentAndItsFigures()
    {
        var result = Cli.Done("run", project["student.yaml"], "--runs", runs.Path, "--json");

        var metrics = JsonDocument.Parse(result.Output).RootElement;
        Assert.InRange(Figures.Of(metrics, "teacher").GetProperty("accuracy").GetDouble(), 0.9, 1);
        Assert.InRange(Figures.Of(metrics, "student").GetProperty("agreement").GetDouble(), 0.9, 1);
        Assert.InRange(Figures.Of(metrics, "student").GetProperty("parity").GetProperty("max_abs").GetDouble(), 0, 1e-4);
        Assert.Equal(90, Figures.Of(metrics, "student").GetProperty("parity").GetProperty("samples").GetInt64());
        // 16 inputs, 8 hidden units, 3 classes: 16·8 + 8 + 8·3 + 3 values.
        Assert.Equal(163, Figures.Of(metrics, "student").GetProperty("parameters").GetInt64());
        Assert.Equal(result.Output, File.ReadAllText(runs["student/metrics.json"]));
        Assert.All(
            ["student.onnx", "baseline.onnx", "recipe.yaml", "report.html", "report.md", "README.md", "events/student.jsonl", "events/baseline.jsonl"],
            file => Assert.True(File.Exists(runs[$"student/{file}"]), file));
        Assert.Equal(30, File.ReadLines(runs["student/events/student.jsonl"]).Count());
    }

    [Fact]
    public void Run_WithProfile_NamesStagesStepsAndOperators()
    {
        var file = runs["profile.json"];
        Cli.Done("run", project["student.yaml"], "--runs", runs.Path, "--epochs", "1", "--no-baseline", "--profile", file);

        var names = JsonDocument.Parse(File.ReadAllText(file)).RootElement.GetProperty("traceEvents").EnumerateArray()
            .Select(e => e.GetProperty("name").GetString()!).ToHashSet();
        Assert.Superset(
            new HashSet<string>
            {
                "read samples", "run teachers", "write logits", "wait for batch", "read batch", "forward", "loss", "backward", "optimizer",
                "evaluate", "checkpoint",
            }, names);
        Assert.Contains(names, name => name.StartsWith("Gemm ", StringComparison.Ordinal));
    }

    [Fact]
    public void Run_FileAsStudentWithFreshWeights_TrainsItsArchitecture()
    {
        var result = Cli.Done(
            "run", project.RecipeOfStudent("teacher.onnx"), "--name", "fresh", "--runs", runs.Path, "--init", "fresh", "--no-baseline", "--json");

        var metrics = JsonDocument.Parse(result.Output).RootElement;
        Assert.InRange(Figures.Of(metrics, "student").GetProperty("agreement").GetDouble(), 0.9, 1);
        var (file, student) = (OnnxModel.Load(project["teacher.onnx"]).Proto.Graph, OnnxModel.Load(runs["fresh/student.onnx"]).Proto.Graph);
        Assert.Equal(file.Node, student.Node);
        Assert.Equal(file.Input, student.Input);
        Assert.Equal(file.Initializer.Select(tensor => tensor.Name), student.Initializer.Select(tensor => tensor.Name));
        Assert.NotEqual(file.Initializer, student.Initializer);
    }

    [Fact]
    public void Run_FileAsStudentWithFrozenLayer_LeavesItsBytes()
    {
        Cli.Done(
            "export", project.RecipeOfStudent("teacher.onnx"), "--name", "frozen", "--runs", runs.Path, "--init", "fresh",
            "--no-baseline", "--epochs", "2", "--set", "student.parameters.exclude=hidden1.*");

        var (file, student) = (OnnxModel.Load(project["teacher.onnx"]).Proto.Graph, OnnxModel.Load(runs["frozen/student.onnx"]).Proto.Graph);
        // The file has its preprocessing inside, which is not learned.
        foreach (var (before, after) in file.Initializer.Zip(student.Initializer))
            Assert.Equal(before.Name.StartsWith("hidden1.", StringComparison.Ordinal) || before.Name.StartsWith("preprocessing/", StringComparison.Ordinal), before.Equals(after));
    }

    /// <summary>Token ids go through both runtimes as integers: a text's class is its first token.</summary>
    [Fact]
    public void Run_StudentOfTokens_LearnsAndIsVerified()
    {
        var random = new Random(1);
        var ids = Enumerable.Range(0, 120 * 6).Select(_ => (long)random.Next(3)).ToArray();
        Npy.Write(runs["ids.npy"], ids, 120, 6);
        Npy.Write(runs["labels.npy"], ids.Where((_, i) => i % 6 == 0).ToArray(), 120);
        File.WriteAllText(runs["text.yaml"], """
            data:
              transfer: { samples: ids.npy, labels: labels.npy }
              test: { samples: ids.npy, labels: labels.npy }
            student: { architecture: transformer, vocabulary: 3, width: 16, depth: 1, heads: 2 }
            objective: [ hard: { weight: 1 } ]
            training: { threads: 1, epochs: 40, batch-size: 20, optimizer: { name: adam, learning-rate: 0.01 } }
            """);

        var result = Cli.Done("run", runs["text.yaml"], "--runs", runs.Path, "--json");

        var metrics = JsonDocument.Parse(result.Output).RootElement;
        Assert.InRange(Figures.Of(metrics, "student").GetProperty("accuracy").GetDouble(), 0.9, 1);
        Assert.InRange(Figures.Of(metrics, "student").GetProperty("parity").GetProperty("max_abs").GetDouble(), 0, 1e-3);
    }

    [Fact]
    public void Run_Again_RunsNoStage()
    {
        Cli.Done("run", project["student.yaml"], "--runs", runs.Path);
        var before = Snapshot();

        var again = Cli.Done("run", project["student.yaml"], "--runs", runs.Path);

        Assert.DoesNotContain("started", again.Error);
        Assert.Contains("train-student: reused", again.Error);
        Assert.Equal(before, Snapshot());
    }

    [Fact]
    public void Run_OtherTemperature_KeepsTheCacheAndTheFirstStudent()
    {
        Cli.Done("train", project["student.yaml"], "--runs", runs.Path);

        var other = Cli.Done("train", project["student.yaml"], "--runs", runs.Path, "--temperature", "8");

        Assert.Contains("cache: reused", other.Error);
        Assert.Contains("train-student: started", other.Error);
        Assert.Equal(2, Directory.GetDirectories(runs["student"], "train-student-*").Length);
    }

    [Fact]
    public void Run_OtherPrecision_TrainsAnewAndGivesAVerifiedStudent()
    {
        Cli.Done("train", project["student.yaml"], "--runs", runs.Path);

        var mixed = Cli.Done("run", project["student.yaml"], "--runs", runs.Path, "--json", "--set", "training.precision=bfloat16");

        Assert.Contains("train-student: started", mixed.Error);
        Assert.Equal(2, Directory.GetDirectories(runs["student"], "train-student-*").Length);
        var metrics = JsonDocument.Parse(mixed.Output).RootElement;
        Assert.InRange(Figures.Of(metrics, "student").GetProperty("agreement").GetDouble(), 0.9, 1);
        Assert.InRange(Figures.Of(metrics, "student").GetProperty("parity").GetProperty("max_abs").GetDouble(), 0, 1e-4); // both sides compute in float32
        Assert.Contains("precision: bfloat16", File.ReadAllText(runs["student/recipe.yaml"]));
    }

    [Fact]
    public void Export_SameSeedElsewhere_GivesTheSameBytesAndAnotherSeedDoesNot()
    {
        Cli.Done("export", project["student.yaml"], "--runs", runs["a"]);
        Cli.Done("export", project["student.yaml"], "--runs", runs["b"]);
        Cli.Done("export", project["student.yaml"], "--runs", runs["c"], "--seed", "2");

        var digests = new[] { "a", "b", "c" }.Select(run => Hashing.Sha256OfFile(runs[$"{run}/student/student.onnx"])).ToArray();
        Assert.Equal(digests[0], digests[1]);
        Assert.NotEqual(digests[0], digests[2]);
    }

    [Fact]
    public void Export_Student_SaysWhereItComesFrom()
    {
        Cli.Done("export", project["student.yaml"], "--runs", runs.Path, "-o", runs["copy.onnx"]);

        var student = OnnxModel.Load(runs["copy.onnx"]);
        Assert.Equal(Hashing.Sha256OfFile(project["teacher.onnx"]), student.GetMetadata("onnxkd.teacher_sha256"));
        Assert.Equal("1", student.GetMetadata("onnxkd.seed"));
        var cache = Assert.Single(Directory.GetDirectories(runs["student"], "cache-*"));
        Assert.Equal(Hashing.Sha256OfFile(Path.Combine(cache, "manifest.json")), student.GetMetadata("onnxkd.cache_sha256"));
    }

    [Theory]
    [InlineData("teacher.onnx")]
    [InlineData("student.yaml")]
    [InlineData("train.npy")]
    [InlineData("test-labels.npy")]
    public void Export_OverAFileThatIsRead_IsRefusedWithForceToo(string file)
    {
        var before = Hashing.Sha256OfFile(project[file]);
        File.CreateSymbolicLink(runs["link.onnx"], project[file]);

        foreach (var target in new[] { project[file], runs["link.onnx"] })
            Assert.Contains("a file that is read", Cli.Fails(2, "export", project["student.yaml"], "--runs", runs.Path, "-o", target, "--force"));

        Assert.Equal(before, Hashing.Sha256OfFile(project[file]));
    }

    [Fact]
    public void Export_OverATeachersExternalData_IsRefusedWithForceToo()
    {
        var model = OnnxModel.Load(project["teacher.onnx"]).Proto.Clone();
        var tensor = model.Graph.Initializer.First(initializer => initializer.Dims.Count == 2);
        File.WriteAllBytes(runs["weights.bin"], tensor.RawData.ToByteArray());
        tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = "weights.bin" });
        (tensor.DataLocation, tensor.RawData) = (TensorProto.Types.DataLocation.External, Google.Protobuf.ByteString.Empty);
        File.WriteAllBytes(runs["big.onnx"], Google.Protobuf.MessageExtensions.ToByteArray(model));

        Assert.Contains("a file that is read", Cli.Fails(
            2, "export", project["student.yaml"], "--teacher", runs["big.onnx"], "--runs", runs.Path, "-o", runs["weights.bin"], "--force"));
    }

    [Fact]
    public void Train_CancelledMidwayAndRunAgain_GivesTheBytesOfAnUninterruptedRun()
    {
        string[] Line(string folder) =>
        [
            "export", project["student.yaml"], "--runs", runs[folder], "--epochs", "250", "--no-baseline",
            "--set", "training.average-decay=0.9",
        ];
        using var cancellation = new CancellationTokenSource();
        var events = runs["a/student/events/student.jsonl"];

        var interrupted = Cli.RunAndWatch(
            () =>
            {
                if (CountLines(events) >= 3)
                    cancellation.Cancel();
            },
            cancellation.Token, Line("a"));

        Assert.Equal(130, interrupted.ExitCode);
        Assert.InRange(CountLines(events), 3, 249);
        var resumed = Cli.Done(Line("a"));
        Cli.Done(Line("b"));

        Assert.Contains("cache: reused", resumed.Error);
        Assert.Equal(Hashing.Sha256OfFile(runs["b/student/student.onnx"]), Hashing.Sha256OfFile(runs["a/student/student.onnx"]));
    }

    [Fact]
    public void Run_Ensemble_ReportsEachTeacherToo()
    {
        var result = Cli.Done(
            "run", project["student.yaml"], "--runs", runs.Path, "--json", "--epochs", "2", "--no-baseline",
            "--teacher", project["teacher.onnx"], "--teacher", project["teacher.onnx"]);

        var metrics = JsonDocument.Parse(result.Output).RootElement;
        Assert.Equal(["teacher", "teacher 1", "teacher 2", "student"], Figures.Roles(result));
        Assert.Equal(
            2 * Figures.Of(metrics, "teacher 1").GetProperty("parameters").GetInt64(),
            Figures.Of(metrics, "teacher").GetProperty("parameters").GetInt64());
    }

    [Fact]
    public void Run_WithoutAnyLabel_MeasuresAgreement()
    {
        var result = Cli.Done(
            "run", "--runs", runs.Path, "--json", "--name", "unlabelled", "--teacher", project["teacher.onnx"],
            "--samples", project["train.npy"], "--test-samples", project["test.npy"],
            "--architecture", "mlp", "--widths", "8", "--epochs", "30", "--batch-size", "32", "--lr", "0.05");

        var student = Figures.Of(result, "student");
        Assert.InRange(student.GetProperty("agreement").GetDouble(), 0.9, 1);
        Assert.False(student.TryGetProperty("errors", out _));
    }

    [Fact]
    public void Run_ValidationWithEarlyStopAndBest_Stops()
    {
        var recipe = project.Recipe(TinyProject.StudentRecipe
            .Replace("  test:", "  validation: { samples: train.npy, labels: train-labels.npy, rows: 200.. }\n  test:")
            .Replace("train-labels.npy }\n  v", "train-labels.npy, rows: 0..200 }\n  v")
            .Replace("epochs: 30,", "epochs: 200, keep: best, early-stop: { patience: 3, metric: agreement },"));

        Cli.Done("run", recipe, "--runs", runs.Path, "--name", "stopped", "--no-baseline");

        Assert.InRange(File.ReadLines(runs["stopped/events/student.jsonl"]).Count(), 4, 199);
    }

    [Fact]
    public void Run_StudentFromAFile_KeepsItsGraph()
    {
        var recipe = project.RecipeOfStudent("teacher.onnx");

        Cli.Done("export", recipe, "--runs", runs.Path, "--name", "file", "--epochs", "1", "--no-baseline");

        Assert.Equal(
            OnnxModel.Load(project["teacher.onnx"]).Proto.Graph.Node, OnnxModel.Load(runs["file/student.onnx"]).Proto.Graph.Node);
    }

    [Fact]
    public void Json_EveryCommand_WritesOneDocument()
    {
        Cli.Done("run", project["student.yaml"], "--runs", runs.Path, "--epochs", "1", "--no-baseline");
        var cache = Directory.GetDirectories(runs["student"], "cache-*").Single();
        string[] run = [project["student.yaml"], "--runs", runs.Path, "--epochs", "1", "--no-baseline"];
        string[][] lines =
        [
            ["run", .. run], ["cache", .. run], ["train", .. run], ["export", .. run], ["verify", .. run], ["evaluate", .. run],
            ["report", runs["student"]], ["inspect", project["teacher.onnx"]], ["cache", "info", cache], ["cache", "verify", cache],
            ["verify", "--model", project["teacher.onnx"], "--samples", project["test.npy"]],
            ["evaluate", "--model", project["teacher.onnx"], "--samples", project["test.npy"], "--labels", project["test-labels.npy"]],
            ["evaluate", "--model", project["teacher.onnx"], "--samples", project["test.npy"], "--teacher", project["teacher.onnx"]],
        ];

        Assert.All(lines, line => JsonDocument.Parse(Cli.Done([.. line, "--json"]).Output));
        Assert.All(lines, line => Assert.NotEmpty(Cli.Done(line).Output));
    }

    [Fact]
    public void Inspect_Model_SaysWhatItCanBe()
    {
        var text = Cli.Done("inspect", project["teacher.onnx"]).Output;

        Assert.Contains("teacher:    yes: 3 classes; logits from 'logits'", text);
        Assert.Contains("student:    yes", text);
        Assert.Contains("Gemm x 2", text);
    }

    [Fact]
    public async Task Run_SecondInTheSameFolder_IsRefused()
    {
        using var other = FolderLock.Acquire(runs["student"]);

        var error = await Task.Run(() => Cli.Fails(2, "run", project["student.yaml"], "--runs", runs.Path));

        Assert.Contains("Another onnxkd is running in this folder.", error);
    }

    public void Dispose() => runs.Dispose();

    /// <summary>The link is there before the file that it points to.</summary>
    private static int CountLines(string path)
    {
        try
        {
            return File.ReadLines(path).Count();
        }
        catch (IOException)
        {
            return 0;
        }
    }

    /// <summary>Each file with the time of its last change. The resolved recipe, metrics and report are written each time.</summary>
    private string[] Snapshot() =>
    [
        .. Directory.GetFiles(runs["student"], "*", SearchOption.AllDirectories)
            .Where(file => Path.GetFileName(file) is not (".lock" or "recipe.yaml" or "metrics.json" or "report.md"))
            .Select(file => $"{file} {File.GetLastWriteTimeUtc(file):O}").Order(),
    ];
}
