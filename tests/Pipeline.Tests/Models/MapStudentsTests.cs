using System.Text.Json;
using Google.Protobuf;
using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Tests.Support;
using OnnxKd.TeacherRunner.Sessions;
using AttributeType = Onnx.AttributeProto.Types.AttributeType;

namespace OnnxKd.Pipeline.Tests.Models;

/// <summary>Built-in students of teachers that give a map: classes of each pixel, or a value. Figures are worked out here from the raw outputs.</summary>
public sealed class MapStudentsTests : IDisposable
{
    private const int Side = 8;
    private const int Train = 96;
    private const int Test = 32;

    private readonly TemporaryFolder folder = new();

    public MapStudentsTests()
    {
        Write("train.npy", Train, seed: 1);
        Write("test.npy", Test, seed: 2);
    }

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("unet")]
    [InlineData("fpn")]
    public void ClassesOfPixels_AreLearnedFromSoftTargets(string architecture)
    {
        Teacher("teacher.onnx", [2, -1, 0, -2, 1.5f, 0.5f], columns: 3, "logits");
        var figures = Run(architecture, "soft: { temperature: 2 }", "classes");

        var (own, taught) = (Outputs(folder["runs/map/student.onnx"], 3), Outputs(folder["teacher.onnx"], 3));
        var (tops, known) = (Tops(own, 3), Tops(taught, 3));
        var agreement = tops.Zip(known, (a, b) => a == b ? 1.0 : 0).Average();
        var overlap = Enumerable.Range(0, 3).Average(c => (double)tops.Zip(known).Count(pair => pair.First == c && pair.Second == c) / tops.Zip(known).Count(pair => pair.First == c || pair.Second == c));
        Assert.InRange(agreement, 0.9, 1);
        Assert.Equal(agreement, figures.GetProperty("agreement").GetDouble(), 6);
        Assert.Equal(overlap, figures.GetProperty("mean_overlap").GetDouble(), 6);
    }

    [Fact]
    public void ValuesOfPixels_AreLearned()
    {
        Teacher("teacher.onnx", [300, -50], columns: 1, "value");
        var figures = Run("unet", "mse: {}", "values");

        var (own, taught) = (Outputs(folder["runs/map/student.onnx"], 1), Outputs(folder["teacher.onnx"], 1));
        var mean = taught.Average();
        var explained = 1 - own.Zip(taught, (z, v) => Math.Pow(z - v, 2)).Sum() / taught.Sum(v => Math.Pow(v - mean, 2));
        Assert.InRange(explained, 0.95, 1);
        Assert.Equal(explained, figures.GetProperty("r_squared").GetDouble(), 4);
    }

    private JsonElement Run(string architecture, string term, string kind)
    {
        Cli.Done("run", folder.Write("map.yaml", $$"""
            data:
              transfer: { samples: train.npy }
              test: { samples: test.npy }
            teachers: [ { model: teacher.onnx, kind: {{kind}}, class-axis: 1 } ]
            capture: { threads: 1 }
            student: { architecture: {{architecture}}, widths: [8, 8] }
            objective: [ {{term}} ]
            training: { threads: 1, epochs: 25, batch-size: 16, optimizer: { name: adamw, learning-rate: 0.02 } }
            """), "--runs", folder["runs"]);
        return Figures.Of(JsonDocument.Parse(File.ReadAllText(folder["runs/map/metrics.json"])).RootElement, "student");
    }

    /// <summary>A 1×1 convolution of an image of two channels; its output is [N, columns, height, width].</summary>
    private void Teacher(string name, float[] weights, int columns, string output)
    {
        var graph = new GraphProto
        {
            Name = "map",
            Input = { ValueInfo.Create("x", ElementType.Float32, "N", 2, Side, Side) },
            Output = { ValueInfo.Create(output, ElementType.Float32, "N", columns, Side, Side) },
            Initializer = { TensorData.Create("W", weights, columns, 2, 1, 1) },
            Node = { new NodeProto { OpType = "Conv", Input = { "x", "W" }, Output = { output }, Attribute = { new AttributeProto { Name = "kernel_shape", Type = AttributeType.Ints, Ints = { 1L, 1L } } } } },
        };
        File.WriteAllBytes(folder[name], new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } }.ToByteArray());
    }

    private void Write(string name, int count, int seed)
    {
        var random = new Random(seed);
        Npy.Write(folder[name], [.. Enumerable.Range(0, count * 2 * Side * Side).Select(_ => 2 * random.NextSingle() - 1)], count, 2, Side, Side);
    }

    /// <summary>What a model gives, position by position, the columns last.</summary>
    private double[] Outputs(string model, int columns)
    {
        using var set = TransferSet.Open(new() { Samples = folder["test.npy"] });
        var loaded = OnnxModel.Load(model);
        using var session = OnnxClassifier.Open(
            loaded, set.SampleShape, [new() { Tensor = loaded.Proto.Graph.Output[0].Name, IsFeature = true }], new() { Device = "cpu", Threads = 1 });
        var (samples, given) = (new float[Test * set.SampleElements], new float[Test * columns * Side * Side]);
        set.Read([.. Enumerable.Range(0, Test).Select(i => (long)i)], samples);
        session.Run(samples, Test, given);
        return
        [
            .. from sample in Enumerable.Range(0, Test) from pixel in Enumerable.Range(0, Side * Side) from c in Enumerable.Range(0, columns)
               select (double)given[(sample * columns + c) * Side * Side + pixel],
        ];
    }

    private static int[] Tops(double[] values, int columns) => [.. values.Chunk(columns).Select(row => Array.IndexOf(row, row.Max()))];
}
