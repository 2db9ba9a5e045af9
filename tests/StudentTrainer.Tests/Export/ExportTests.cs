using System.Runtime.InteropServices;
using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Export;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Tests.Support;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Export;

public class ExportTests
{
    private static readonly float[] Four = [1, 2, 3, 4];

    [Fact]
    public void WriteBack_OfTrainedWeights_ChangesThemAndNothingElse()
    {
        var model = new NodeModel(17, "N", 2).Floats("w", Four, 2, 2).Floats("b", [5, 6], 2).Integers("unused", 1)
            .Node("Gemm", "x w b", "y").Build();
        model.Proto.Graph.Input.Add(ValueInfo.Create("w", ElementType.Float32, 2, 2)); // as older exporters list weights
        model.SetMetadata("author", "someone");
        var trained = WriteBack(model, tensor => tensor.add_(1));

        var expected = model.Proto.Clone();
        expected.Graph.Initializer[0].SetFloats([2, 3, 4, 5]);
        expected.Graph.Initializer[1].SetFloats([6, 7]);
        Assert.Equal(expected, trained.Proto);
        Assert.Equal(Four, model.Proto.Graph.Initializer[0].ToFloats());
    }

    [Fact]
    public void WriteBack_OfTypedField_ReplacesIt()
    {
        var model = new NodeModel(17, "N", 2).Floats("w", Four, 2, 2).Node("MatMul", "x w", "y").Build();
        model.Proto.Graph.Initializer[0].RawData = Google.Protobuf.ByteString.Empty;
        model.Proto.Graph.Initializer[0].FloatData.AddRange(Four);
        var tensor = WriteBack(model, weights => weights.mul_(2)).Proto.Graph.Initializer[0];
        Assert.Empty(tensor.FloatData);
        Assert.Equal([2f, 4, 6, 8], tensor.ToFloats());
    }

    [Fact]
    public void WriteBack_OfConstantNode_WritesItsAttribute()
    {
        var model = new NodeModel(17, "N", 2).Constant("w", TensorData.Create("", Four, 2, 2)).Node("MatMul", "x w", "y").Build();
        Assert.Equal([2f, 3, 4, 5], WriteBack(model, tensor => tensor.add_(1)).Proto.Graph.Node[0].Attribute[0].T.ToFloats());
    }

    [Fact]
    public void WriteBack_OfHalves_RoundsToThem()
    {
        var halves = new[] { (Half)1, (Half)2, (Half)3, (Half)4 };
        var tensorOfHalves = TensorData.Create("", ElementType.Float16, MemoryMarshal.AsBytes<Half>(halves), 2, 2);
        var model = new NodeModel(17, "N", 2).Constant("w", tensorOfHalves)
            .Node("MatMul", "x w", "y").Build();
        var tensor = WriteBack(model, weights => weights.add_(0.0001)).Proto.Graph.Node[0].Attribute[0].T;
        Assert.Equal(ElementType.Float16, tensor.ElementTypeOf());
        Assert.Equal([1f, 2, 3, 4], tensor.ToFloats());
    }

    [Fact]
    public void Provenance_WrittenTwice_ReplacesOwnEntriesInOrder()
    {
        var model = new NodeModel(17, "N", 2).Node("Relu", "x", "y").Build();
        model.SetMetadata("author", "someone");
        Provenance.Write(model, new Dictionary<string, string> { ["onnxkd.seed"] = "1", ["onnxkd.old"] = "x" });
        Provenance.Write(model, new Dictionary<string, string> { ["onnxkd.seed"] = "2", ["onnxkd.cache"] = "abc" });
        Assert.Equal(
            [("author", "someone"), ("onnxkd.cache", "abc"), ("onnxkd.seed", "2")],
            model.Proto.MetadataProps.Select((StringStringEntryProto entry) => (entry.Key, entry.Value)));
    }

    [Fact]
    public void Provenance_OfForeignKey_IsRefused() =>
        Assert.Throws<ArgumentException>(() => Provenance.Write(
            new NodeModel(17, "N", 2).Node("Relu", "x", "y").Build(), new Dictionary<string, string> { ["seed"] = "1" }));

    private static OnnxModel WriteBack(OnnxModel model, Action<torch.Tensor> train)
    {
        using var scope = torch.NewDisposeScope();
        using var gradient = torch.no_grad();
        var graph = StudentGraph.Import(model);
        using var weights = WeightSet.Load(graph.Compile(graph.Heads[0].Output).Plan, torch.CPU, trainable: true);
        foreach (var (_, tensor) in weights.Trained)
            train(tensor);
        return StudentExport.WriteBack(graph, weights);
    }
}
