using System.Text.Json;
using Onnx;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.Pipeline.Tests.Support;
using AttributeType = Onnx.AttributeProto.Types.AttributeType;

namespace OnnxKd.Pipeline.Tests.Models;

/// <summary>Models as people have them: not as an exporter of today would write them, but as ONNX Runtime takes them.</summary>
[Collection(nameof(TinyProject))]
public sealed class FoundModelsTests(TinyProject project) : IDisposable
{
    private const int Samples = 90;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void NodesOutOfOrder_AreSortedAndSaid()
    {
        LinearModel.Write(folder["m.onnx"], edit: model => Reverse(model.Graph));

        var inspected = Cli.Done("inspect", folder["m.onnx"], "--sample-shape", "4,4").Output;
        var error = Capture("m.onnx", out var logits);

        Assert.Contains("put in order", inspected);
        Assert.Contains("teacher:    yes", inspected);
        Assert.Contains("student:    yes", inspected);
        Assert.Contains("out of order", error);
        Assert.Equal(Sums(), logits.Where((_, i) => i % Blobs.Classes == 0).Select(value => (double)value), (expected, found) => Math.Abs(expected - found) < 1e-5);
    }

    [Fact]
    public void NodesInACircle_AreRefused()
    {
        LinearModel.Write(folder["m.onnx"], edit: model => model.Graph.Node[0].Input[0] = "product");

        Assert.Contains("made after it", Cli.Fails(2, "inspect", folder["m.onnx"]));
    }

    [Fact]
    public void TensorInsideAnIf_IsReachedByItsName()
    {
        LinearModel.Write(folder["m.onnx"], edit: PutProductIntoAnIf);

        Capture("m.onnx", out var logits, "output: product, kind: classes");

        Assert.Equal(Sums(), logits.Where((_, i) => i % Blobs.Classes == 0).Select(value => (double)value), (expected, found) => Math.Abs(expected - found) < 1e-5);
    }

    [Fact]
    public void SingleColumn_DeclaredAProbability_IsItsLogOdds()
    {
        // A probability that no Sigmoid gives: half the mean of 16 values between 0 and 1.6, cut off at 1.
        LinearModel.Write(folder["m.onnx"], classes: 1, weight: 1 / 32f, edit: model => model.Graph.Node[^1].OpType = "Abs");

        Assert.Contains("probabilities: true", Refusal("m.onnx", "kind: labels"));
        Capture("m.onnx", out var logits, "probabilities: true");

        Assert.Equal(
            Sums().Select(sum => sum / 16).Select(p => Math.Log(p / (1 - p))), logits.Select(logit => (double)logit), (expected, found) => Math.Abs(expected - found) < 1e-4);
    }

    [Fact]
    public void SingleColumn_DeclaredAProbability_IsReadSoToTheEndOfTheRun()
    {
        // Of a threshold at the mean, so that samples differ.
        LinearModel.Write(folder["m.onnx"], classes: 1, weight: 1 / 16f, edit: model => model.Graph.Node[^1].OpType = "Abs");

        var run = Cli.Done("run", folder.Write("r.yaml", Recipe("m.onnx", "kind: labels, probabilities: true").Replace("epochs: 1,", "epochs: 20,")), "--runs", folder.Path);

        Assert.Contains("runs in a session that was written for m.onnx", run.Output);
        Assert.Equal("Sigmoid", OnnxModel.Load(folder["r/student.onnx"]).Proto.Graph.Node[^1].OpType);
    }

    [Fact]
    public void OutputWithAxesOfLengthOne_TeachesAndLearns()
    {
        LinearModel.Write(folder["m.onnx"], edit: Widen);
        var recipe = folder.Write("r.yaml", Recipe("m.onnx").Replace("architecture: mlp, widths: [8]", $"model: {folder["m.onnx"]}, init: fresh").Replace("epochs: 1,", "epochs: 20,"));

        var run = Cli.Done("run", recipe, "--runs", folder.Path);

        Assert.Contains("3 classes from 'logits'", run.Error);
        Assert.Equal([Blobs.Classes, 1, 1], OnnxModel.Load(folder["r/student.onnx"]).Proto.Graph.Output[0].ShapeOf()!.Skip(1).Select(axis => (int)axis.Size!.Value));
    }

    [Fact]
    public void WeightsBehindLinksOfADownloadCache_AreRead()
    {
        var (blobs, snapshot) = (Directory.CreateDirectory(folder["blobs"]).FullName, Directory.CreateDirectory(folder["snapshots/rev"]).FullName);
        LinearModel.Write(Path.Combine(blobs, "1234"), edit: model => LinearModel.Externalise(model, "model.onnx_data"));
        File.WriteAllBytes(Path.Combine(blobs, "5678"), new byte[16 * Blobs.Classes * sizeof(float)]);
        File.CreateSymbolicLink(Path.Combine(snapshot, "model.onnx"), "../../blobs/1234");
        File.CreateSymbolicLink(Path.Combine(snapshot, "model.onnx_data"), "../../blobs/5678");

        Assert.Equal(16 * Blobs.Classes, OnnxModel.Load(Path.Combine(snapshot, "model.onnx")).ParameterCount);

        File.WriteAllBytes(folder["secret"], new byte[16 * Blobs.Classes * sizeof(float)]);
        File.Delete(Path.Combine(snapshot, "model.onnx_data"));
        File.CreateSymbolicLink(Path.Combine(snapshot, "model.onnx_data"), "../../secret");
        Assert.Contains("outside the model's folder", Cli.Fails(2, "inspect", Path.Combine(snapshot, "model.onnx")));
    }

