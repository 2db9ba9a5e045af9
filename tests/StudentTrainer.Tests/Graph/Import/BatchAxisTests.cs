using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Tests.Support;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Tests.Graph.Import;

/// <summary>Files that were exported for a fixed number of samples.</summary>
public class BatchAxisTests
{
    private const int Classes = 3;

    public static TheoryData<string> Names => [.. Models.Keys];

    private static Dictionary<string, (Func<OnnxModel> Build, long[] Sample, int Batch)> Models { get; } = new()
    {
        ["vision transformer"] = (VisionTransformer, [2, 8, 8], 1),
        ["convolutions"] = (Convolutions, [2, 4, 4], 1),
        ["convolutions of four samples"] = (() => Convolutions(4), [2, 4, 4], 4),
        ["recurrent layer with its first state"] = (Recurrent, [5, 2], 1),
    };

    /// <summary>Trains on eight samples at once; the file keeps its graph, and gives in ONNX Runtime what the trainer gives.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Training_OfFixedBatch_TakesAnyAndShipsTheFile(string name)
    {
        var (build, sample, batch) = Models[name];
        var model = build();
        using var scope = NewDisposeScope();
        var length = (int)sample.Aggregate(1L, (product, size) => product * size);
        var samples = tensor(Numbers.Uniform(1, 16 * length), [16, .. sample]);
        using var student = new Distillation(
            model, StudentImport.Default, samples, tensor(Numbers.Uniform(2, 16 * Classes, -3, 3), [16, Classes]), learningRate: 0.03);
        Assert.Empty(student.WithoutGradient(8));
        var before = student.Measure();
        student.Train(20, 8);
        Assert.InRange(student.Measure(), 0, 0.9 * before);

        var shipped = student.Export();
        Assert.Equal(model.Proto.Graph.Node, shipped.Proto.Graph.Node);
        Assert.Equal(model.Proto.Graph.Input, shipped.Proto.Graph.Input);
        Assert.Equal(
            model.Proto.Graph.Initializer.Select(tensor => (tensor.Name, tensor.DataType)),
            shipped.Proto.Graph.Initializer.Select(tensor => (tensor.Name, tensor.DataType)));
        var some = samples.narrow(0, 0, batch);
        var (expected, _) = Oracle.OnnxRuntime(shipped, some.data<float>().ToArray(), [batch, .. sample]);
        Near.Equal(expected, student.Output(some), 1e-5, name);
    }

    [Fact]
    public void FreeBatch_OfProductThatMixesSamples_NamesTheNode()
    {
        var model = new NodeModel(17, 1, 4).Floats("w", Numbers.Uniform(1, 12), 4, Classes)
            .Floats("a", [1, 2], 2, 1).Floats("c", [1, 2], 1, 2)
            .Node("MatMul", "a x", "mixed").Node("MatMul", "c mixed", "one").Node("MatMul", "one w", "y").Build();
        Refused(model, "mixed_node", "batch size");
    }

    [Fact]
    public void FreeBatch_OfMeanOverSamples_NamesTheNode()
    {
        var model = new NodeModel(17, 2, 4).Floats("w", Numbers.Uniform(1, 12), 4, Classes).Node("MatMul", "x w", "rows")
            .Node("ReduceMean", "rows", "mean", ("axes", (int[])[0])).Node("Sub", "rows mean", "y").Build();
        Refused(model, "y_node", "does not follow the number of samples");
    }

    [Fact]
    public void FreeBatch_OfConstantsForFourSamples_NamesTheNode()
    {
        var model = new NodeModel(17, 4, 1, 4).Floats("w", Numbers.Uniform(1, 12), 4, Classes).Floats("token", new float[16], 4, 1, 4)
            .Node("Concat", "token x", "both", ("axis", 1)).Node("ReduceMean", "both", "mean", ("axes", (int[])[1]), ("keepdims", 0))
            .Node("MatMul", "mean w", "y").Build();
        Refused(model, "both_node", "dynamic_axes", sample: [1, 4]);
    }

    private static void Refused(OnnxModel model, string node, string message, params int[] sample)
    {
        var graph = StudentGraph.Import(model);
        var error = Assert.Throws<UnsupportedModelException>(() => graph.FreeBatch(sample.Length > 0 ? sample : [4]));
        Assert.Contains(node, error.Message);
        Assert.Contains(message, error.Message);
    }

