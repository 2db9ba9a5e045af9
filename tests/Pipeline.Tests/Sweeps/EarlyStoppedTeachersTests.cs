using System.Text.Json;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Sweeps;

/// <summary>A teacher that is kept at several epochs, and the choice among students of each.</summary>
[Collection(nameof(TinyProject))]
public sealed class EarlyStoppedTeachersTests(TinyProject project) : IDisposable
{
    private const string Recipe = """
        name: early
        data:
          transfer: { samples: train.npy, labels: train-labels.npy, rows: 0..180 }
          validation: { samples: train.npy, labels: train-labels.npy, rows: 180..240 }
          test: { samples: test.npy, labels: test-labels.npy }
        capture: { threads: 1, batch-size: 50 }
        student: { architecture: mlp, widths: [8] }
        objective: [ soft: { temperature: 2 } ]
        training: { threads: 1, epochs: 4, batch-size: 32, optimizer: { learning-rate: 0.05 } }
        stages:
          teacher: { train: { teachers: none, objective: [ hard: {} ], training: { epochs: 12, milestones: [1, 5] } } }
          student: { train: { teachers: [ stage: teacher@5 ] } }
        """;

    private readonly TemporaryFolder runs = new();

    public void Dispose() => runs.Dispose();

    [Fact]
    public void Run_MilestonesOfATeacher_AreModelsLikeOthers()
    {
        var result = Cli.Done("run", project.Recipe(Recipe), "--runs", runs.Path, "--json");

        Assert.Equal(["teacher", "teacher@1", "teacher@5", "student"], Figures.Roles(result));
        Assert.True(Accuracy("teacher@1") <= Accuracy("teacher"));
        Assert.All(new[] { "teacher", "teacher@1", "teacher@5" }, role => Assert.True(File.Exists(runs[$"early/{role}.onnx"])));
        Assert.DoesNotContain("started", Cli.Done("run", runs["early/recipe.yaml"], "--runs", runs.Path).Error);

        double Accuracy(string role) => Figures.Of(result, role).GetProperty("accuracy").GetDouble();
    }

    [Fact]
    public void Sweep_OverTeachers_TrainsTheTeacherOnceAndChoosesByValidation()
    {
        var result = Cli.Done(
            "sweep", project.Recipe(Recipe), "--runs", runs.Path, "--vary", "stages.student.train.teachers=[{stage: teacher@1}],[{stage: teacher@5}],[{stage: teacher}]", "--json");

        var sweep = JsonDocument.Parse(result.Output).RootElement;
        var settings = sweep.GetProperty("settings").EnumerateArray().ToArray();
        var errors = settings.Select(setting => setting.GetProperty("validation").GetProperty("value").GetDouble()).ToArray();
        Assert.Single(Directory.GetDirectories(runs["early"], "train-teacher-*"));
        Assert.Equal(3, Directory.GetDirectories(runs["early"], "train-student-*").Length);
        var best = Assert.Single(settings, setting => setting.GetProperty("setting").GetString() == sweep.GetProperty("best").GetString());
        Assert.Equal(errors.Min(), best.GetProperty("validation").GetProperty("value").GetDouble());
        foreach (var (setting, value) in settings.Zip(errors))
            Assert.Equal(
                File.ReadLines(runs[$"early/{setting.GetProperty("folder").GetString()}/events/student.jsonl"])
                    .Min(line => JsonDocument.Parse(line).RootElement.GetProperty("errors").GetDouble()),
                value);
    }

    [Theory]
    [InlineData("teacher@5 ]", "teacher@4 ]", "did you mean 'teacher@1'?")]
    [InlineData("milestones: [1, 5]", "milestones: [1, 5, 12]", "each once, below 12")]
    [InlineData("milestones: [1, 5]", "milestones: [1, 5], early-stop: { patience: 2 }", "may never come to its milestones")]
    public void Plan_OfWrongMilestones_IsRefused(string part, string wrong, string says) =>
        Assert.Contains(says, Cli.Fails(2, "plan", project.Recipe(Recipe.Replace(part, wrong)), "--runs", runs.Path));
}
