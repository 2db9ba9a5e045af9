using Onnx;
using OnnxKd.Core.Errors;

namespace OnnxKd.Core.Onnx;

/// <summary>A NonMaxSuppression in a detector's file, and what it reads.</summary>
/// <param name="Boxes">The boxes of all anchors.</param>
/// <param name="Scores">Their scores, with the axes in the same order where the graph has them so.</param>
internal sealed record Suppression(string Boxes, string Scores)
{
    private const string Operator = "NonMaxSuppression";
    private const int MostNodes = 500;

    // What a two-stage detector does with what is left is a head of its own.
    private static readonly HashSet<string> Layers = ["Conv", "ConvTranspose", "Gemm", "MatMul", "RoiAlign", "MaxRoiPool"];

    /// <summary>Finds the one that decides which rows tensors have; <c>null</c>: none does.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="tensors">The tensors.</param>
    public static Suppression? Behind(GraphProto graph, IEnumerable<string> tensors)
    {
        if (!graph.Node.Any(node => node.OpType == Operator))
            return null;
        var (index, seen, open) = (new GraphIndex(graph), new HashSet<string>(StringComparer.Ordinal), new Queue<string>(tensors));
        while (open.TryDequeue(out var tensor) && seen.Count < MostNodes)
        {
            if (!seen.Add(tensor) || index.Producer(tensor) is not { } node || Layers.Contains(node.OpType))
                continue;
            if (node.OpType == Operator)
                return Of(index, node);
            foreach (var input in node.Input)
                open.Enqueue(input);
        }

        return null;
    }

    /// <summary>Whether a graph's NonMaxSuppression reads a tensor of boxes as centres and sizes, else as corners; <c>null</c>: none reads it.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="boxes">The tensor.</param>
    public static bool? ReadsCentres(GraphProto graph, string boxes)
    {
        var index = new GraphIndex(graph);
        return graph.Node.Where(node => node.OpType == Operator && (node.Input[0] == boxes || Turned(index, node.Input[0]) == boxes))
            .Select(node => (bool?)node.Attribute.Any(attribute => attribute is { Name: "center_point_box", I: 1 })).FirstOrDefault();
    }

    /// <summary>The error that a model gives what is left, and how to learn from it all the same.</summary>
    /// <param name="output">The output.</param>
    /// <param name="model">The model's name.</param>
    public InputException Refusal(string output, string model) => new(
        "The model gives what suppression leaves of its boxes, as many as there happen to be; a student learns the boxes and scores of all anchors.", $"output '{output}' of {model}",
        $"{Operator} reads boxes from '{Boxes}' and scores from '{Scores}'", "the tensors before it",
        $"name them: 'output: {Boxes}' and 'scores: {Scores}' under the teacher (--set teachers.0.output={Boxes} --set teachers.0.scores={Scores}), or under the student that it is");

    private static Suppression Of(GraphIndex index, NodeProto node)
    {
        // It reads [N, anchors, 4] and [N, classes, anchors], which lie alike before one of the two is turned.
        var (boxes, scores) = (node.Input[0], node.Input[1]);
        return Turned(index, scores) is { } before ? new(boxes, before) : new(Turned(index, boxes) ?? boxes, scores);
    }

    private static string? Turned(GraphIndex index, string tensor) =>
        index.Producer(tensor) is { OpType: "Transpose" } node && node.Attribute.FirstOrDefault(attribute => attribute.Name == "perm")?.Ints is [0, 2, 1] ? node.Input[0] : null;
}
