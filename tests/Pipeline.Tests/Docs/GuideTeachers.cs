using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Pipeline.Tests.Docs;

/// <summary>Small teachers of the forms that the guides tell of.</summary>
internal static class GuideTeachers
{
    /// <summary>A classifier that tells pictures by their mean colour.</summary>
    public static void MeanColour(string path, int side) => Save(
        path, [ValueInfo.Create("image", ElementType.Float32, "N", 3, side, side)], [ValueInfo.Create("logits", ElementType.Float32, "N", 3)], [],
        Node("GlobalAveragePool", ["image"], "mean"),
        Node("Flatten", ["mean"], "logits"));

    /// <summary>Vectors of length 1 of four columns.</summary>
    public static void Embedding(string path, int side) => Save(
        path, [ValueInfo.Create("image", ElementType.Float32, "N", 3, side, side)], [ValueInfo.Create("embedding", ElementType.Float32, "N", 4)],
        [TensorData.Create("W", Drawn(3 * 4), 3, 4)],
        Node("GlobalAveragePool", ["image"], "mean"),
        Node("Flatten", ["mean"], "flat"),
        Node("MatMul", ["flat", "W"], "vector"),
        Node("LpNormalization", ["vector"], "embedding"));

    /// <summary>A classifier of ids of tokens into two classes: a value for each token, averaged.</summary>
    public static void Tokens(string path, int vocabulary, int length) => Save(
        path, [ValueInfo.Create("input_ids", ElementType.Int64, "N", length)], [ValueInfo.Create("logits", ElementType.Float32, "N", 2)],
        [TensorData.Create("embeddings", Drawn(vocabulary * 2), vocabulary, 2)],
        Node("Gather", ["embeddings", "input_ids"], "tokens"),
        Node("ReduceMean", ["tokens"], "logits", new AttributeProto { Name = "axes", Type = AttributeProto.Types.AttributeType.Ints, Ints = { 1 } }, KeepNoAxes));

    /// <summary>Class scores for each frame of some columns of a picture of three colours and 48 lines, [N, frames, classes].</summary>
    public static void Frames(string path, int classes, int columns) => Save(
        path, [ValueInfo.Create("x", ElementType.Float32, "N", 3, 48, "W")], [ValueInfo.Create("scores", ElementType.Float32, "N", "frames", classes)],
        [TensorData.Create("W", Drawn(classes * 3 * 48 * columns), classes, 3, 48, columns), TensorData.Create("axis", new long[] { 2 }, 1)],
        Node("Conv", ["x", "W"], "frames", new AttributeProto { Name = "strides", Type = AttributeProto.Types.AttributeType.Ints, Ints = { 48, columns } }),
        Node("Squeeze", ["frames", "axis"], "channels"),
        Node("Transpose", ["channels"], "scores", new AttributeProto { Name = "perm", Type = AttributeProto.Types.AttributeType.Ints, Ints = { 0, 2, 1 } }));

    /// <summary>Probabilities of two classes from two columns by their names.</summary>
    public static void Columns(string path) => Save(
        path, [ValueInfo.Create("age", ElementType.Float32, "N", 1), ValueInfo.Create("fare", ElementType.Float32, "N", 1)],
        [ValueInfo.Create("probabilities", ElementType.Float32, "N", 2)], [TensorData.Create("W", [0.1f, -0.1f, -0.5f, 0.5f], 2, 2)],
        Node("Concat", ["age", "fare"], "row", new AttributeProto { Name = "axis", Type = AttributeProto.Types.AttributeType.Int, I = 1 }),
        Node("MatMul", ["row", "W"], "scores"),
        Node("Softmax", ["scores"], "probabilities"));

    private static AttributeProto KeepNoAxes => new() { Name = "keepdims", Type = AttributeProto.Types.AttributeType.Int, I = 0 };

    private static NodeProto Node(string type, string[] inputs, string output, params AttributeProto[] attributes) =>
        new() { OpType = type, Input = { inputs }, Output = { output }, Attribute = { attributes } };

    private static float[] Drawn(int count)
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
    }

    private static void Save(string path, ValueInfoProto[] inputs, ValueInfoProto[] outputs, TensorProto[] weights, params NodeProto[] nodes) => OnnxModel.FromProto(new()
    {
        IrVersion = 8, OpsetImport = { new OperatorSetIdProto { Version = 17 } },
        Graph = new() { Name = "teacher", Input = { inputs }, Output = { outputs }, Initializer = { weights }, Node = { nodes } },
    }).Save(path);
}
