using System.Text.Json;
using OnnxKd.Core.Onnx;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Stages;

/// <summary>Several students of one training, attachments and features, in recipes that are run from end to end.</summary>
[Collection(nameof(TinyProject))]
public sealed class LearnersTests(TinyProject project) : IDisposable
{
    private const long HeadOfAJournal = 40; // docs/cache-format.md

    private const string Training = "training: { threads: 1, epochs: 10, batch-size: 32, optimizer: { learning-rate: 0.05 } }";

    private const string Mutual = TinyProject.Data + """
        name: mutual
        learners:
          wide: { student: { architecture: mlp, widths: [12] }, objective: [ hard: {}, soft: { teacher: thin/logits } ] }
          thin: { student: { architecture: mlp, widths: [6] }, objective: [ hard: {}, soft: { teacher: wide/logits } ] }

        """ + Training;

    private readonly TemporaryFolder runs = new();

    /// <summary>What the teachers give is known when they are opened: no row is captured for a term that cannot be computed from it.</summary>
    [Theory]
    [InlineData("mse: {}", "use a term that reads class scores")]
    [InlineData("soft: { temperature: 4 }", "1 or 2, which stream 'logits' (top-k) holds", "{ top-k: 2, temperatures: [1, 2] }")]
    [InlineData("soft: { temperature: { 0: 2, 5: 1 } }", "use one temperature throughout", "{ top-k: 2, temperatures: [1, 2] }")]
    [InlineData("soft: {}", "k is 16, which is not in 1 to 3", "{ top-k: 16, temperatures: [1] }")]
    [InlineData("logit-matching: {}", "stored as top-k", "{ top-k: 2, temperatures: [1] }")]
    public void Term_ThatCannotReadWhatTeachersGive_IsRefusedBeforeTheyRun(string term, string expected, string storage = "float32")
    {
        var recipe = project.Recipe("name: early\n" + TinyProject.StudentRecipe.Replace("soft: { temperature: 2, weight: 1 }", term).Replace("batch-size: 50", $"batch-size: 50, storage: {storage}"));

        Assert.Contains(expected, Cli.Fails(2, "plan", recipe, "--runs", runs.Path));
        Assert.Contains(expected, Cli.Fails(2, "run", recipe, "--runs", runs.Path));

        Assert.All(Directory.GetFiles(runs["early"], "rows-*", SearchOption.AllDirectories), journal => Assert.Equal(HeadOfAJournal, new FileInfo(journal).Length));
    }

    [Fact]
    public void Run_OfTwoLearners_ExportsAndMeasuresEach()
    {
        var result = Metrics(Run(Mutual, "--json"));

        Assert.Equal(["wide", "thin"], Roles(result));
        Assert.All(new[] { "wide", "thin" }, role =>
        {
            Assert.InRange(Figures.Of(result, role).GetProperty("accuracy").GetDouble(), 0.9, 1);
            Assert.InRange(Figures.Of(result, role).GetProperty("parity").GetProperty("max_abs").GetDouble(), 0, 1e-4);
            Assert.True(File.Exists(runs[$"mutual/{role}.onnx"]));
        });
        // One line for each learner and epoch.
        Assert.Equal(20, File.ReadLines(runs["mutual/events/student.jsonl"]).Count());
        Assert.Contains("reused", Run(Mutual).Error);
    }

    [Fact]
    public void Run_OfLearnerAsTeacher_LearnsFromIt()
    {
        var result = Metrics(Run(
            TinyProject.Data + $$"""
            name: after
            {{Training}}
            stages:
              pair:
                train:
                  learners:
                    wide: { student: { architecture: mlp, widths: [12] }, objective: [ hard: {}, soft: { teacher: thin/logits } ] }
                    thin: { student: { architecture: mlp, widths: [6] }, objective: [ hard: {}, soft: { teacher: wide/logits } ] }
              student: { train: { teachers: [ stage: wide ], student: { architecture: mlp, widths: [4] }, objective: [ soft: {} ] } }
            """,
            "--json"));

        Assert.Equal(["wide", "thin", "student"], Roles(result));
        Assert.InRange(Figures.Of(result, "student").GetProperty("agreement").GetDouble(), 0.9, 1);
    }

    [Fact]
    public void Run_OfExit_ShipsTheStudentWithout()
    {
        const string Student = "{ architecture: mlp, widths: [8, 8] }";
        Run(TinyProject.Data + $"name: plain\nstudent: {Student}\nobjective: [ hard: {{}} ]\n{Training}");
        Run(TinyProject.Data + $$"""
            name: exit
            student: { architecture: mlp, widths: [8, 8], attachments: [ exit: { name: early, at: hidden1.relu } ] }
            objective: [ hard: {}, hard: { student: early }, soft: { student: early, teacher: student/logits, weight: 0.5 } ]
            {{Training}}
            """);

        var (plain, exit) = (OnnxModel.Load(runs["plain/student.onnx"]).Proto.Graph, OnnxModel.Load(runs["exit/student.onnx"]).Proto.Graph);
        Assert.Equal(plain.Node, exit.Node);
        Assert.Equal(plain.Initializer.Select(tensor => tensor.Name), exit.Initializer.Select(tensor => tensor.Name));
        Assert.NotEqual(plain.Initializer[0].RawData, exit.Initializer[0].RawData);
    }

    [Theory]
    [InlineData("learners: { one: { student: { architecture: mlp }, objective: [ hard: {} ] } }", "two or more")]
    [InlineData("learners: { a: { student: { architecture: mlp }, objective: [ hard: {} ] }, b: { objective: [ hard: {} ] } }", "student")]
    [InlineData("student: { architecture: mlp, attachments: [ exit: { name: early } ] }\nobjective: [ hard: {} ]", "'student.attachments[0].exit.at'")]
    [InlineData("student: { architecture: mlp, attachments: [ door: {} ] }\nobjective: [ hard: {} ]", "exit")]
    [InlineData("student: { architecture: mlp }\nobjective: [ soft: { teacher: other/logits } ]", "needs a teacher")]
    public void Run_OfLearnersThatMakeNoSense_SaysSo(string sections, string message)
    {
        var result = Cli.Run("run", project.Recipe($"{TinyProject.Data}{sections}\n{Training}"), "--runs", runs.Path);

        Assert.Equal(2, result.ExitCode);
        Assert.Contains(message, result.Error);
        Assert.Empty(Directory.GetDirectories(runs.Path, "train-*", SearchOption.AllDirectories));
    }

    public void Dispose() => runs.Dispose();

    private static IEnumerable<string?> Roles(JsonElement metrics) =>
        metrics.GetProperty("models").EnumerateArray().Select(model => model.GetProperty("role").GetString());

    private static JsonElement Metrics(CliResult result) => JsonDocument.Parse(result.Output).RootElement;

    private CliResult Run(string recipe, params string[] options) => Cli.Done(["run", project.Recipe(recipe), "--runs", runs.Path, .. options]);
}
