using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Signals;
using AttributeType = Onnx.AttributeProto.Types.AttributeType;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>
/// Makes a detector head of what a built-in architecture gives: [N, anchors, columns], boxes in units of how far the teacher's move at an anchor, from where they are on
/// the whole, and scores from how likely each class is on the whole.
/// </summary>
internal static class DetectorHead
{
    private const string Logits = CacheStream.Answer; // what built-in students call their output
    private const string Map = "output.map";
    private const int MostOfVector = 100_000;

    /// <summary>Builds the student.</summary>
    /// <param name="architecture">Builds an architecture of so many columns.</param>
    /// <param name="columns">Columns of an anchor.</param>
    /// <param name="anchors">What the teacher's anchors are like.</param>
    /// <exception cref="InputException">The architecture gives positions that do not fit the anchors.</exception>
    public static OnnxModel Build(Func<int, OnnxModel> architecture, int columns, AnchorStatistics anchors)
    {
        var cells = CellsOf(architecture(columns).Proto.Graph.Output.Single().ShapeOf()!, anchors.Anchors);
        // A vector has a column for everything; a map several anchors' columns in each cell.
        var perCell = anchors.Anchors / cells;
        if (cells == 1 && (long)columns * perCell > MostOfVector)
            throw new InputException(
                "The student would have a column for everything that its teacher gives.", "student", $"{anchors.Anchors} anchors of {columns} columns", $"at most {MostOfVector} in all",
                "use an architecture with a place for each anchor: fpn with strides, such as strides: [8, 16, 32]");
        var model = architecture(checked(columns * perCell)).Proto.Clone();
        var graph = model.Graph;
        Rename(graph);
        var isMap = graph.Output[0].ShapeOf()!.Count == 4;
        var last = isMap
            ? Reshape(graph, "output.anchors", Transpose(graph, Reshape(graph, "output.cells", Map, perCell, columns, cells)), anchors.Anchors, columns)
            : Reshape(graph, "output.anchors", Map, anchors.Anchors, columns);
        Scale(graph, last, columns, anchors);
        graph.Output[0] = ValueInfo.Create(Logits, ElementType.Float32, graph.Output[0].ShapeOf()![0], anchors.Anchors, columns);
        return OnnxModel.FromProto(model);
    }

    /// <summary>How many positions the architecture gives.</summary>
    private static int CellsOf(IReadOnlyList<Dim> shape, int anchors)
    {
        var cells = shape switch
        {
            [_, _] => 1,
            [_, _, { Size: { } height }, { Size: { } width }] => height * width,
            [_, { Size: { } length }, _] => length,
            _ => 0,
        };
        return cells > 0 && anchors % cells == 0 && (shape.Count != 3 || cells == anchors) ? (int)cells : throw new InputException(
            "The student does not give a place for each of the teacher's anchors.", "student", $"[{string.Join(", ", shape)}]: {(cells > 0 ? $"{cells} positions" : "positions of free number")}",
            $"a number of which the teacher's {anchors} anchors are a multiple", "choose another stride (unet, fpn) or several (fpn: strides), or an architecture that gives one vector (mlp, cnn)");
    }

    private static void Rename(GraphProto graph)
    {
        var last = graph.Node.First(node => node.Output.Contains(Logits));
        last.Output[last.Output.IndexOf(Logits)] = Map;
    }

    private static void Scale(GraphProto graph, string last, int columns, AnchorStatistics anchors)
    {
        const int box = DetectorForm.BoxColumns;
        graph.Initializer.Add(TensorData.Create("output.parts", [(long)box, columns - box], 2));
        Add(graph, "Split", ["output.box", "output.scores"], [last, "output.parts"], Integer("axis", 2));
        Add(graph, "Mul", ["output.moved"], ["output.box", Constant(graph, "output.deviation", [.. anchors.Deviations], box)]);
        Add(graph, "Add", ["output.boxes"], ["output.moved", Constant(graph, "output.place", [.. anchors.Boxes], anchors.Anchors, box)]);
        Add(graph, "Add", ["output.logits"], ["output.scores", Constant(graph, "output.prior", [.. anchors.Scores], columns - box)]);
        Add(graph, "Concat", [Logits], ["output.boxes", "output.logits"], Integer("axis", 2));
    }

    private static string Reshape(GraphProto graph, string name, string value, params long[] dims)
    {
        long[] shape = [-1, .. dims];
        graph.Initializer.Add(TensorData.Create($"{name}.shape", shape, shape.Length));
        return Add(graph, "Reshape", [name], [value, $"{name}.shape"]);
    }

    private static string Transpose(GraphProto graph, string value) => Add(
        graph, "Transpose", ["output.transpose"], [value], new AttributeProto { Name = "perm", Type = AttributeType.Ints, Ints = { 0, 1, 3, 2 } });

    // Constants, not weights: the last layer learns what they would.
    private static string Constant(GraphProto graph, string name, float[] values, params long[] shape)
    {
        Add(graph, "Constant", [name], [], new AttributeProto { Name = "value", Type = AttributeType.Tensor, T = ParameterPlan.Fix(TensorData.Create("", values, shape)) });
        return name;
    }

    private static string Add(GraphProto graph, string operation, string[] outputs, string[] inputs, params AttributeProto[] attributes)
    {
        graph.Node.Add(new NodeProto { OpType = operation, Name = outputs[0], Input = { inputs }, Output = { outputs }, Attribute = { attributes } });
        return outputs[0];
    }

    private static AttributeProto Integer(string name, long value) => new() { Name = name, Type = AttributeType.Int, I = value };
}