    private static OnnxModel Convolutions() => Convolutions(1);

    private static OnnxModel Convolutions(int batch) => new NodeModel(17, batch, 2, 4, 4)
        .Floats("k", Numbers.Uniform(1, 5 * 2 * 9), 5, 2, 3, 3).Floats("b", new float[5], 5).Integers("flat", batch, -1)
        .Floats("w", Numbers.Uniform(2, 20 * Classes), 20, Classes)
        .Node("Conv", "x k b", "c").Node("Relu", "c", "r").Node("Reshape", "r flat", "f").Node("MatMul", "f w", "y").Build();

    /// <summary>One layer of two heads, as PyTorch traces it for one image: every size is a constant.</summary>
    private static OnnxModel VisionTransformer() => new NodeModel(17, 1, 2, 8, 8)
        .Floats("patch", Numbers.Uniform(1, 8 * 2 * 16, -0.3, 0.3), 8, 2, 4, 4).Floats("bias", new float[8], 8).Integers("rows", 1, 8, 4)
        .Floats("token", Numbers.Uniform(2, 8), 1, 1, 8).Floats("position", Numbers.Uniform(3, 5 * 8), 1, 5, 8)
        .Floats("scale", Numbers.Uniform(4, 8, 0.5, 1), 8).Floats("shift", new float[8], 8)
        .Floats("q", Numbers.Uniform(5, 64), 8, 8).Floats("k", Numbers.Uniform(6, 64), 8, 8).Floats("v", Numbers.Uniform(7, 64), 8, 8)
        .Integers("heads", 1, 5, 2, 4).Integers("whole", 1, 5, 8).Floats("out", Numbers.Uniform(8, 8 * Classes), 8, Classes)
        .Integers("first", 0).Integers("second", 1).Integers("axis", 1).Integers("class", 1, 8)
        .Node("Conv", "x patch bias", "c", ("strides", (int[])[4, 4])).Node("Reshape", "c rows", "cr")
        .Node("Transpose", "cr", "t", ("perm", (int[])[0, 2, 1]))
        .Node("Concat", "token t", "tt", ("axis", 1)).Node("Add", "tt position", "e").Node("LayerNormalization", "e scale shift", "n")
        .Node("MatMul", "n q", "nq").Node("Reshape", "nq heads", "rq").Node("Transpose", "rq", "tq", ("perm", (int[])[0, 2, 1, 3]))
        .Node("MatMul", "n k", "nk").Node("Reshape", "nk heads", "rk").Node("Transpose", "rk", "tk", ("perm", (int[])[0, 2, 3, 1]))
        .Node("MatMul", "n v", "nv").Node("Reshape", "nv heads", "rv").Node("Transpose", "rv", "tv", ("perm", (int[])[0, 2, 1, 3]))
        .Node("MatMul", "tq tk", "scores").Node("Softmax", "scores", "attention").Node("MatMul", "attention tv", "mixed")
        .Node("Transpose", "mixed", "tm", ("perm", (int[])[0, 2, 1, 3])).Node("Reshape", "tm whole", "joined")
        .Node("Add", "e joined", "sum")
        .Node("Slice", "sum first second axis", "head").Node("Reshape", "head class", "h").Node("MatMul", "h out", "y").Build();

    /// <summary>PyTorch writes the zeros that a recurrent layer starts from into the file.</summary>
    private static OnnxModel Recurrent() => new NodeModel(17, 1, 5, 2).Floats("w", Numbers.Uniform(1, 16 * 2), 1, 16, 2)
        .Floats("r", Numbers.Uniform(2, 16 * 4), 1, 16, 4).Floats("b", new float[32], 1, 32).Floats("h", new float[4], 1, 1, 4)
        .Floats("c", new float[4], 1, 1, 4).Integers("axis", 0).Floats("out", Numbers.Uniform(3, 4 * Classes), 4, Classes)
        .Node("Transpose", "x", "t", ("perm", (int[])[1, 0, 2])).Node("LSTM", "t w r b  h c", "all last", ("hidden_size", 4))
        .Node("Squeeze", "last axis", "s").Node("MatMul", "s out", "y").Build();
}
