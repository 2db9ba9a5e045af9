using System.Text.Json;
using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.EndToEnd;

/// <summary>Whole runs of teachers and students that give class scores for every frame or pixel.</summary>
[Collection(nameof(TinyProject))]
public sealed class PositionsEndToEndTests(TinyProject project) : IDisposable
{
    private readonly TemporaryFolder runs = new();

    [Theory]
    [InlineData("float16")]
    [InlineData("{ top-k: 2, temperatures: [2] }")]
    public void Run_TeacherOfFrames_GivesAStudentThatIsVerifiedAndMeasuredPerFrame(string storage)
    {
        // Every line of the picture is a frame; its class is the brightest of the first three columns.
        var teacher = LinearModel.Write(runs["frames.onnx"], edit: model => MakeFrames(model, 8, "Softmax"));
        var student = LinearModel.Write(runs["small.onnx"], edit: model => MakeFrames(model, 0, "Identity"));
        var recipe = project.Recipe($$"""
            data:
              transfer: { samples: train.npy }
              test: { samples: test.npy, labels: test-labels.npy }
            teachers: [ model: {{teacher}} ]
            capture: { threads: 1, storage: {{storage}} }
            student: { model: {{student}} }
            objective: [ soft: { temperature: 2, weight: 1 } ]
            training: { threads: 1, epochs: 30, batch-size: 16, optimizer: { name: adam, learning-rate: 0.1 } }
            """);

        var metrics = JsonDocument.Parse(Cli.Done("run", recipe, "--name", "frames", "--runs", runs.Path, "--json").Output).RootElement;

        Assert.InRange(Figures.Of(metrics, "student").GetProperty("agreement").GetDouble(), 0.97, 1);
        Assert.False(Figures.Of(metrics, "student").TryGetProperty("errors", out var errors) && errors.ValueKind == JsonValueKind.Number);
        Assert.Equal(90, Figures.Of(metrics, "student").GetProperty("parity").GetProperty("samples").GetInt64());
        Assert.InRange(Figures.Of(metrics, "student").GetProperty("parity").GetProperty("max_abs").GetDouble(), 0, 1e-4);
    }

    /// <summary>Fully convolutional teacher and student, both [N, classes, height, width].</summary>
    [Fact]
    public void Run_TeacherOfPixels_GivesAStudentThatIsVerifiedAndMeasuredPerPixel()
    {
        var teacher = LinearModel.Write(runs["pixels.onnx"], edit: model => MakePixels(model, Filters, "Softmax"));
        var student = LinearModel.Write(runs["small.onnx"], edit: model => MakePixels(model, new float[27], "Identity"));
        var recipe = project.Recipe($$"""
            data:
              transfer: { samples: train.npy }
              test: { samples: test.npy }
            teachers: [ model: {{teacher}} ]
            capture: { threads: 1, storage: float16 }
            student: { model: {{student}} }
            objective: [ soft: { temperature: 2, weight: 1 } ]
            training: { threads: 1, epochs: 60, batch-size: 16, optimizer: { name: adam, learning-rate: 0.3 }, schedule: { name: cosine } }
            """);

        var metrics = JsonDocument.Parse(Cli.Done("run", recipe, "--name", "pixels", "--runs", runs.Path, "--json").Output).RootElement;

        Assert.InRange(Figures.Of(metrics, "student").GetProperty("agreement").GetDouble(), 0.97, 1);
        Assert.Equal(90, Figures.Of(metrics, "student").GetProperty("parity").GetProperty("samples").GetInt64());
        Assert.InRange(Figures.Of(metrics, "student").GetProperty("parity").GetProperty("max_abs").GetDouble(), 0, 1e-4);
        Assert.Equal(
            OnnxModel.Load(student).Proto.Graph.Output, OnnxModel.Load(runs["pixels/student.onnx"]).Proto.Graph.Output);
    }

    /// <summary>A picture's labels are for its pixels; the views that the student learns from are flipped, and so are they.</summary>
    [Fact]
    public void Run_LabelsOfPixels_AreLearnedAndMeasured()
    {
        Npy.Write(runs["maps.npy"], [.. Classes("test.npy", 90)], 90, 4, 4);
        Npy.Write(runs["train-maps.npy"], [.. Classes("train.npy", 240)], 240, 4, 4);
        Assert.All(Classes("test.npy", 90).CountBy(c => c), count => Assert.InRange(count.Value, 100, 1000));
        var student = LinearModel.Write(runs["small.onnx"], edit: model => MakePixels(model, new float[27], "Identity"));
        var teacher = LinearModel.Write(runs["pixels.onnx"], edit: model => MakePixels(model, Filters, "Softmax"));
        var recipe = project.Recipe($$"""
            data:
              transfer: { samples: train.npy, labels: {{runs["train-maps.npy"]}} }
              test: { samples: test.npy, labels: {{runs["maps.npy"]}} }
            teachers: [ model: {{teacher}} ]
            capture: { threads: 1, views: 2, augmentation: { flip: { vertical: 0.5 } } }
            student: { model: {{student}} }
            objective: [ soft: { temperature: 1, weight: 0.001 }, hard: { weight: 1 } ]
            training: { threads: 1, epochs: 20, batch-size: 16, optimizer: { name: adam, learning-rate: 0.3 } }
            """);

        var metrics = JsonDocument.Parse(Cli.Done("run", recipe, "--name", "maps", "--runs", runs.Path, "--json").Output).RootElement;

        Assert.Equal(0, Figures.Of(metrics, "teacher").GetProperty("errors").GetInt64());
        Assert.InRange(Figures.Of(metrics, "student").GetProperty("accuracy").GetDouble(), 0.9, 1);
        Assert.Equal(
            Figures.Of(metrics, "student").GetProperty("agreement").GetDouble(),
            Figures.Of(metrics, "student").GetProperty("accuracy").GetDouble());
    }

