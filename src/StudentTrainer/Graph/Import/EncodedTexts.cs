using Google.Protobuf;
using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;

namespace OnnxKd.StudentTrainer.Graph.Import;

/// <summary>
/// Texts that are looked up by their numbers, as a front feeds them, and encoded right away: both together are a lookup of integers, which needs no texts. So a
/// student whose encoding is in its file trains like any other. A LabelEncoder to floats stays, and is refused: a table of floats would be learned.
/// </summary>
internal static class EncodedTexts
{
    private const string Domain = "ai.onnx.ml";

    /// <summary>Replaces each encoding (LabelEncoder to integers, OneHotEncoder) by a lookup of what it gives.</summary>
    /// <returns>How many there were.</returns>
    public static int Fold(GraphProto graph)
    {
        var index = new GraphIndex(graph);
        var count = 0;
        foreach (var encoder in graph.Node.Where(node => node.Domain == Domain).ToArray())
            if (index.Producer(encoder.Input[0]) is { OpType: "Gather" } lookup && index.Initializers.TryGetValue(lookup.Input[0], out var texts)
                && texts.DataType == (int)TensorProto.Types.DataType.String && Encode(encoder, [.. texts.StringData]) is { } table)
            {
                Replace(graph, encoder, lookup, table);
                count++;
            }

        return count;
    }

    private static void Replace(GraphProto graph, NodeProto encoder, NodeProto lookup, TensorProto table)
    {
        var (output, isFloat) = (encoder.Output[0], encoder.OpType == "OneHotEncoder");
        graph.Initializer.Add(table);
        var at = graph.Node.IndexOf(encoder);
        graph.Node[at] = new NodeProto
        {
            OpType = "Gather", Name = encoder.Name, Input = { table.Name, lookup.Input[1] }, Output = { isFloat ? $"{output}.marks" : output }, Attribute = { lookup.Attribute },
        };
        if (isFloat)
            graph.Node.Insert(at + 1, new NodeProto
            {
                OpType = "Cast", Name = output, Input = { $"{output}.marks" }, Output = { output },
                Attribute = { new AttributeProto { Name = "to", Type = AttributeProto.Types.AttributeType.Int, I = ElementType.Float32.ToDataType() } },
            });
    }

    /// <summary>What each text becomes; <c>null</c>: an encoder of another form, or one that refuses a text.</summary>
    private static TensorProto? Encode(NodeProto encoder, ByteString[] texts)
    {
        var (keys, name) = (Find(encoder.OpType == "OneHotEncoder" ? "cats_strings" : "keys_strings")?.Strings, $"{encoder.Output[0]}.table");
        if (keys is null)
            return null;
        int[] places = [.. texts.Select(keys.IndexOf)];
        return (encoder.OpType, Find("values_int64s")?.Ints) switch
        {
            ("LabelEncoder", { } values) => TensorData.Create(name, [.. places.Select(place => place < 0 ? Find("default_int64")?.I ?? -1 : values[place])], places.Length),
            ("OneHotEncoder", _) when (Find("zeros")?.I ?? 1) == 1 || !places.Contains(-1) => TensorData.Create(
                name, [.. places.SelectMany(place => Enumerable.Range(0, keys.Count).Select(key => key == place ? 1L : 0))], places.Length, keys.Count),
            _ => null,
        };

        AttributeProto? Find(string attribute) => encoder.Attribute.FirstOrDefault(a => a.Name == attribute);
    }
}
