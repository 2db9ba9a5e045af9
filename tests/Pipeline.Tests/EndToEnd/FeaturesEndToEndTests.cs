using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.EndToEnd;

/// <summary>Recipes that learn from inner tensors of teachers, from capture to figures, and what is refused.</summary>
[Collection(nameof(TinyProject))]
public sealed class FeaturesEndToEndTests(TinyProject project) : IDisposable
{
    private const string Rest = """

        capture: { threads: 1, batch-size: 50 }
        student: { architecture: mlp, widths: [8] }
        training: { threads: 1, epochs: 6, batch-size: 32, optimizer: { learning-rate: 0.05 } }
        """;

    private const string Teacher = "teachers: [ { model: teacher.onnx, features: { hidden: hidden1.relu } } ]\n";

    private readonly TemporaryFolder runs = new();

    [Fact]
    public void Run_HintsAndThenSoftTargets_ShipsTheStudentAlone()
    {
        var recipe = "name: hints\n" + TinyProject.Data + Teacher + """
            capture: { threads: 1, batch-size: 50, feature-storage: float16, views: 2, augmentation: { noise: 0.05 } }
            training: { threads: 1, epochs: 10, batch-size: 32, optimizer: { learning-rate: 0.05 } }
            student: { architecture: mlp, widths: [8] }
            stages:
              start: { train: { objective: [ hint: { student: hidden1.relu, teacher: hidden } ] } }
              student: { train: { student: { stage: start }, objective: [ soft: { temperature: 2 }, rkd: { student: hidden1.relu, weight: 0.1 } ] } }
            """;
        var result = Run(recipe, "--json");

        Assert.InRange(Figures.Of(result, "student").GetProperty("agreement").GetDouble(), 0.8, 1);
        Assert.InRange(Figures.Of(result, "student").GetProperty("parity").GetProperty("max_abs").GetDouble(), 0, 1e-4);
        // 16 inputs, 8 hidden units, 3 classes: no layer of the projection to 16 features is left.
        Assert.Equal(163, Figures.Of(result, "student").GetProperty("parameters").GetInt64());
        var losses = File.ReadLines(runs["hints/events/start.jsonl"]).ToArray();
        Assert.All(losses, line => Assert.Contains("\"hint:hidden\"", line));
    }

    [Theory]
    [InlineData("hint: { student: hidden2.relu }", "did you mean 'hidden1.relu'?")]
    [InlineData("hint: { student: hidden1.relu, teacher: hiden }", "did you mean 'hidden'?")]
    [InlineData("hint: { student: hidden1.relu, projector: none }", "[8] for one sample", "[16]")]
    [InlineData("hint: { student: hidden1.relu, teacher: logits }", "logits, which holds class scores", "features")]
    [InlineData("soft: { teacher: hidden }", "hidden, which holds features", "class scores")]
    [InlineData("attention: { student: hidden1.relu }", "[channels, height, width]")]
    [InlineData("triplet: { student: hidden1.relu, teachers: [hidden, other] }", "teachers[1]: other")]
    public void Run_SignalThatDoesNotFit_IsRefusedBeforeTraining(string term, params string[] expected)
    {
        var error = Fails(2, TinyProject.Data + Teacher + $"objective: [ {term} ]" + Rest);

        Assert.All(expected, part => Assert.Contains(part, error));
        Assert.DoesNotContain("epochs", error);
    }

    [Theory]
    [InlineData("student: hidden1.relu", "student: hiden1.relu", "did you mean 'hidden1.relu'?")]
    [InlineData("teacher: hidden", "teacher: hiden", "did you mean 'hidden'?")]
    [InlineData("teacher: hidden", "teacher: student/hiden1.relu", "did you mean 'hidden1.relu'?")]
    [InlineData("hidden: hidden1.relu", "hidden: hiden1.relu", "did you mean 'hidden1.relu'?")]
    [InlineData("widths: [8] }", "widths: [8], attachments: [ exit: { name: early, at: hiden1.relu } ] }", "did you mean 'hidden1.relu'?")]
    [InlineData("objective: [ hint", "teachers: [ { stage: assistant, features: { hidden: hiden1.relu } } ], objective: [ hint", "did you mean 'hidden1.relu'?")]
    public void Plan_TensorThatIsNotThere_NamesTheNearest(string right, string wrong, string expected)
    {
        var recipe = "name: taps\n" + TinyProject.Data + Teacher + "stages:\n  assistant: { train: { objective: [ soft: {} ] } }\n"
            + "  student: { train: { objective: [ hint: { student: hidden1.relu, teacher: hidden } ] } }" + Rest;
        Assert.Contains("will run", Cli.Done(["plan", project.Recipe(recipe), "--runs", runs.Path]).Output);

        var error = Cli.Fails(2, "plan", project.Recipe(recipe.Replace(right, wrong)), "--runs", runs.Path);

        Assert.Contains(expected, error);
        Assert.False(Directory.Exists(runs["taps"]));
    }

    [Fact]
    public void Run_TeachersOfDifferentClasses_AreRefusedTogether()
    {
        var other = LinearModel.Write(runs["four.onnx"], classes: 4);
        var error = Fails(2, TinyProject.Data + $"teachers: [ {{ model: teacher.onnx }}, {{ model: {other} }} ]\nobjective: [ soft: {{}} ]" + Rest);

        Assert.Contains("4 classes", error);
        Assert.Contains("3 classes", error);
    }

    public void Dispose() => runs.Dispose();

    private CliResult Run(string recipe, params string[] options) => Cli.Done(["run", project.Recipe(recipe), "--runs", runs.Path, .. options]);

    private string Fails(int exitCode, string recipe) => Cli.Fails(exitCode, "run", project.Recipe(recipe), "--runs", runs.Path);
}
