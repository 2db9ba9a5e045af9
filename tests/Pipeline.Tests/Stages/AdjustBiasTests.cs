using System.Text.Json;
using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Stages;

/// <summary>A student that never saw a class, and offsets for it that are found on a validation set.</summary>
[Collection(nameof(TinyProject))]
public sealed class AdjustBiasTests(TinyProject project) : IDisposable
{
    private const string Recipe = """
        name: without-two
        data:
          transfer: { samples: train.npy, labels: train-labels.npy, rows: 0..150, classes: { drop: [2] } }
          validation: { samples: train.npy, labels: train-labels.npy, rows: 150..240 }
          test: { samples: test.npy, labels: test-labels.npy }
        teachers: [ model: teacher.onnx ]
        capture: { threads: 1, batch-size: 50 }
        student: { architecture: mlp, widths: [8], preprocessing: { scale: 0.5 } }
        objective: [ soft: { temperature: 4 } ]
        training: { threads: 1, epochs: 20, batch-size: 20, optimizer: { learning-rate: 0.02 } }
        stages:
          student: { train: {} }
          adjusted: { adjust-bias: { model: { stage: student }, classes: [2] } }
        """;

    private readonly TemporaryFolder runs = new();

    [Fact]
    public void Run_WithAClassLeftOut_RaisesItsBiasAndMeasuresBoth()
    {
        var result = Cli.Done("run", project.Recipe(Recipe), "--runs", runs.Path, "--json");

        var (student, adjusted) = (Figures.Of(result, "student"), Figures.Of(result, "adjusted"));
        var offsets = JsonDocument.Parse(File.ReadAllText(Path.Combine(Directory.GetDirectories(runs["without-two"], "adjust-bias-adjusted-*").Single(), "offsets.json"))).RootElement;
        var offset = offsets.GetProperty("offsets")[0].GetSingle();
        Assert.True(offset > 0);
        Assert.True(offsets.GetProperty("errors_after").GetInt32() < offsets.GetProperty("errors_before").GetInt32());
        Assert.True(adjusted.GetProperty("errors").GetInt32() < student.GetProperty("errors").GetInt32(), result.Output);
        Assert.InRange(adjusted.GetProperty("parity").GetProperty("max_abs").GetDouble(), 0, 1e-4);
        // Nothing but one bias differs between the files, by the offset.
        var (before, after) = (Tensors("student.onnx"), Tensors("adjusted.onnx"));
        var changed = before.Where(tensor => !tensor.Value.SequenceEqual(after[tensor.Key])).Single();
        Assert.Equal([0, 0, offset], after[changed.Key].Zip(changed.Value, (a, b) => a - b), (a, b) => Math.Abs(a - b) < 1e-5);
        Assert.StartsWith("2: ", OnnxModel.Load(runs["without-two/adjusted.onnx"]).GetMetadata("onnxkd.bias_offsets"));
        Assert.Null(OnnxModel.Load(runs["without-two/student.onnx"]).GetMetadata("onnxkd.bias_offsets"));
        Assert.Contains("adjust-bias-adjusted: reused", Cli.Done("run", project.Recipe(Recipe), "--runs", runs.Path).Error);
    }

    [Fact]
    public void Command_OnValidationSet_WritesTheAdjustedModel()
    {
        string[] set = ["--samples", project["test.npy"], "--labels", project["test-labels.npy"], "--json"];
        var before = Evaluate(project["teacher.onnx"]);

        var figures = JsonDocument.Parse(
            Cli.Done(["adjust-bias", "--model", project["teacher.onnx"], "--classes", "0", "1", "--each", "-o", runs["out.onnx"], .. set]).Output).RootElement;

        Assert.Equal((before, 90), (figures.GetProperty("errors_before").GetInt32(), figures.GetProperty("samples").GetInt32()));
        Assert.Equal(figures.GetProperty("errors_after").GetInt32(), Evaluate(runs["out.onnx"]));
        Assert.Contains("would replace", Cli.Fails(2, ["adjust-bias", "--model", project["teacher.onnx"], "--classes", "0", "-o", runs["out.onnx"], .. set]));

        int Evaluate(string model) =>
            JsonDocument.Parse(Cli.Done(["evaluate", "--model", model, .. set]).Output).RootElement.GetProperty("models")[0].GetProperty("errors").GetInt32();
    }

