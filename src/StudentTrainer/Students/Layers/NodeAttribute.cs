using Onnx;
using static Onnx.AttributeProto.Types;

namespace OnnxKd.StudentTrainer.Students.Layers;

/// <summary>Writes attributes of nodes.</summary>
internal static class NodeAttribute
{
    public static AttributeProto Int(string name, long value) => new() { Name = name, Type = AttributeType.Int, I = value };

    public static AttributeProto Ints(string name, params IEnumerable<long> values) =>
        new() { Name = name, Type = AttributeType.Ints, Ints = { values } };

    public static AttributeProto Float(string name, float value) => new() { Name = name, Type = AttributeType.Float, F = value };

    public static AttributeProto Text(string name, string value) =>
        new() { Name = name, Type = AttributeType.String, S = Google.Protobuf.ByteString.CopyFromUtf8(value) };
}
