using System.Text.Json;
using OnnxKd.Core.Files;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Onnx;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Stages;

/// <summary>Recipes that name their stages, run from end to end.</summary>
[Collection(nameof(TinyProject))]
public sealed class ChainTests(TinyProject project) : IDisposable
{
    private const string Chain = TinyProject.Data + """
        name: chain
        teachers: [ model: teacher.onnx ]
        capture: { threads: 1, batch-size: 50 }
        objective: [ soft: { temperature: 2 } ]
        training: { threads: 1, epochs: 10, batch-size: 32, optimizer: { learning-rate: 0.05 } }
        stages:
          assistant: { train: { student: { architecture: mlp, widths: [12] } } }
          small: { train: { teachers: [ stage: assistant ], student: { architecture: mlp, widths: [6] }, training: { epochs: 20 } } }
        baseline: { training: { epochs: 3 } }
        """;

    private readonly TemporaryFolder runs = new();

    [Fact]
    public void Run_TeacherAssistantStudent_ExportsAndMeasuresAll()
    {
        var result = Run(Chain, "run", "--json");

        Assert.Equal(["teacher", "assistant", "student", "baseline"], Figures.Roles(result));
        Assert.All(new[] { "assistant", "student" }, role => Assert.InRange(Figures.Of(result, role).GetProperty("agreement").GetDouble(), 0.9, 1));
        Assert.All(
            new[] { "assistant", "student", "baseline" },
            role => Assert.InRange(Figures.Of(result, role).GetProperty("parity").GetProperty("max_abs").GetDouble(), 0, 1e-4));
        // 16 inputs, w hidden units, 3 classes: 16·w + w + w·3 + 3 values.
        Assert.Equal((243, 123), (Parameters("assistant"), Parameters("student")));
        Assert.Equal((10, 20, 3), (Epochs("assistant"), Epochs("small"), Epochs("baseline")));
        // The student's teacher is what the assistant's training gave.
        Assert.Equal(
            Hashing.Sha256OfFile(Path.Combine(Directory.GetDirectories(runs["chain"], "train-assistant-*").Single(), "model.onnx")),
            OnnxModel.Load(runs["chain/student.onnx"]).GetMetadata("onnxkd.teacher_sha256"));
        Assert.Equal(2, Directory.GetDirectories(runs["chain"], "cache-*").Length);

        long Parameters(string role) => Figures.Of(result, role).GetProperty("parameters").GetInt64();
        int Epochs(string stage) => File.ReadLines(runs[$"chain/events/{stage}.jsonl"]).Count();
    }

    [Fact]
    public void Run_ChainAgainWithOtherStudent_KeepsTheAssistant()
    {
        Run(Chain, "run");

        var again = Run(Chain.Replace("[6]", "[5]"), "run");

        Assert.All(new[] { "cache", "train-assistant", "cache-small" }, stage => Assert.Contains($"{stage}: reused", again.Error));
        Assert.Contains("train-small: started", again.Error);
    }

    /// <summary>Of two named captures one is used; that which no entry names is run all the same.</summary>
    [Fact]
    public void Plan_OfACaptureThatNothingUses_SaysSo()
    {
        var plan = Run(Chain.Replace("  assistant:", "  used: { capture: { teachers: [ model: teacher.onnx ] } }\n  spare: { capture: { teachers: [ model: teacher.onnx ], capture: { storage: float16 } } }\n  assistant:")
            .Replace("train: { student: { architecture: mlp, widths: [12] }", "train: { cache: { stage: used }, student: { architecture: mlp, widths: [12] }"), "plan");

        Assert.Contains("no stage uses the capture 'spare'", plan.Error);
        Assert.DoesNotContain("'used'", plan.Error);
    }

