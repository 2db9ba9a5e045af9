using Google.Protobuf;
using Onnx;

namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>The smallest model there is, <c>y = -x</c>: a session on it shows whether a device works.</summary>
internal static class ProbeModel
{
    public static byte[] Bytes { get; } = new ModelProto
    {
        IrVersion = 8,
        OpsetImport = { new OperatorSetIdProto { Version = 13 } },
        Graph = new GraphProto
        {
            Name = "probe",
            Node = { new NodeProto { OpType = "Neg", Input = { "x" }, Output = { "y" } } },
            Input = { GraphEdits.FloatTensor("x") },
            Output = { GraphEdits.FloatTensor("y") },
        },
    }.ToByteArray();
}