    /// <summary>The sum of 16 values above 8 or so: a model that always says yes, behind a Sigmoid and a map, learns where yes begins.</summary>
    [Fact]
    public void Command_OnOneColumnBehindASigmoid_MovesIt()
    {
        using var set = TransferSet.Open(new() { Samples = project["test.npy"], Labels = project["test-labels.npy"] });
        Npy.Write(runs["two.npy"], set.Labels.ToArray().Select(label => label == 1 ? 1L : 0).ToArray(), 90);
        var model = LinearModel.Write(runs["one.onnx"], classes: 1, activation: "Sigmoid", edit: proto =>
        {
            proto.Graph.Initializer.Add(TensorData.Create("b", [100f], 1));
            proto.Graph.Node[1] = new NodeProto { OpType = "Gemm", Input = { "flat", "W", "b" }, Output = { "product" } };
        });

        var figures = JsonDocument.Parse(Cli.Done(
            "adjust-bias", "--model", model, "--classes", "1", "-o", runs["out.onnx"], "--samples", project["test.npy"], "--labels", runs["two.npy"], "--json").Output).RootElement;

        Assert.Equal(60, figures.GetProperty("errors_before").GetInt32());
        Assert.InRange(figures.GetProperty("errors_after").GetInt32(), 0, 30);
        var bias = OnnxModel.Load(runs["out.onnx"]).Proto.Graph.Initializer.Single(tensor => tensor.Name == "b");
        Assert.Equal(100 + figures.GetProperty("offsets")[0].GetSingle(), Assert.Single(bias.ToFloats()), 1e-3f);
    }

    [Fact]
    public void Command_OnProbabilitiesOfAnotherKind_SaysWhyNot()
    {
        var model = LinearModel.Write(runs["softmax.onnx"], classes: 3, activation: "Softmax", edit: proto =>
        {
            proto.Graph.Node[^1].Output[0] = "p";
            proto.Graph.Node.Add(new NodeProto { OpType = "Mean", Input = { "p", "p" }, Output = { "logits" } });
        });

        Assert.Contains("another way than by a last Softmax", Cli.Fails(
            2, "adjust-bias", "--model", model, "--classes", "0,1", "-o", runs["out.onnx"], "--samples", project["test.npy"], "--labels", project["test-labels.npy"]));
    }

    [Theory]
    [InlineData("  validation: { samples: train.npy, labels: train-labels.npy, rows: 150..240 }\n", "", "no data.validation")]
    [InlineData("rows: 150..240 }", "rows: 150..240, classes: { drop: [2] } }", "no sample of a class")]
    [InlineData("classes: [2] }", "classes: [3] }", "no sample of a class")]
    [InlineData("classes: [2] }", "classes: [0, 1, 2] }", "make no difference")]
    [InlineData("model: { stage: student }", "model: { stage: none }", "A stage is not known.")]
    [InlineData("model: { stage: student }", "model: student.onnx", "{ stage: NAME }")]
    [InlineData("classes: { drop: [2] }", "classes: { drop: [2], keep: [1] }", "both keep and drop")]
    [InlineData("classes: { drop: [2] }", "classes: {}", "neither keep nor drop")]
    public void Run_OfOffsetsThatCannotBeFound_IsRefused(string written, string instead, string message) => Assert.Contains(
        message, Cli.Fails(2, "run", project.Recipe(Recipe.Replace(written, instead)), "--runs", runs.Path));

    [Fact]
    public void Command_WithoutValidationSet_IsRefused()
    {
        var recipe = project.Recipe(TinyProject.StudentRecipe);
        Assert.Contains("without data.validation", Cli.Fails(2, "adjust-bias", recipe, "--model", project["teacher.onnx"], "--classes", "0", "-o", runs["o.onnx"]));
        Assert.Contains(
            "no labels", Cli.Fails(2, "adjust-bias", "--samples", project["test.npy"], "--model", project["teacher.onnx"], "--classes", "0", "-o", runs["o.onnx"]));
    }

    public void Dispose() => runs.Dispose();

    private Dictionary<string, float[]> Tensors(string file) => OnnxModel.Load(runs[$"without-two/{file}"]).Proto.Graph.Initializer
        .Where(tensor => tensor.DataType == (int)Onnx.TensorProto.Types.DataType.Float).ToDictionary(tensor => tensor.Name, tensor => tensor.ToFloats());
}
