using Google.Protobuf;
using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Pipeline.Tests.Support;

/// <summary>Small models with several inputs, which are written to files.</summary>
internal static class SeveralInputModels
{
    /// <summary>σ(x·w + the state) for speech as it comes in chunks: with a state and a rate that are no samples.</summary>
    public static void Speech(string path)
    {
        var graph = new GraphProto
        {
            Name = "speech",
            Input = { ValueInfo.Create("input", ElementType.Float32, "N", 4), ValueInfo.Create("state", ElementType.Float32, 2, "N", 4), ValueInfo.Create("sr", ElementType.Int64) },
            Output = { ValueInfo.Create("output", ElementType.Float32, "N", 1), ValueInfo.Create("stateN", ElementType.Float32, 2, "N", 4) },
            Initializer = { TensorData.Create("w", [3f, -2, 1, 0.5f], 4, 1), TensorData.Create("first", [0L]), TensorData.Create("rate", [16000f]) },
            Node =
            {
                new NodeProto { OpType = "Gather", Input = { "state", "first" }, Output = { "own" } },
                new NodeProto { OpType = "Add", Input = { "input", "own" }, Output = { "sum" } },
                new NodeProto { OpType = "MatMul", Input = { "sum", "w" }, Output = { "product" } },
                new NodeProto { OpType = "Cast", Input = { "sr" }, Output = { "hertz" }, Attribute = { new AttributeProto { Name = "to", Type = AttributeProto.Types.AttributeType.Int, I = 1 } } },
                new NodeProto { OpType = "Div", Input = { "hertz", "rate" }, Output = { "factor" } },
                new NodeProto { OpType = "Mul", Input = { "product", "factor" }, Output = { "logit" } },
                new NodeProto { OpType = "Sigmoid", Input = { "logit" }, Output = { "output" } },
                new NodeProto { OpType = "Identity", Input = { "state" }, Output = { "stateN" } },
            },
        };
        File.WriteAllBytes(path, new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } }.ToByteArray());
    }

    /// <summary>(the mean of the tokens' rows + weight ÷ 100) · v, of int32 tokens and a double.</summary>
    public static void Scored(string path)
    {
        static AttributeProto Integer(string name, long value) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = value };
        var graph = new GraphProto
        {
            Name = "scored",
            Input = { ValueInfo.Create("tokens", ElementType.Int32, "N", 3), ValueInfo.Create("weight", ElementType.Float64, "N") },
            Output = { ValueInfo.Create("logits", ElementType.Float32, "N", 2) },
            Initializer =
            {
                TensorData.Create("table", [.. Enumerable.Range(0, 7).Select(i => i - 3f)], 7, 1), TensorData.Create("last", [1L], 1), TensorData.Create("hundred", [100f]),
                TensorData.Create("v", [1f, -1], 1, 2),
            },
            Node =
            {
                new NodeProto { OpType = "Gather", Input = { "table", "tokens" }, Output = { "rows" } },
                new NodeProto { OpType = "ReduceMean", Input = { "rows" }, Output = { "mean" }, Attribute = { new AttributeProto { Name = "axes", Type = AttributeProto.Types.AttributeType.Ints, Ints = { 1 } }, Integer("keepdims", 0) } },
                new NodeProto { OpType = "Cast", Input = { "weight" }, Output = { "float" }, Attribute = { Integer("to", 1) } },
                new NodeProto { OpType = "Div", Input = { "float", "hundred" }, Output = { "part" } },
                new NodeProto { OpType = "Unsqueeze", Input = { "part", "last" }, Output = { "column" } },
                new NodeProto { OpType = "Add", Input = { "mean", "column" }, Output = { "sum" } },
                new NodeProto { OpType = "MatMul", Input = { "sum", "v" }, Output = { "logits" } },
            },
        };
        File.WriteAllBytes(path, new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } }.ToByteArray());
    }

    /// <summary>Scores of each token, which padding turns round: a student that learned there would be wrong.</summary>
    public static void Tagger(string path, int tokens, int classes)
    {
        var graph = new GraphProto
        {
            Name = "tagger",
            Input = { ValueInfo.Create("ids", ElementType.Int64, "N", "T"), ValueInfo.Create("valid", ElementType.Int64, "N", "T") },
            Output = { ValueInfo.Create("logits", ElementType.Float32, "N", "T", classes) },
            Initializer = { TensorData.Create("table", [.. Enumerable.Range(0, tokens * classes).Select(i => i * 5 % 7 - 3f)], tokens, classes), TensorData.Create("last", [2L], 1), TensorData.Create("half", [0.5f]) },
            Node =
            {
                new NodeProto { OpType = "Gather", Input = { "table", "ids" }, Output = { "rows" } },
                new NodeProto { OpType = "Cast", Input = { "valid" }, Output = { "mask" }, Attribute = { new AttributeProto { Name = "to", Type = AttributeProto.Types.AttributeType.Int, I = 1 } } },
                new NodeProto { OpType = "Sub", Input = { "mask", "half" }, Output = { "sign" } },
                new NodeProto { OpType = "Unsqueeze", Input = { "sign", "last" }, Output = { "column" } },
                new NodeProto { OpType = "Mul", Input = { "rows", "column" }, Output = { "logits" } },
            },
        };
        File.WriteAllBytes(path, new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } }.ToByteArray());
    }
}
