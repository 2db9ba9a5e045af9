using System.Text.Json;
using Google.Protobuf;
using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.EndToEnd;

/// <summary>Students from files that give probabilities from within their graphs, where no logits can be found to learn: several heads side by side, their mean.</summary>
[Collection(nameof(TinyProject))]
public sealed class ProbabilityStudentsTests(TinyProject project) : IDisposable
{
    private const int Features = 16;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("labels")]
    [InlineData("classes")]
    public void Run_LearnsThemAsLogits_AndMeasuresWhatTheFileGives(string kind)
    {
        var (heads, activation) = kind == "labels" ? ("Concat", "Sigmoid") : ("Mean", "Softmax");
        var teacher = LinearModel.Write(folder["teacher.onnx"], classes: 4, activation: activation, edit: proto =>
            proto.Graph.Initializer[0] = TensorData.Create("W", Weights(1, 4), Features, 4));
        var student = Write(folder["student.onnx"], heads, activation, kind == "labels" ? 2 : 4);
        string[] data = ["--teacher", teacher, "--test-samples", project["test.npy"], "--samples", project["train.npy"], "--kind", kind];

        Cli.Done(["run", "--name", "run", "--runs", folder["runs"], .. data, "--student", student, "--init", "fresh", "--epochs", "60", "--optimizer", "adam", "--lr", "0.02", "--batch-size", "32", "--threads", "1"]);

        using var metrics = JsonDocument.Parse(File.ReadAllText(folder["runs/run/metrics.json"]));
        var own = Figures.Of(metrics.RootElement, "student");
        using var measured = JsonDocument.Parse(Cli.Done("evaluate", "--json", "--model", folder["runs/run/student.onnx"], "--teacher", teacher, "--samples", project["test.npy"], "--kind", kind).Output);
        var alone = measured.RootElement.GetProperty("models").EnumerateArray().Last();
        Assert.InRange(own.GetProperty("agreement").GetDouble(), 0.75, 1);
        Assert.Equal(own.GetProperty("agreement").GetDouble(), alone.GetProperty("agreement").GetDouble(), 10);
        Assert.Equal(own.GetProperty("kl").GetDouble(), alone.GetProperty("kl").GetDouble(), 5);
    }

    private static string Write(string path, string joined, string activation, int columns)
    {
        var graph = new GraphProto
        {
            Name = "heads", Input = { ValueInfo.Create("x", ElementType.Float32, "N", 4, 4) }, Output = { ValueInfo.Create("y", ElementType.Float32, "N", 4) },
            Node = { new NodeProto { OpType = "Flatten", Input = { "x" }, Output = { "flat" } } },
        };
        for (var head = 0; head < 2; head++)
        {
            graph.Initializer.Add(TensorData.Create($"W{head}", Weights(head + 2, columns), Features, columns));
            graph.Node.Add(new NodeProto { OpType = "MatMul", Input = { "flat", $"W{head}" }, Output = { $"z{head}" } });
            graph.Node.Add(new NodeProto { OpType = activation, Input = { $"z{head}" }, Output = { $"p{head}" } });
        }
        var join = new NodeProto { OpType = joined, Input = { "p0", "p1" }, Output = { "y" } };
        if (joined == "Concat")
            join.Attribute.Add(new AttributeProto { Name = "axis", Type = AttributeProto.Types.AttributeType.Int, I = 1 });
        graph.Node.Add(join);
        File.WriteAllBytes(path, new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } }.ToByteArray());
        return path;
    }

    private static float[] Weights(int seed, int columns)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, Features * columns).Select(_ => (float)random.NextDouble() - 0.5f)];
    }
}
