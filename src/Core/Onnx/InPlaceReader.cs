using Google.Protobuf;
using Onnx;

namespace OnnxKd.Core.Onnx;

/// <summary>
/// Parses a model without a second copy of its weights: the <c>raw_data</c> of the graph's initializers is a view of the file's bytes, which
/// nobody may change any more. All else is copied out of them.
/// </summary>
internal static class InPlaceReader
{
    /// <summary>The bytes of a model, and the ends of a message in them.</summary>
    private readonly record struct Message(byte[] Bytes, int Start, int End);

    /// <summary>Parses a model.</summary>
    /// <exception cref="InvalidProtocolBufferException">The bytes are none, or damaged.</exception>
    public static ModelProto Read(byte[] bytes)
    {
        var model = new ModelProto();
        Merge(model, new(bytes, 0, bytes.Length), ModelProto.GraphFieldNumber, graph => MergeGraph(model.Graph ??= new(), graph));
        return model;
    }

    private static void MergeGraph(GraphProto graph, Message message) =>
        Merge(graph, message, GraphProto.InitializerFieldNumber, initializer => graph.Initializer.Add(ReadTensor(initializer)));

    private static TensorProto ReadTensor(Message message)
    {
        var tensor = new TensorProto();
        Merge(tensor, message, TensorProto.RawDataFieldNumber, data =>
            tensor.RawData = UnsafeByteOperations.UnsafeWrap(data.Bytes.AsMemory(data.Start, data.End - data.Start)));
        return tensor;
    }

    /// <summary>Merges a message's fields in, but for one that is read in another way.</summary>
    private static void Merge(IMessage into, Message message, int field, Action<Message> readField)
    {
        var (bytes, plain) = (message.Bytes, message.Start); // where the fields begin that are merged next
        using var input = new CodedInputStream(bytes, message.Start, message.End - message.Start);
        var special = WireFormat.MakeTag(field, WireFormat.WireType.LengthDelimited);
        while (!input.IsAtEnd)
        {
            var start = (int)input.Position;
            var tag = input.ReadTag();
            input.SkipLastField();
            if (tag != special)
                continue;
            into.MergeFrom(bytes.AsSpan(plain, start - plain));
            plain = (int)input.Position;
            readField(new(bytes, ContentStart(bytes, start, plain), plain));
        }

        into.MergeFrom(bytes.AsSpan(plain, message.End - plain));
    }

    /// <summary>Where a field's content begins, behind its tag and its length.</summary>
    private static int ContentStart(byte[] bytes, int start, int end)
    {
        using var input = new CodedInputStream(bytes, start, end - start);
        input.ReadTag();
        input.ReadLength();
        return (int)input.Position;
    }
}
