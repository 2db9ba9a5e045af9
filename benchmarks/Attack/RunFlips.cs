using System.Text.RegularExpressions;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Progress;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Runs;
using OnnxKd.Pipeline.Stages;
using OnnxKd.Pipeline.Stages.Kinds;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Loop;
using OnnxKd.StudentTrainer.Students;
using OnnxKd.StudentTrainer.Training;
using OnnxKd.TeacherRunner.Capture;

namespace OnnxKd.Benchmarks.Attack;

/// <summary>
/// Damage to the files of a run that it reads back: in a capture and a training that were interrupted, between stages, and at the end. What is
/// damaged is named, or the result is the same to the byte.
/// </summary>
internal sealed partial class RunFlips
{
    private const string Name = TinyProject.Name;

    private readonly TinyProject project;
    private readonly string recipe;
    private readonly string reference;
    private readonly List<State> states = [];

    private RunFlips(string folder)
    {
        project = new(folder);
        recipe = project.WriteRecipe("recipe");
        Invoke("whole", 0, "run");
        reference = Result("whole");
        AddStates();
    }

    /// <summary>A run that was left in the middle, and how it goes on.</summary>
    /// <param name="Folder">Its copy.</param>
    /// <param name="Commands">What is called.</param>
    /// <param name="Files">Its files, by kind.</param>
    private sealed record State(string Folder, string[] Commands, IReadOnlyList<IGrouping<string, string>> Files);

    /// <summary>Makes the runs; gives what damages one of them.</summary>
    public static Func<Dice, AttackCase> Begin(string folder) => new RunFlips(folder).Draw;

    private void AddStates()
    {
        Add("finished", ["run", "report"], _ => true);
        Add("trained", ["run"], part => !IsAfterTraining(part));
        Add("training", ["run"], part => !IsAfterTraining(part) && !part.StartsWith("train-", StringComparison.Ordinal), InterruptTraining);
        Add("capture", ["run"], part => part == RecipeFile.ResolvedName, InterruptCapture);

        static bool IsAfterTraining(string part) => part.Split('-')[0] is "export" or "verify" or "evaluate" or "report" or "student.onnx" or "metrics.json" or "report.md" or "report.html" or "README.md"
            or ".published.json" or "events";
    }

    private void Add(string name, string[] commands, Func<string, bool> isKept, Action<string>? interrupt = null)
    {
        TinyProject.Copy(In($"whole/{Name}"), In($"{name}/{Name}"), isKept);
        interrupt?.Invoke(In($"{name}/{Name}"));
        var files = Directory.GetFiles(In($"{name}/{Name}"), "*", SearchOption.AllDirectories).Where(file => new FileInfo(file) is { Length: > 0, LinkTarget: null })
            .Select(file => Path.GetRelativePath(In(name), file)).Order(StringComparer.Ordinal).GroupBy(file => Digits().Replace(file, "")).ToArray();
        states.Add(new(name, commands, files));
        TinyProject.Copy(In(name), In("case"), _ => true);
        if (Run("case", commands) is not 0 || Result("case") != reference)
            throw new InvalidOperationException($"an interrupted run does not go on to the same result: {name}");
    }

    private void InterruptCapture(string run)
    {
        using var graph = Open();
        var into = Path.Combine(run, StageFolder(CaptureStage.Transfer));
        var options = graph.Recipe.Final.Capture;
        CacheCapture.Capture(graph.Sets.Transfer, options with { Part = new CachePart(0, 2) }, into, null, CancellationToken.None);
        Stopped((progress, token) => CacheCapture.Capture(graph.Sets.Transfer, options with { Part = new CachePart(1, 2) }, into, progress, token), at: 25);
    }

    private void InterruptTraining(string run)
    {
        using var graph = Open();
        var (stage, sets) = (graph.Of<TrainStage>().Single(), graph.Sets);
        using var taught = LogitCache.Open(Path.Combine(run, StageFolder(CaptureStage.Transfer)));
        using var validated = LogitCache.Open(Path.Combine(run, StageFolder("validation")));
        var entry = stage.Step.Learners.Single();
        var student = Architectures.Build(entry.Student.Architecture!, sets.Transfer.SampleShape, 3, stage.Step.Training.Seed);
        var learner = new LearnerOptions(LearnerOptions.Only, student, stage.ImportOf(entry.Name) with { Kind = OutputKind.Classes, Seed = stage.Step.Training.Seed }, entry.Objective);
        var data = new TrainingData(sets.Transfer, graph.Recipe.Data.Preprocessing, taught, sets.Validation, validated);
        Stopped((progress, token) => Trainer.Train([learner], data, stage.Step.Training, Path.Combine(run, StageFolder(stage.Name)), progress, token), at: 7);
    }

