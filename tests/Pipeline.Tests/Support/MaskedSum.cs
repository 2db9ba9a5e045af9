using Google.Protobuf;
using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Pipeline.Tests.Support;

/// <summary>A teacher of token ids and a mask: the sum of the rows of a table that the tokens name, of those whose mask is 1.</summary>
internal static class MaskedSum
{
    public const int Known = 9;
    public const int Classes = 3;

    public static void Write(string path)
    {
        var graph = new GraphProto
        {
            Name = "masked-sum",
            Input = { ValueInfo.Create("ids", ElementType.Int64, "N", "T"), ValueInfo.Create("mask", ElementType.Int64, "N", "T") },
            Output = { ValueInfo.Create("logits", ElementType.Float32, "N", Classes) },
            Initializer = { TensorData.Create("table", [.. Enumerable.Range(0, Known * Classes).Select(i => i * 5 % 7 - 3f)], Known, Classes), TensorData.Create("last", [2L], 1), TensorData.Create("time", [1L], 1) },
            Node =
            {
                new NodeProto { OpType = "Gather", Input = { "table", "ids" }, Output = { "rows" } },
                new NodeProto { OpType = "Cast", Input = { "mask" }, Output = { "floats" }, Attribute = { new AttributeProto { Name = "to", Type = AttributeProto.Types.AttributeType.Int, I = 1 } } },
                new NodeProto { OpType = "Unsqueeze", Input = { "floats", "last" }, Output = { "column" } },
                new NodeProto { OpType = "Mul", Input = { "rows", "column" }, Output = { "kept" } },
                new NodeProto { OpType = "ReduceSum", Input = { "kept", "time" }, Output = { "logits" }, Attribute = { new AttributeProto { Name = "keepdims", Type = AttributeProto.Types.AttributeType.Int, I = 0 } } },
            },
        };
        File.WriteAllBytes(path, new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } }.ToByteArray());
    }
}