    /// <summary>Three filters of the pixel and its neighbours to the left and right.</summary>
    private static float[] Filters => [0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, -9, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0];

    /// <summary>The classes that the filters give.</summary>
    private List<long> Classes(string samples, int count)
    {
        using var set = Core.TransferSets.TransferSet.Open(new() { Samples = project[samples] });
        var values = new float[count * 16];
        set.Read([.. Enumerable.Range(0, count).Select(row => (long)row)], values);
        var classes = new List<long>();
        for (var i = 0; i < values.Length; i++)
        {
            var (left, right) = (i % 4 > 0 ? values[i - 1] : 0, i % 4 < 3 ? values[i + 1] : 0);
            float[] line = [left, values[i], right];
            classes.Add(Enumerable.Range(0, 3).MaxBy(c => Filters.Skip(9 * c + 3).Zip(line, (weight, value) => weight * value).Sum()));
        }
        return classes;
    }

    /// <summary>Three 3×3 filters over [N, 1, 4, 4].</summary>
    private static void MakePixels(ModelProto model, float[] filters, string activation)
    {
        var graph = model.Graph;
        graph.Node.Clear();
        AttributeProto pads = new() { Name = "pads", Type = AttributeProto.Types.AttributeType.Ints, Ints = { 1, 1, 1, 1 } };
        graph.Node.Add(new NodeProto { OpType = "Conv", Input = { "x", "W" }, Output = { "map" }, Attribute = { pads } });
        var last = new NodeProto { OpType = activation, Input = { "map" }, Output = { "logits" } };
        if (activation == "Softmax")
            last.Attribute.Add(new AttributeProto { Name = "axis", Type = AttributeProto.Types.AttributeType.Int, I = 1 });
        graph.Node.Add(last);
        graph.Initializer[0] = TensorData.Create("W", filters, 3, 1, 3, 3);
        graph.Input[0] = ValueInfo.Create("x", ElementType.Float32, "N", 1, 4, 4);
        graph.Output[0] = ValueInfo.Create("logits", ElementType.Float32, "N", 3, 4, 4);
    }

    /// <summary>Lines 0 and 1 are brightest in a column that the student knows, lines 2 and 3 in one that it has wrong.</summary>
    [Fact]
    public void Evaluate_SamplesWithLengths_CountsNoPadding()
    {
        var teacher = LinearModel.Write(runs["frames.onnx"], edit: model => MakeFrames(model, 8, "Softmax"));
        var student = LinearModel.Write(runs["small.onnx"], edit: model =>
        {
            MakeFrames(model, 8, "Identity");
            model.Graph.Initializer[0] = TensorData.Create("W", new float[] { -8, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0, 0 }, 4, 3);
        });
        Npy.Write<float>(runs["lines.npy"], [0, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0], 1, 4, 4);
        Npy.Write<long>(runs["lengths.npy"], [2], 1);
        string[] line = ["evaluate", "--model", student, "--teacher", teacher, "--samples", runs["lines.npy"], "--json"];

        Assert.Equal(0.5, Agreement(line));
        Assert.Equal(1, Agreement([.. line, "--set", $"data.transfer.lengths={runs["lengths.npy"]}"]));

        static double Agreement(string[] line) => JsonDocument.Parse(Cli.Done(line).Output).RootElement
            .GetProperty("models")[0].GetProperty("agreement").GetDouble();
    }

    [Fact]
    public void Train_OtherLengths_IsAnotherTraining()
    {
        var model = LinearModel.Write(runs["frames.onnx"], edit: model => MakeFrames(model, 8, "Identity"));
        Npy.Write(runs["lengths.npy"], [.. Enumerable.Range(0, 240).Select(i => 1L + i % 4)], 240);
        string[] line =
        [
            "export", "--runs", runs.Path, "--name", "frames", "--teacher", model, "--student", model, "--samples", project["train.npy"],
            "--epochs", "1", "--threads", "1",
        ];

        Cli.Done(line);
        var all = File.ReadAllBytes(runs["frames/student.onnx"]);
        var counted = Cli.Done([.. line, "--set", $"data.transfer.lengths={runs["lengths.npy"]}"]);

        Assert.Contains("cache: reused", counted.Error);
        Assert.NotEqual(all, File.ReadAllBytes(runs["frames/student.onnx"]));
    }

    /// <summary>[N, 4, 4] · [4, 3] = [N, 4 frames, 3 classes].</summary>
    private static void MakeFrames(ModelProto model, float diagonal, string activation)
    {
        var graph = model.Graph;
        graph.Node.Clear();
        graph.Node.Add(new NodeProto { OpType = "MatMul", Input = { "x", "W" }, Output = { "product" } });
        graph.Node.Add(new NodeProto { OpType = activation, Input = { "product" }, Output = { "logits" } });
        var weights = new float[4 * 3];
        for (var i = 0; i < 3; i++)
            weights[i * 3 + i] = diagonal;
        graph.Initializer[0] = TensorData.Create("W", weights, 4, 3);
        graph.Output[0] = ValueInfo.Create("logits", ElementType.Float32, "N", 4, 3);
    }

    public void Dispose() => runs.Dispose();
}