    private static void Stopped(Action<IProgress<StageProgress>, CancellationToken> work, long at)
    {
        using var stop = new CancellationTokenSource();
        try
        {
            work(new Stopper(at, stop), stop.Token);
        }
        catch (OperationCanceledException)
        {
            return;
        }
        throw new InvalidOperationException("the work ended before it was stopped");
    }

    private sealed class Stopper(long at, CancellationTokenSource stop) : IProgress<StageProgress>
    {
        public void Report(StageProgress value)
        {
            if (value.Done >= at)
                stop.Cancel();
        }
    }

    private RecipeGraph Open() => RecipeGraph.Open(RecipeFile.Read(RecipeSource.Load(recipe), StageKinds.All), StageKinds.All, _ => { }, CancellationToken.None);

    private string StageFolder(string stage) => Path.GetFileName(Directory.GetDirectories(In($"whole/{Name}"), $"{stage}-*").Single());

    private AttackCase Draw(Dice dice)
    {
        var state = dice.Of(states);
        var kind = dice.Of(state.Files);
        var file = dice.Of(kind.ToArray());
        TinyProject.Copy(In(state.Folder), In("case"), _ => true);
        Damage(In($"case/{file}"), dice);
        return new($"{state.Folder}:{kind.Key}", () => Judge(state, file));
    }

    private static void Damage(string path, Dice dice)
    {
        var bytes = File.ReadAllBytes(path);
        // Heads and tails hold what the rest is read by.
        var at = dice.Below(4) switch { 0 => dice.Below(Math.Min(bytes.Length, 256)), 1 => bytes.Length - 1 - dice.Below(Math.Min(bytes.Length, 64)), _ => dice.Below(bytes.Length) };
        if (dice.OneIn(10)) // a block that was never written
            bytes.AsSpan(at, Math.Min(64, bytes.Length - at)).Clear();
        else if (dice.OneIn(10)) // the end, neither
            bytes = bytes[..at];
        else
            bytes[at] ^= (byte)(1 << dice.Below(8));
        File.WriteAllBytes(path, bytes);
    }

    private int Judge(State state, string file)
    {
        var before = Directory.Exists(In($"case/{Name}/events")) ? Result("case") : null;
        var code = Run("case", state.Commands);
        if (code == 0 && Result("case") is var result && result != reference)
            throw new InvalidOperationException($"{state.Folder}: damage to {file} was accepted, and gave another result; {(before == result ? "left as it was" : "made anew")}");
        return code;
    }

    private int Run(string runs, string[] commands)
    {
        foreach (var command in commands)
            if (Invoke(runs, null, command) is var code && code != 0)
                return code;
        return 0;
    }

    private int Invoke(string runs, int? expected, string command)
    {
        string[] words = command == "report" ? [command, In($"{runs}/{Name}"), "--json"] : [command, recipe, "--runs", In(runs), "--json"];
        var (code, output, errors) = InProcess.Run(words);
        if (code == 1 || expected is not null && code != expected)
            throw new InvalidOperationException($"{command}: exit code {code}: {errors}");
        if (code != 0 && !errors.Contains(In($"{runs}/{Name}"), StringComparison.Ordinal))
            throw new InvalidOperationException($"{command}: the message names no file: {errors}");
        if (code == 0 && TinyProject.Normal(output) != TinyProject.Normal(File.ReadAllText(In($"whole/{Name}/metrics.json"))))
            throw new InvalidOperationException($"{command}: other figures: {output}");
        return code;
    }

    private string Result(string runs) => project.Result(runs);

    private string In(string path) => project.In(path);

    [GeneratedRegex("-[0-9a-f]{8}(?=/)|(?<=/rows)[-0-9]+")]
    private static partial Regex Digits();
}