    [Fact]
    public void CacheVerify_CacheOfAStagesModel_IsReplayed()
    {
        Run(Chain, "cache");
        var caches = Directory.GetDirectories(runs["chain"], "cache-*");

        Assert.Equal(2, caches.Length);
        Assert.All(caches, cache => Assert.Contains("replayed 10 rows", Cli.Done("cache", "verify", cache, "--rows", "10").Output));
    }

    [Fact]
    public void Run_ResolvedRecipeOfAChain_RunsNoStage()
    {
        Run(Chain, "run");

        var again = Cli.Done("run", runs["chain/recipe.yaml"], "--runs", runs.Path);

        Assert.DoesNotContain("started", again.Error);
    }

    [Fact]
    public void Run_StudentThatStartsFromAStage_KeepsItsWeightsOrItsArchitecture()
    {
        const string Recipe = TinyProject.Data + """
            name: start
            capture: { threads: 1, batch-size: 50 }
            objective: [ hard: {} ]
            training: { threads: 1, epochs: 15, batch-size: 32, optimizer: { learning-rate: 0.05 } }
            stages:
              first: { train: { student: { architecture: mlp, widths: [6] } } }
              student: { train: { student: { stage: first, init: INIT }, training: { epochs: 1, optimizer: { learning-rate: 1e-9 } } } }
            """;

        var kept = Run(Recipe.Replace("INIT", "keep"), "run", "--json");
        // At this rate nothing is learned, which ends with an exit code of its own.
        var fresh = Cli.Run("run", project.Recipe(Recipe.Replace("INIT", "fresh")), "--runs", runs.Path, "--json");

        Assert.Equal(Errors(kept, "first"), Errors(kept, "student"));
        Assert.Equal(4, fresh.ExitCode);
        Assert.NotEqual(Errors(fresh, "first"), Errors(fresh, "student"));
        Assert.Equal(
            OnnxModel.Load(runs["start/first.onnx"]).Proto.Graph.Node, OnnxModel.Load(runs["start/student.onnx"]).Proto.Graph.Node);

        static long Errors(CliResult result, string role) => Figures.Of(result, role).GetProperty("errors").GetInt64();
    }

    [Fact]
    public void Run_Generations_LearnEachFromTheOneBefore()
    {
        const string Recipe = TinyProject.Data + """
            name: born-again
            capture: { threads: 1, batch-size: 50 }
            training: { threads: 1, epochs: 4, batch-size: 32, optimizer: { learning-rate: 0.05 } }
            student: { architecture: mlp, widths: [6] }
            stages:
              first: { train: { objective: [ hard: {} ] } }
              student: { train: { teachers: [ stage: first ], objective: [ soft: {} ], repeat: 2 } }
            """;

        var result = Run(Recipe, "run", "--json");

        Assert.Equal(["first", "student-1", "student"], Figures.Roles(result));
        Assert.Equal(TeacherOf("student-1"), TrainedBy("train-first-*"));
        Assert.Equal(TeacherOf("student"), TrainedBy("train-student-1-*"));
        Assert.Equal("2", OnnxModel.Load(runs["born-again/student.onnx"]).GetMetadata("onnxkd.seed"));

        string? TeacherOf(string model) => OnnxModel.Load(runs[$"born-again/{model}.onnx"]).GetMetadata("onnxkd.teacher_sha256");
        string TrainedBy(string stage) =>
            Hashing.Sha256OfFile(Path.Combine(Directory.GetDirectories(runs["born-again"], stage).Single(), "model.onnx"));
    }

    [Fact]
    public void Run_NamedCache_IsSharedByTrainings()
    {
        const string Recipe = TinyProject.Data + """
            name: shared
            training: { threads: 1, epochs: 4, batch-size: 32, optimizer: { learning-rate: 0.05 } }
            objective: [ soft: { temperature: 2 } ]
            stages:
              logits: { capture: { teachers: [ model: teacher.onnx ], capture: { storage: float16 } } }
              wide: { train: { cache: { stage: logits }, student: { architecture: mlp, widths: [9] } } }
              student: { train: { cache: { stage: logits }, student: { architecture: mlp, widths: [6] } } }
            """;

        var result = Run(Recipe, "run", "--json");

        Assert.Equal(["teacher", "wide", "student"], Figures.Roles(result));
        Assert.Single(Directory.GetDirectories(runs["shared"], "cache-*"));
    }

