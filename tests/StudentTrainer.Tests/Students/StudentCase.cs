using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Students;
using OnnxKd.StudentTrainer.Tests.Support;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Students;

/// <summary>A small student of an architecture, and what it must give.</summary>
/// <param name="Architecture">Its name.</param>
/// <param name="SampleShape">The shape of one sample.</param>
/// <param name="Classes">The number of classes.</param>
/// <param name="OutputShape">The shape of one sample's logits.</param>
/// <param name="Values">Options.</param>
internal sealed record StudentCase(
    string Architecture, int[] SampleShape, int Classes, long[] OutputShape, params (string Name, object? Value)[] Values)
{
    /// <summary>Every architecture, and every option that changes the graph.</summary>
    public static IReadOnlyDictionary<string, StudentCase> All { get; } = new Dictionary<string, StudentCase>
    {
        ["mlp"] = new("mlp", [5, 4], 3, [3], ("widths", new[] { 8, 6 }), ("dropout", new[] { 0.1, 0.2, 0.3 })),
        ["cnn"] = new("cnn", [2, 9, 7], 3, [3], ("widths", new[] { 4, 5, 6 }), ("hidden", 8), ("dropout", new[] { 0.1, 0.2 })),
        ["cnn, mean"] = new("cnn", [2, 9, 7], 3, [3], ("widths", new[] { 4, 5, 6 }), ("pooling", "mean"), ("hidden", 8)),
        ["cnn, signal"] = new("cnn", [3, 20], 3, [3], ("widths", new[] { 4, 5, 6 }), ("hidden", 8)),
        ["cnn, channels last"] = new("cnn", [9, 7, 3], 3, [3], ("widths", new[] { 4, 5, 6 }), ("hidden", 8)),
        ["cnn1d"] = new("cnn1d", [2, 40], 3, [3], ("widths", new[] { 4, 5 }), ("dropout", 0.1)),
        ["cnn1d, one channel"] = new("cnn1d", [1200], 3, [3], ("widths", new[] { 4, 5, 6 })),
        ["cnn1d, channels last"] = new("cnn1d", [40, 2], 3, [3], ("widths", new[] { 4, 5 }), ("stride", 2), ("kernel", 8), ("pool", 2)),
        ["cnn1d, frames"] = new("cnn1d", [2, 40], 3, [40, 3], ("widths", new[] { 4, 5, 6 }), ("frames", 40), ("dropout", 0.1)),
        ["cnn1d, fewer frames"] = new("cnn1d", [43, 2], 3, [11, 3], ("widths", new[] { 4, 5, 6 }), ("frames", 11)),
        ["cnn1d, frames of the middle"] = new("cnn1d", [40], 3, [37, 3], ("widths", new[] { 4, 5 }), ("frames", 37)),
        ["cnn1d, many frames"] = new("cnn1d", [2, 1100], 3, [1099, 3], ("widths", new[] { 4, 5, 6 }), ("frames", 1099)),
        ["cnn1d, nearest frames"] = new("cnn1d", [2, 40], 3, [26, 3], ("widths", new[] { 4, 5 }), ("frames", 26)),
        ["lenet"] = new("lenet", [28, 28], 10, [10], ("dropout", 0.5)),
        ["lenet, oblong"] = new("lenet", [3, 32, 37], 4, [4]),
        ["resnet8"] = new("resnet8", [3, 32, 32], 10, [10]),
        ["resnet14, odd"] = new("resnet14", [1, 17, 13], 5, [5]),
        ["resnet, own widths"] = new("resnet", [12, 12], 7, [7], ("depth", 8), ("widths", new[] { 4, 6, 6, 9 })),
        ["wrn-10-1"] = new("wrn-10-1", [3, 16, 16], 10, [10]),
        ["wrn"] = new("wrn", [9, 11], 3, [3], ("depth", 16), ("widening", 2), ("dropout", 0.3)),
        ["mobilenetv2"] = new("mobilenetv2", [3, 32, 32], 10, [10], ("width", 0.25), ("dropout", 0.2)),
        ["mobilenetv2, halved"] = new("mobilenetv2", [40, 33], 3, [3], ("width", 0.1), ("halvings", 5)),
        ["mobilenetv3-small"] = new("mobilenetv3-small", [3, 32, 32], 10, [10], ("width", 0.5)),
        ["mobilenetv3-large"] = new("mobilenetv3-large", [3, 24, 24], 10, [10], ("width", 0.25), ("dropout", 0.1)),
        ["unet"] = new("unet", [3, 13, 10], 4, [4, 13, 10], ("widths", new[] { 4, 6, 8 })),
        ["unet, coarse"] = new("unet", [12, 9], 3, [3, 6, 5], ("widths", new[] { 4, 6, 8 }), ("stride", 2)),
        ["unet, channels last"] = new("unet", [13, 10, 3], 4, [4, 13, 10], ("widths", new[] { 4, 6, 8 })),
        ["fpn"] = new("fpn", [3, 11, 16], 4, [4, 11, 16], ("widths", new[] { 4, 6, 8 }), ("channels", 5)),
        ["fpn, several maps"] = new("fpn", [2, 16, 16], 3, [20, 3], ("widths", new[] { 4, 6, 8, 8 }), ("channels", 5), ("strides", new[] { 4, 8 })),
        ["fpn, coarse"] = new("fpn", [2, 16, 16], 3, [3, 4, 4], ("widths", new[] { 4, 6, 8 }), ("channels", 5), ("stride", 4)),
        ["vit"] = new("vit", [3, 16, 12], 10, [10], ("width", 24), ("depth", 2), ("heads", 3), ("dropout", 0.1)),
        ["vit, mean"] = new("vit", [8, 8], 4, [4], ("width", 16), ("depth", 1), ("heads", 2), ("patch", 2), ("pooling", "mean")),
        ["transformer"] = new(
            "transformer", [9], 4, [4], ("vocabulary", 50), ("width", 16), ("depth", 2), ("heads", 2), ("padding", 0), ("dropout", 0.1)),
        ["transformer, first"] = new(
            "transformer", [7], 4, [4], ("vocabulary", 50), ("width", 12), ("depth", 1), ("mlp-ratio", 1.5), ("pooling", "first"),
            ("context", 20)),
        ["transformer, mean"] = new("transformer", [7], 4, [4], ("vocabulary", 50), ("width", 8), ("depth", 1), ("heads", 1)),
        ["gpt"] = new("gpt", [8], 50, [8, 50], ("width", 24), ("depth", 2), ("heads", 3), ("dropout", 0.1), ("context", 12)),
        ["ctc-conv"] = new("ctc-conv", [3, 16, 24], 11, [6, 11], ("widths", new[] { 4, 8, 8 }), ("hidden", 12), ("dropout", 0.1)),
        ["ctc-conv, frames"] = new("ctc-conv", [20, 13], 11, [20, 11], ("input", "frames"), ("hidden", 12), ("kernel", 3), ("depth", 2)),
        ["ctc-conv, halved"] = new(
            "ctc-conv", [3, 16, 24], 11, [3, 11], ("widths", new[] { 4, 8, 8 }), ("halvings", 3), ("hidden", 12)),
        ["crnn"] = new("crnn", [16, 30], 11, [7, 11], ("widths", new[] { 4, 8, 8 }), ("hidden", 6), ("dropout", 0.1)),
        ["crnn, channels last"] = new("crnn", [16, 30, 3], 11, [7, 11], ("widths", new[] { 4, 8, 8 }), ("hidden", 6)),
        ["crnn, low"] = new("crnn", [1, 3, 8], 5, [2, 5], ("widths", new[] { 4, 4, 4 }), ("hidden", 6), ("depth", 1)),
        ["crnn, every column"] = new("crnn", [6, 9], 5, [9, 5], ("widths", new[] { 4, 4 }), ("halvings", 0), ("hidden", 6)),
        ["bilstm"] = new("bilstm", [10, 7], 5, [5], ("hidden", 6), ("depth", 2), ("dropout", 0.1)),
        ["bilstm, tokens"] = new("bilstm", [10], 5, [5], ("hidden", 6), ("vocabulary", 50), ("embedding", 8)),
        ["bilstm, frames"] = new("bilstm", [10, 7], 5, [10, 5], ("hidden", 6), ("output", "frames")),
        ["bigru"] = new("bigru", [10, 7], 5, [5], ("hidden", 6), ("depth", 2)),
        ["bigru, tokens, frames"] = new(
            "bigru", [10], 5, [10, 5], ("hidden", 6), ("vocabulary", 50), ("embedding", 8), ("output", "frames")),
    };

    /// <summary>The student.</summary>
    public OnnxModel Build(ulong seed = 1) => Architectures.Build(
        new() { Architecture = Architecture, Values = Values.ToDictionary(entry => entry.Name, entry => entry.Value) },
        SampleShape, Classes, seed);

    /// <summary>A batch: token ids below 50, or numbers in ±1.</summary>
    public Array Batch(OnnxModel student, int size)
    {
        var count = size * SampleShape.Aggregate(1, (product, length) => product * length);
        return TakesTokens(student)
            ? Array.ConvertAll(Numbers.Uniform(size, count, 0, 50), number => (long)number)
            : Numbers.Uniform(size, count);
    }

    /// <summary>A batch's shape.</summary>
    public long[] BatchShape(int size) => [size, .. SampleShape.Select(length => (long)length)];

    /// <summary>What is to be learned: all floats but scalars and running statistics.</summary>
    public static IEnumerable<TensorProto> Learned(OnnxModel student) => student.Proto.Graph.Initializer
        .Where(tensor => TensorTypes.IsFloat(tensor.DataType) && tensor.Dims.Count > 0)
        .Where(tensor => !tensor.Name.EndsWith(".mean") && !tensor.Name.EndsWith(".variance"));

    /// <summary>ONNX Runtime's word on a student.</summary>
    public static (float[] Values, long[] Shape) OnnxRuntime(OnnxModel student, Array batch, params long[] shape)
    {
        using var session = Oracle.Session(student);
        var lengths = Array.ConvertAll(shape, length => (int)length);
        using var results = session.Run(
        [
            batch is long[] ids
                ? NamedOnnxValue.CreateFromTensor("input", new DenseTensor<long>(ids, lengths))
                : NamedOnnxValue.CreateFromTensor("input", new DenseTensor<float>((float[])batch, lengths)),
        ]);
        var logits = results.Single().AsTensor<float>();
        return (logits.ToArray(), Array.ConvertAll(logits.Dimensions.ToArray(), length => (long)length));
    }

    /// <summary>The executor's, in evaluation mode.</summary>
    public static (float[] Values, long[] Shape) Executor(OnnxModel student, Array batch, params long[] shape)
    {
        using var scope = torch.NewDisposeScope();
        using var grad = torch.no_grad();
        var program = Programs.Compile(student);
        using var weights = WeightSet.Load(program.Plan, torch.CPU, trainable: false);
        var logits = program.Run(weights, Tensor(batch, shape), training: false)[0];
        return (logits.data<float>().ToArray(), logits.shape);
    }

    /// <summary>A batch as libtorch takes it.</summary>
    public static torch.Tensor Tensor(Array batch, params long[] shape) =>
        batch is long[] ids ? torch.tensor(ids, shape) : torch.tensor((float[])batch, shape);

    private static bool TakesTokens(OnnxModel student) => student.Proto.Graph.Input[0].DataTypeOf() == ElementType.Int64.ToDataType();
}
