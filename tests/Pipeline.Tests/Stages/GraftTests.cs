using OnnxKd.Core.Onnx;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Stages;

/// <summary>A student that ends in its teacher's head, in recipes that are run from end to end.</summary>
[Collection(nameof(TinyProject))]
public sealed class GraftTests(TinyProject project) : IDisposable
{
    // The teacher is 16 → 16 → 3.
    private const string Recipe = TinyProject.Data + """
        name: graft
        teachers: [ { model: teacher.onnx, features: { hidden: hidden1.relu } } ]
        capture: { threads: 1, batch-size: 50 }
        student: { architecture: mlp, widths: [6] }
        objective: [ hint: { student: projector } ]
        training: { threads: 1, epochs: 40, batch-size: 32, optimizer: { learning-rate: 0.1 } }
        stages:
          grafted: { graft: { at: hidden1.relu, head: teacher.onnx, from: hidden1.relu } }
          student: { train: { student: { stage: grafted } } }
        """;

    private readonly TemporaryFolder runs = new();

    [Fact]
    public void Run_OfGraftedStudent_KeepsTheHeadAndLearnsItsFeatures()
    {
        var result = Cli.Done("run", project.Recipe(Recipe), "--runs", runs.Path, "--json");

        var (student, teacher) = (OnnxModel.Load(runs["graft/student.onnx"]).Proto.Graph, OnnxModel.Load(project["teacher.onnx"]).Proto.Graph);
        var head = student.Initializer.Where(tensor => tensor.Name.StartsWith("head/", StringComparison.Ordinal)).ToArray();
        Assert.NotEmpty(head);
        Assert.All(head, tensor => Assert.Equal(
            teacher.Initializer.Single(own => own.Name == tensor.Name["head/".Length..]).ToFloats(), tensor.ToFloats()));
        // 16·6 + 6 of the body, 6·16 + 16 of the projection, 16·3 + 3 of the head.
        Assert.Equal(265, Figures.Of(result, "student").GetProperty("parameters").GetInt64());
        Assert.InRange(Figures.Of(result, "student").GetProperty("agreement").GetDouble(), 0.8, 1);
        Assert.InRange(Figures.Of(result, "student").GetProperty("parity").GetProperty("max_abs").GetDouble(), 0, 1e-4);
        Assert.Contains("graft-grafted: reused", Cli.Done("run", project.Recipe(Recipe), "--runs", runs.Path).Error);
    }

    [Theory]
    [InlineData("at: hidden1.relu", "at: hiden1.relu", "did you mean 'hidden1.relu'?")]
    [InlineData("from: hidden1.relu", "from: hiden1.relu", "did you mean 'hidden1.relu'?")]
    [InlineData("from: hidden1.relu", "from: logits", "nothing behind it")]
    [InlineData("head: teacher.onnx, ", "", "'stages.grafted.graft.head'")]
    [InlineData("head: teacher.onnx", "head: missing.onnx", "A model is missing.")]
    [InlineData("head: teacher.onnx", "head: { stage: none }", "A stage is not known.")]
    public void Run_OfGraftThatCannotBe_IsRefused(string written, string instead, string message) => Assert.Contains(
        message, Cli.Fails(2, "run", project.Recipe(Recipe.Replace(written, instead)), "--runs", runs.Path));

    public void Dispose() => runs.Dispose();
}
