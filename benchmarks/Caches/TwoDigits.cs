using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Randomness;
using OnnxKd.Core.Safetensors;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;
using AttributeType = Onnx.AttributeProto.Types.AttributeType;

namespace OnnxKd.Benchmarks.Caches;

/// <summary>
/// Numbers from 00 to 99: two images of MNIST side by side, and a teacher of 100 classes made of the shipped one. It runs that on both
/// halves and adds their logits, so that its softmax is the product of both: a real teacher of many classes, at hand without training.
/// </summary>
internal static class TwoDigits
{
    private const int Side = 28;
    private const int Digits = 10;
    private const ulong Seed = 1;

    /// <summary>Writes a set: <c>samples</c> uint8 [count, 28, 56] and <c>labels</c>; left halves are the images in their order.</summary>
    /// <param name="images">MNIST's images.</param>
    /// <param name="labels">Their digits.</param>
    /// <param name="path">The safetensors file.</param>
    public static void WriteSet(string images, string labels, string path)
    {
        using var set = TransferSet.Open(new() { Samples = images, Labels = labels });
        var count = (int)set.Count;
        var left = Order(count);
        var right = Order(count);
        new CounterRandom(Seed, RandomPurpose.Augmentation).Shuffle(right);
        var pixels = new float[count * Side * Side];
        set.Read(left, pixels);

        var samples = new byte[2 * pixels.Length];
        var numbers = new long[count];
        for (var row = 0; row < 2 * Side * count; row++)
        {
            var (line, half) = (row / 2, row % 2);
            var (sample, y) = (line / Side, line % Side);
            var source = (half == 0 ? sample : (int)right[sample]) * Side * Side + y * Side;
            for (var x = 0; x < Side; x++)
                samples[row * Side + x] = (byte)pixels[source + x];
        }

        for (var i = 0; i < count; i++)
            numbers[i] = Digits * set.Labels[i] + set.Labels[(int)right[i]];
        SafetensorsWriter.Write(path,
        [
            SafetensorsTensor.FromBytes("samples", ElementType.UInt8, samples, count, Side, 2 * Side),
            SafetensorsTensor.From("labels", numbers, count),
        ]);
    }

    /// <summary>The teacher of numbers, from one of digits: [N, 28, 28] → [N, 10] becomes [N, 28, 56] → [N, 100].</summary>
    public static OnnxModel Teacher(OnnxModel digits)
    {
        var proto = digits.Proto.Clone();
        var graph = proto.Graph;
        var (input, output) = (graph.Input[0].Name, graph.Output[0].Name);
        foreach (var (name, shape) in new (string, long[])[]
        {
            ("halves", [-1, Side, 2, Side]), ("images", [-1, Side, Side]), ("pairs", [-1, 2, Digits]),
            ("column", [-1, Digits, 1]), ("row", [-1, 1, Digits]), ("numbers", [-1, Digits * Digits]),
        })
            graph.Initializer.Add(TensorData.Create($"shape.{name}", shape, shape.Length));

        NodeProto[] before =
        [
            Node("Reshape", ["two", "shape.halves"], "halves"),
            Node("Transpose", ["halves"], "by-half", new AttributeProto { Name = "perm", Type = AttributeType.Ints, Ints = { 0, 2, 1, 3 } }),
            Node("Reshape", ["by-half", "shape.images"], input),
        ];
        NodeProto[] after =
        [
            Node("Reshape", [output, "shape.pairs"], "pairs"),
            Node("Split", ["pairs"], "left", new AttributeProto { Name = "axis", Type = AttributeType.Int, I = 1 }),
            Node("Reshape", ["left", "shape.column"], "tens"),
            Node("Reshape", ["right", "shape.row"], "ones"),
            Node("Add", ["tens", "ones"], "table"),
            Node("Reshape", ["table", "shape.numbers"], "number"),
        ];
        after[1].Output.Add("right");
        NodeProto[] inner = [.. graph.Node];
        graph.Node.Clear();
        graph.Node.Add([.. before, .. inner, .. after]);
        graph.Input[0] = ValueInfo.Create("two", ElementType.Float32, "N", Side, 2 * Side);
        graph.Output[0] = ValueInfo.Create("number", ElementType.Float32, "N", Digits * Digits);
        return OnnxModel.FromProto(proto);
    }

    private static long[] Order(int count) => [.. Enumerable.Range(0, count).Select(i => (long)i)];

    private static NodeProto Node(string op, string[] inputs, string output, params AttributeProto[] attributes) =>
        new() { OpType = op, Name = output, Input = { inputs }, Output = { output }, Attribute = { attributes } };
}
