using System.Text.Json;
using OnnxKd.Core.Onnx;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Stages;

/// <summary>Teachers that know different classes. Each of these knows two of three, and sees them by the rows that are bright.</summary>
public sealed class ClassMapsTests : IDisposable
{
    private const string Apart = """
        name: maps
        data:
          transfer: { samples: train.npy, labels: train-labels.npy }
          validation: { samples: train.npy, labels: train-labels.npy, rows: 0..60 }
          test: { samples: test.npy, labels: test-labels.npy }
        teachers:
          - { model: top.onnx, name: top, classes: [upper, middle] }
          - { model: bottom.onnx, name: bottom, classes: [lower, middle] }
        capture: { threads: 1, batch-size: 50, combination: none, classes: [upper, middle, lower] }
        student: { architecture: mlp, widths: [8] }
        objective: [ soft: { teacher: top }, soft: { teacher: bottom } ]
        training: { threads: 1, epochs: 30, batch-size: 32, optimizer: { learning-rate: 0.05 } }
        """;

    private readonly TemporaryFolder folder = new();

    public ClassMapsTests()
    {
        Blobs.Write(folder.Path, "train", 240, seed: 1);
        Blobs.Write(folder.Path, "test", 90, seed: 2);
        Teacher("top.onnx", 0, 1);
        Teacher("bottom.onnx", 2, 1);
    }

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("none")]
    [InlineData("mean-of-probabilities")]
    public void Run_TeachersThatKnowTwoClassesEach_MakeAStudentOfThree(string combination)
    {
        var recipe = combination == "none" ? Apart
            : Apart.Replace("combination: none", $"combination: {combination}").Replace("[ soft: { teacher: top }, soft: { teacher: bottom } ]", "[ soft: {} ]");
        var result = Cli.Done("run", folder.Write("maps.yaml", recipe), "--runs", folder["runs"], "--json");

        // Neither teacher knows every third sample: alone they are right on two thirds at most.
        Assert.InRange(Accuracy(result, "student"), 0.85, 1);
        Assert.InRange(Accuracy(result, "teacher"), 0.85, 1);
        Assert.InRange(Accuracy(result, "teacher 1"), 0.4, 0.67);
        Assert.InRange(Figures.Of(result, "student").GetProperty("agreement").GetDouble(), 0.85, 1);
        Assert.Equal(3, (int)OnnxModel.Load(folder["runs/maps/student.onnx"]).Proto.Graph.Output[0].Type.TensorType.Shape.Dim[^1].DimValue);
        // The resolved recipe means the same.
        Assert.DoesNotContain("started", Cli.Done("run", folder["runs/maps/recipe.yaml"], "--runs", folder["runs"]).Error);
    }

    /// <summary>A teacher whose classes stand in another order is none whose place the student could take: its columns mean other things.</summary>
    [Fact]
    public void Plan_InterfaceOfATeacherOfOtherClasses_IsRefused()
    {
        var recipe = Apart.Replace("objective: [ soft: { teacher: top }, soft: { teacher: bottom } ]", "objective: [ soft: { teacher: top } ]\nexport: { interface: teacher }");
        Assert.Contains("no teacher whose interface", Cli.Fails(2, "run", folder.Write("interface.yaml", recipe), "--runs", folder["runs"]));
    }

    [Fact]
    public void Run_OtherMap_CapturesAgain()
    {
        Cli.Done("cache", folder.Write("maps.yaml", Apart), "--runs", folder["runs"]);
        var other = folder.Write("other.yaml", Apart.Replace("[lower, middle]", "[middle, lower]"));
        Assert.Equal("done", StateOfCache(folder["maps.yaml"]));
        Assert.Equal("will run", StateOfCache(other));
    }

    [Theory]
    [InlineData("combination: none, classes: [upper, middle, lower]", "combination: mean-of-logits", "[upper, middle]", null, "add capture.classes")]
    [InlineData("classes: [upper, middle, lower]", "classes: 3", "upper, middle", "0, 3", "an index below 3, or none")]
    [InlineData(", classes: [upper, middle] }", " }", "", "", "A teacher has other classes than the student.")]
    [InlineData("[upper, middle] }", "[upper, middle, none] }", "", "", "2, one for each class that it gives")]
    [InlineData("[upper, middle, lower]", "[upper, upper]", "", "", "two names or more, each once")]
    public void Plan_OfMapsThatDoNotFit_IsRefusedBeforeAnyWork(string part, string wrong, string second, string? other, string says)
    {
        var recipe = Apart.Replace(part, wrong);
        if (other is { Length: > 0 })
            recipe = recipe.Replace(second, other).Replace("lower, middle", "0, 1");
        Assert.Contains(says, Cli.Fails(2, "plan", folder.Write("wrong.yaml", recipe), "--runs", folder["runs"]));
        Assert.False(Directory.Exists(folder["runs"]));
    }

    [Theory]
    [InlineData("mean-of-probabilities", "[ soft: {} ]", "The teachers have different classes.")]
    [InlineData("none", "[ soft: { teacher: big }, soft: { teacher: small } ]", "The teachers that a student learns from have different classes.")]
    public void Plan_TeachersOfDifferentClassesWithoutAMap_IsRefused(string combination, string objective, string says)
    {
        LinearModel.Write(folder["five.onnx"], classes: 5);
        LinearModel.Write(folder["three.onnx"]);
        var recipe = TinyProject.Data + $$"""
            teachers: [ { model: five.onnx, name: big }, { model: three.onnx, name: small } ]
            capture: { combination: {{combination}} }
            student: { architecture: mlp, widths: [8] }
            objective: {{objective}}
            training: { epochs: 1 }
            """;
        var message = Cli.Fails(2, "plan", folder.Write("wrong.yaml", recipe), "--runs", folder["runs"]);
        Assert.Contains(says, message);
        Assert.Contains("capture.classes", message);
    }

    private string? StateOfCache(string recipe) => JsonDocument.Parse(Cli.Done("plan", recipe, "--runs", folder["runs"], "--json").Output).RootElement
        .GetProperty("stages").EnumerateArray().Single(stage => stage.GetProperty("name").GetString() == "cache").GetProperty("state").GetString();

    private static double Accuracy(CliResult result, string role) => Figures.Of(result, role).GetProperty("accuracy").GetDouble();

    /// <summary>Two classes: the rows of a picture that are bright.</summary>
    private void Teacher(string name, int first, int second) => LinearModel.Write(folder[name], classes: 2, edit: model =>
        model.Graph.Initializer[0].SetFloats([.. Enumerable.Range(0, 16).SelectMany(pixel => new[] { pixel / 4 == first ? 2f : 0, pixel / 4 == second ? 2f : 0 })]));
}
