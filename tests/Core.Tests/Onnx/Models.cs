using Google.Protobuf;
using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.Tests.Onnx;

/// <summary>A small valid model to break: y = Relu(x · w + b).</summary>
internal static class Models
{
    public static ModelProto Small() => new()
    {
        IrVersion = 8,
        OpsetImport = { new OperatorSetIdProto { Domain = "", Version = 17 } },
        Graph = new GraphProto
        {
            Name = "small",
            Input = { ValueInfo.Create("x", ElementType.Float32, "N", 2) },
            Output = { ValueInfo.Create("y", ElementType.Float32, "N", 3) },
            Initializer =
            {
                TensorData.Create("w", [1f, 2f, 3f, 4f, 5f, 6f], 2, 3),
                TensorData.Create("b", [0.5f, -0.5f, 0f], 3),
            },
            Node =
            {
                new NodeProto { Name = "gemm", OpType = "Gemm", Input = { "x", "w", "b" }, Output = { "h" } },
                new NodeProto { Name = "relu", OpType = "Relu", Input = { "h" }, Output = { "y" } },
            },
        },
    };

    /// <summary>The same with the data of w in another file.</summary>
    /// <param name="entries">What says where.</param>
    public static ModelProto External(params IEnumerable<(string Key, string Value)> entries)
    {
        var proto = Small();
        var tensor = proto.Graph.Initializer[0];
        tensor.RawData = ByteString.Empty;
        tensor.DataLocation = TensorProto.Types.DataLocation.External;
        tensor.ExternalData.AddRange(entries.Select(entry => new StringStringEntryProto { Key = entry.Key, Value = entry.Value }));
        return proto;
    }
}
