using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;

namespace OnnxKd.Pipeline.Defaults;

/// <summary>Tells models that are made for values of a certain scale, which preprocessing in front of them would move.</summary>
internal static class OwnScale
{
    // What hands on values on the same scale.
    private static readonly HashSet<string> passing =
    [
        "AveragePool", "Cast", "Concat", "Flatten", "Gather", "GlobalAveragePool", "GlobalMaxPool", "Identity", "MaxPool", "Pad", "ReduceMax", "ReduceMean", "ReduceMin", "Reshape",
        "Resize", "Slice", "Split", "Squeeze", "Transpose", "Unsqueeze",
    ];

    // What means a scale, beside a constant.
    private static readonly HashSet<string> telling =
        ["Add", "BatchNormalization", "Clip", "Div", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Max", "Min", "Mul", "Sub"];

    /// <summary>Why a model's input is to stay as it is; <c>null</c>: nothing in the model tells.</summary>
    /// <param name="model">The model.</param>
    public static string? Find(OnnxModel model)
    {
        var graph = model.Proto.Graph;
        var index = new GraphIndex(graph);
        return SampleKinds.TakesIntegers(ReadingModel.Of(model, InputFeeds.None)) ? "it takes whole numbers"
            : SampleBranches.AreIn(graph) ? "which branch of an If runs depends on its input"
            : index.Inputs.Count == 1 && FirstTelling(index, index.Inputs[0].Name) is { } node ? $"it has its own scale (node '{(node.Name.Length > 0 ? node.Name : node.Output[0])}', {node.OpType})"
            : null;
    }

    /// <summary>Follows the input to what combines it with constants, before any other operator.</summary>
    private static NodeProto? FirstTelling(GraphIndex index, string input)
    {
        var (open, seen) = (new Queue<string>([input]), new HashSet<string>(StringComparer.Ordinal) { input });
        while (open.TryDequeue(out var tensor))
            foreach (var node in index.Consumers(tensor))
            {
                if (telling.Contains(node.OpType) && node.Input.All(read => read == tensor || read.Length == 0 || index.Initializers.ContainsKey(read) || index.Producer(read)?.OpType == "Constant"))
                    return node;
                if (passing.Contains(node.OpType))
                    foreach (var output in node.Output.Where(seen.Add))
                        open.Enqueue(output);
            }
        return null;
    }
}