    /// <summary>Each trained teacher is found by its own file, and the recipe as it was written says as much as that of the run.</summary>
    [Fact]
    public void Verify_OfACacheOfTwoTrainedTeachers_ReplaysBoth()
    {
        const string Recipe = TinyProject.Data + """
            name: two
            teachers: [ model: teacher.onnx ]
            capture: { threads: 1 }
            training: { threads: 1, epochs: 4, batch-size: 32, optimizer: { learning-rate: 0.05 } }
            objective: [ soft: { temperature: 2 } ]
            stages:
              a: { train: { student: { architecture: mlp, widths: [9] } } }
              b: { train: { student: { architecture: mlp, widths: [7] } } }
              student: { train: { teachers: [ stage: a, stage: b ], capture: { combination: mean-of-logits }, student: { architecture: mlp, widths: [6] } } }
            """;
        Run(Recipe, "run");
        var cache = Directory.GetDirectories(runs["two"], "cache-*").Single(folder => LogitCache.Open(folder).Identity.Teachers.Count == 2);

        Assert.Contains("replayed 20 rows", Cli.Done("cache", "verify", cache, "--rows", "20").Output);
        Assert.Contains("replayed 20 rows", Cli.Done("cache", "verify", cache, "--rows", "20", "--recipe", project.Recipe(Recipe)).Output);
    }

    [Fact]
    public void Plan_BeforeAndAfter_SaysWhatIsDoneAndCreatesNothing()
    {
        var before = JsonDocument.Parse(Run(Chain, "plan", "--json").Output).RootElement.GetProperty("stages").EnumerateArray().ToArray();
        Assert.Empty(Directory.EnumerateFileSystemEntries(runs.Path));
        Run(Chain, "train");
        File.Delete(Path.Combine(Directory.GetDirectories(runs["chain"], "train-small-*").Single(), "stage.json"));
        var after = JsonDocument.Parse(Run(Chain, "plan", "--json").Output).RootElement.GetProperty("stages").EnumerateArray().ToArray();

        string[] order =
        [
            "cache", "train-assistant", "export-assistant", "verify-assistant", "cache-small", "train-small", "export-small", "verify-small",
            "train-baseline", "export-baseline", "verify-baseline", "test-teacher", "evaluate", "report",
        ];
        Assert.Equal(order, before.Select(Name));
        Assert.All(before, stage => Assert.Equal("will run", State(stage)));
        Assert.Equal(["cache", "train-assistant", "cache-small"], after.Where(stage => State(stage) == "done").Select(Name));
        Assert.Equal(["train-small"], after.Where(stage => State(stage) == "resumes").Select(Name));
        var train = after.Single(stage => Name(stage) == "train-small");
        Assert.Equal(["cache-small"], train.GetProperty("needs").EnumerateArray().Select(need => need.GetString()));
        // 240 samples in batches of 32 are 8 steps.
        Assert.Equal((240, 20, 160), (Number(train, "rows"), Number(train, "epochs"), Number(train, "steps")));
        Assert.True(after[0].GetProperty("seconds").GetDouble() >= 0);
        Assert.Contains("3 of 14 stages are done", Run(Chain, "plan").Output);

        static string? Name(JsonElement stage) => stage.GetProperty("name").GetString();
        static string? State(JsonElement stage) => stage.GetProperty("state").GetString();
        static long Number(JsonElement stage, string key) => stage.GetProperty(key).GetInt64();
    }

    public void Dispose() => runs.Dispose();

    private CliResult Run(string recipe, string command, params string[] options) =>
        Cli.Done([command, project.Recipe(recipe), "--runs", runs.Path, .. options]);
}