    private string Capture(string model, out float[] logits, string more = "kind: classes")
    {
        var run = Cli.Done("cache", folder.Write("r.yaml", Recipe(model, more)), "--runs", folder.Path, "--json");
        using var cache = LogitCache.Open(JsonDocument.Parse(run.Output).RootElement.GetProperty("cache").GetString()!);
        logits = new float[Samples * cache.Streams[0].Values];
        cache.Read(cache.Streams[0], [.. Enumerable.Range(0, Samples).Select(i => (long)i)], view: 0, logits);
        return run.Error;
    }

    private string Refusal(string model, string more) => Cli.Fails(2, "cache", folder.Write("r.yaml", Recipe(model, more)), "--runs", folder.Path);

    private string Recipe(string model, string more = "kind: classes") => $$"""
        data: { transfer: { samples: {{project["test.npy"]}} } }
        teachers: [ { model: {{folder[model]}}, {{more}} } ]
        capture: { threads: 1, batch-size: 50 }
        student: { architecture: mlp, widths: [8], preprocessing: none }
        objective: [ {{(more.Contains("classes") || more.Contains("output") ? "soft" : "binary")}}: { weight: 1 } ]
        training: { threads: 1, epochs: 1, batch-size: 32, optimizer: { learning-rate: 0.05 } }
        """;

    /// <summary>What x·W is where all weights are 0.5: half the sum of a sample.</summary>
    private IEnumerable<double> Sums()
    {
        using var set = Core.TransferSets.TransferSet.Open(new() { Samples = project["test.npy"] });
        var values = new float[set.Count * set.SampleElements];
        set.Read([.. Enumerable.Range(0, (int)set.Count).Select(i => (long)i)], values);
        return [.. values.Chunk(set.SampleElements).Select(sample => sample.Sum(value => (double)value) / 2)];
    }

    private static void Reverse(GraphProto graph)
    {
        NodeProto[] nodes = [.. graph.Node.Reverse()];
        graph.Node.Clear();
        graph.Node.AddRange(nodes);
    }

    /// <summary>if sum(x) &gt; −1: logits = |x·W| else logits = 0·x·W, the condition being known at run time alone.</summary>
    private static void PutProductIntoAnIf(ModelProto model)
    {
        var graph = model.Graph;
        var product = graph.Node[1];
        graph.Node.RemoveAt(2);
        graph.Node.RemoveAt(1);
        graph.Initializer.Add(TensorData.Create("limit", [-1f], 1));
        graph.Node.Add(new NodeProto { OpType = "ReduceSum", Input = { "flat" }, Output = { "sum" }, Attribute = { new AttributeProto { Name = "keepdims", Type = AttributeType.Int, I = 0 } } });
        graph.Node.Add(new NodeProto { OpType = "Greater", Input = { "sum", "limit" }, Output = { "condition" } });
        graph.Node.Add(new NodeProto
        {
            OpType = "If", Input = { "condition" }, Output = { "logits" },
            Attribute = { Branch("then_branch", [product, Node("Abs", "product", "then")], "then"), Branch("else_branch", [Other(), Node("Identity", "other", "else")], "else") },
        });

        static AttributeProto Branch(string name, NodeProto[] nodes, string output) => new()
        {
            Name = name, Type = AttributeType.Graph,
            G = new GraphProto { Name = name, Node = { nodes }, Output = { ValueInfo.Create(output, ElementType.Float32, "N", Blobs.Classes) } },
        };

        static NodeProto Node(string operation, string from, string to) => new() { OpType = operation, Input = { from }, Output = { to } };

        static NodeProto Other() => new() { OpType = "MatMul", Input = { "flat", "W" }, Output = { "other" } };
    }

    /// <summary>[N, classes] becomes [N, classes, 1, 1].</summary>
    private static void Widen(ModelProto model)
    {
        // Class k is bright in row k.
        model.Graph.Initializer[0] = TensorData.Create("W", [.. Enumerable.Range(0, 16 * Blobs.Classes).Select(i => i / (4 * Blobs.Classes) == i % Blobs.Classes ? 1f : -0.3f)], 16, Blobs.Classes);
        model.Graph.Initializer.Add(TensorData.Create("axes", [2L, 3L], 2));
        model.Graph.Node[^1].OpType = "Unsqueeze";
        model.Graph.Node[^1].Input.Add("axes");
        model.Graph.Output[0] = ValueInfo.Create("logits", ElementType.Float32, "N", Blobs.Classes, 1, 1);
    }
}
