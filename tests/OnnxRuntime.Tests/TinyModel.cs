using System.Text;

namespace OnnxKd.OnnxRuntime.Tests;

/// <summary>An ONNX model of one node, <c>y = x + x</c> over float [N, 3], written in protobuf's wire format by hand.</summary>
internal static class TinyModel
{
    public static byte[] Doubling(string operatorName = "Add") => Message(
        Varint(1, 8), // ir_version
        Field(7, Message( // graph
            Field(1, Message(Text(1, "x"), Text(1, "x"), Text(2, "y"), Text(4, operatorName))), // node: inputs, output, op_type
            Text(2, "doubling"),
            Field(11, FloatMatrix("x")),
            Field(12, FloatMatrix("y")))),
        Field(8, Varint(2, 13))); // opset_import: version

    private static byte[] FloatMatrix(string name)
    {
        var shape = Message(Field(1, Text(2, "N")), Field(1, Varint(1, 3)));
        var tensor = Message(Varint(1, 1), Field(2, shape)); // elem_type 1 is float
        return Message(Text(1, name), Field(2, Field(1, tensor)));
    }

    private static byte[] Message(params byte[][] fields) => fields.SelectMany(f => f).ToArray();

    private static byte[] Text(int field, string value) => Field(field, Encoding.UTF8.GetBytes(value));

    // Every length and value in this model is below 128, so each is a single byte.
    private static byte[] Field(int field, byte[] content) => [(byte)(field << 3 | 2), checked((byte)content.Length), .. content];

    private static byte[] Varint(int field, byte value) => [(byte)(field << 3), value];
}
