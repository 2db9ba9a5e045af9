using Google.Protobuf;
using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Pipeline.Tests.Support;

/// <summary>A model of two inputs: tokens [batch, length] look up rows of a table, whose mean is added to a vector [batch, 4].</summary>
internal static class TwoInputModel
{
    public const int Tokens = 6;
    private const int Width = 4;

    public static string Write(string path)
    {
        var graph = new GraphProto
        {
            Name = "two",
            Input = { ValueInfo.Create("tokens", ElementType.Int64, "batch", "length"), ValueInfo.Create("vector", ElementType.Float32, "batch", Width) },
            Output = { ValueInfo.Create("embedding", ElementType.Float32, "batch", Width) },
            Initializer = { TensorData.Create("table", [.. Enumerable.Range(0, Tokens * Width).Select(i => i / 8f)], Tokens, Width) },
            Node =
            {
                new NodeProto { OpType = "Gather", Input = { "table", "tokens" }, Output = { "rows" } },
                new NodeProto
                {
                    OpType = "ReduceMean", Input = { "rows" }, Output = { "mean" },
                    Attribute =
                    {
                        new AttributeProto { Name = "axes", Type = AttributeProto.Types.AttributeType.Ints, Ints = { 1 } },
                        new AttributeProto { Name = "keepdims", Type = AttributeProto.Types.AttributeType.Int, I = 0 },
                    },
                },
                new NodeProto { OpType = "Add", Input = { "mean", "vector" }, Output = { "embedding" } },
            },
        };
        File.WriteAllBytes(path, new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } }.ToByteArray());
        return path;
    }
}
