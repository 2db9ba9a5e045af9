using Onnx;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Defaults;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Tests.Defaults;

/// <summary>What samples are taken for, which decides the student of a first try.</summary>
public sealed class SampleKindTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("Image", "resnet8", 24, 24, 3)]
    [InlineData("Image", "resnet8", 3, 24, 24)]
    [InlineData("Image", "cnn", 24, 20, 1)]
    [InlineData("Image", "mobilenetv3-small", 80, 96, 3)]
    [InlineData("Image", "mlp", 6, 5, 2)] // too small to convolve
    [InlineData("Image", "cnn", 28, 28)]
    [InlineData("Sequence", "bigru", 3, 128)]
    [InlineData("Sequence", "bigru", 64, 6)]
    [InlineData("Sequence", "cnn1d", 128, 6)] // step after step would take long
    [InlineData("Table", "mlp", 12)]
    public void Choose_OfAShape_NamesTheUsualStudent(string kind, string architecture, params int[] shape) => Require(kind, architecture, shape, null);

    [Theory]
    [InlineData("Signal", "cnn", "Conv", 3)]
    [InlineData("Signal", "cnn", "Sub", 3)] // scaled before it is convolved
    [InlineData("Sequence", "bigru", "Transpose", 3)]
    public void Choose_OfChannelsInTime_GoesByWhatTheTeacherConvolves(string kind, string architecture, string first, int channels)
    {
        var graph = new GraphProto
        {
            Name = "signals", Input = { ValueInfo.Create("x", ElementType.Float32, "N", channels, 128) }, Output = { ValueInfo.Create("y", ElementType.Float32, "N", 4) },
            Initializer = { TensorData.Create("w", new float[4 * 3 * 5], 4, 3, 5), TensorData.Create("mean", [1f], 1) },
            Node = { new NodeProto { OpType = "Conv", Input = { first == "Conv" ? "x" : "before", "w" }, Output = { "y" } } },
        };
        if (first != "Conv")
            graph.Node.Insert(0, new NodeProto { OpType = first, Input = { first == "Sub" ? ["x", "mean"] : ["x"] }, Output = { "before" } });
        var teacher = new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } };
        Require(kind, architecture, [channels, 128], teacher);
        // Of a long signal no layer can see every place.
        if (kind == "Signal")
            Require(kind, "cnn1d", [channels, 8000], teacher);
    }

    /// <summary>A signal of one channel, however it lies; what a teacher convolves behind an axis that it adds is one too. A long row of features is a table.</summary>
    [Theory]
    [InlineData("Signal", null, 1, 8000)]
    [InlineData("Signal", null, 8000, 1)]
    [InlineData("Signal", null, 4000, 3)]
    [InlineData("Signal", "Unsqueeze", 8000)]
    [InlineData("Signal", "STFT", 8000)]
    [InlineData("Table", "Gemm", 8000)]
    public void Choose_OfALongSignal_ConvolvesAlongTime(string kind, string? first, params int[] shape)
    {
        var graph = new GraphProto
        {
            Name = "signals", Input = { ValueInfo.Create("x", ElementType.Float32, ["N", .. shape.Select(size => (Dim)size)]) }, Output = { ValueInfo.Create("y", ElementType.Float32, "N", 4) },
            Initializer = { TensorData.Create("w", new float[4 * 80], 4, 1, 80), TensorData.Create("one", [1L], 1), TensorData.Create("flat", new float[8000 * 4], 8000, 4) },
        };
        if (first == "Unsqueeze")
            graph.Node.Add([new() { OpType = first, Input = { "x", "one" }, Output = { "c" } }, new() { OpType = "Conv", Input = { "c", "w" }, Output = { "y" } }]);
        else if (first is not null)
            graph.Node.Add(new NodeProto { OpType = first, Input = { "x", first == "Gemm" ? "flat" : "one" }, Output = { "y" } });
        Require(
            kind, kind == "Signal" ? "cnn1d" : "mlp", shape,
            first is null ? null : new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } });
    }

    /// <summary>What a teacher says of each moment is learned by a network along time; of a few things at once, or step after step where that is quick, by the usual ones.</summary>
    [Theory]
    [InlineData("Signal", "cnn1d", 400, 3, 400)]
    [InlineData("Signal", "cnn1d", 98, 3, 400)]
    [InlineData("Signal", "cnn", 3, 3, 400)]
    [InlineData("Sequence", "bigru", 40, 40, 6)]
    [InlineData("Sequence", "cnn1d", 20, 40, 6)]
    [InlineData("Sequence", "cnn1d", 500, 500, 6)]
    public void Choose_OfATeacherOfFrames_GivesAsMany(string kind, string architecture, int positions, params int[] shape)
    {
        var graph = new GraphProto
        {
            Name = "frames", Input = { ValueInfo.Create("x", ElementType.Float32, ["N", .. shape.Select(size => (Dim)size)]) }, Output = { ValueInfo.Create("y", ElementType.Float32, "N", positions, 4) },
            Initializer = { TensorData.Create("w", new float[4 * shape[0] * 5], 4, shape[0], 5) },
            Node = { new NodeProto { OpType = kind == "Signal" ? "Conv" : "Identity", Input = { "x", "w" }, Output = { "y" } } },
        };
        var student = Require(
            kind, architecture, shape, new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } },
            new("logits", "logits", Teacher: 0, StreamKind.Logit, [positions, 4], new Float32()));

        Assert.Equal(architecture == "cnn1d" ? $"{positions}" : null, student.Children.TryGetValue("frames", out var frames) ? $"{frames}" : null);
    }

    /// <summary>Whole numbers that a teacher looks up are ids; with those it computes with, a table holds amounts.</summary>
    [Theory]
    [InlineData("Tokens", "transformer-tiny", "Gather")]
    [InlineData("Table", "mlp", "Cast")]
    public void Choose_OfWholeNumbers_GoesByWhatTheTeacherDoesWithThem(string kind, string architecture, string first)
    {
        var graph = new GraphProto
        {
            Name = "numbers", Input = { ValueInfo.Create("x", ElementType.Int64, "N", 4) }, Output = { ValueInfo.Create("y", ElementType.Float32, "N", 4) },
            Initializer = { TensorData.Create("table", new float[20], 10, 2) },
            Node = { new NodeProto { OpType = first, Input = { first == "Gather" ? ["table", "x"] : ["x"] }, Output = { "y" } } },
        };
        Npy.Write(folder["x.npy"], [7L, 250, 3, 1999, 18, 4999, 12, 2020], 2, 4);
        RequireOf(kind, architecture, new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } });
    }

    [Fact]
    public void Vocabulary_OfIdsThatNoTableHas_NamesTheId()
    {
        var graph = new GraphProto
        {
            Name = "remainders", Input = { ValueInfo.Create("x", ElementType.Int64, "N", 1) }, Output = { ValueInfo.Create("y", ElementType.Float32, "N", 2) },
            Initializer = { TensorData.Create("table", new float[20], 10, 2), TensorData.Create("ten", [10L]) },
            Node = { new NodeProto { OpType = "Mod", Input = { "x", "ten" }, Output = { "hash" } }, new NodeProto { OpType = "Gather", Input = { "table", "hash" }, Output = { "y" } } },
        };
        Npy.Write(folder["x.npy"], [5L, 1L << 40], 2, 1);
        var error = Assert.Throws<Core.Errors.InputException>(() => RequireOf("Tokens", "transformer-tiny", new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } }));
        Assert.Contains("sample 1", error.Message);
        Assert.Contains("1099511627776", error.Message);
        Assert.Contains("number what the ids stand for anew", error.Message);
    }

    private YamlMappingNode Require(string kind, string architecture, int[] shape, ModelProto? teacher, CacheStream? answer = null)
    {
        Npy.Write(folder["x.npy"], new float[2 * shape.Aggregate(1, (product, size) => product * size)], [2, .. shape]);
        return RequireOf(kind, architecture, teacher, answer);
    }

    private YamlMappingNode RequireOf(string kind, string architecture, ModelProto? teacher, CacheStream? answer = null)
    {
        using var set = TransferSet.Open(new() { Samples = folder["x.npy"] });
        var model = teacher is null ? null : OnnxModel.FromProto(teacher);

        var found = SampleKinds.Of(set, hasLengths: false, isSound: false, model is null ? null : ReadingModel.Of(model, InputFeeds.None));
        var student = StudentDefaults.Choose(found, [set], model, isPooled: false, () => answer);

        Assert.Equal(kind, $"{found}");
        Assert.Equal(architecture, $"{student["architecture"]}");
        return student;
    }
}
