using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Graph.Import;
using AttributeType = Onnx.AttributeProto.Types.AttributeType;

namespace OnnxKd.StudentTrainer.Learners;

/// <summary>
/// Turns a generalist into a specialist of some classes: its scores of these, and one for all others together, the logarithm of the sum of their exponentials.
/// So before any training it says exactly what the generalist says. Hinton, Vinyals and Dean (2015), section 5: the dustbin class.
/// </summary>
internal static class SpecialistHead
{
    /// <summary>The name of the specialist's output, [N, classes + 1].</summary>
    public const string Output = "specialist";

    // From here on axes are an input.
    private const long AxesAsInput = 18;

    /// <summary>Puts the head behind a model's logits; its own output goes.</summary>
    /// <param name="generalist">The model; not changed.</param>
    /// <param name="output">Its output; <c>null</c>: the only one that holds floats.</param>
    /// <param name="classes">The specialist's classes.</param>
    /// <param name="count">How many classes the model has.</param>
    public static OnnxModel Attach(OnnxModel generalist, string? output, IReadOnlyList<int> classes, int count)
    {
        var proto = generalist.Proto.Clone();
        var graph = proto.Graph;
        var logits = LogitTrace.Find(graph, output, generalist.Path ?? "model in memory").Logits;
        if (FloatTypes.Of(graph, logits) != (int)TensorProto.Types.DataType.Float)
        {
            graph.Node.Add(Node("Cast", "specialist/scores", [logits], ("to", (long)TensorProto.Types.DataType.Float)));
            logits = "specialist/scores";
        }

        graph.Initializer.Add(Indices("specialist/classes", classes));
        graph.Initializer.Add(Indices("specialist/others", [.. Enumerable.Range(0, count).Except(classes)]));
        graph.Node.Add(Node("Gather", "specialist/own", [logits, "specialist/classes"], ("axis", 1)));
        graph.Node.Add(Node("Gather", "specialist/rest", [logits, "specialist/others"], ("axis", 1)));
        var sum = Node("ReduceLogSumExp", "specialist/dustbin", ["specialist/rest"], ("keepdims", 1));
        if (StudentGraph.Import(generalist).Version >= AxesAsInput)
        {
            graph.Initializer.Add(Indices("specialist/axes", [1]));
            sum.Input.Add("specialist/axes");
        }
        else
            sum.Attribute.Add(new AttributeProto { Name = "axes", Type = AttributeType.Ints, Ints = { 1 } });
        graph.Node.Add(sum);
        graph.Node.Add(Node("Concat", Output, ["specialist/own", "specialist/dustbin"], ("axis", 1)));
        graph.Output.Clear();
        graph.Output.Add(ValueInfo.Create(Output, ElementType.Float32, "N", classes.Count + 1));
        return OnnxModel.FromProto(proto);
    }

    private static TensorProto Indices(string name, IReadOnlyList<int> values) => TensorData.Create(name, [.. values.Select(value => (long)value)], values.Count);

    private static NodeProto Node(string type, string name, string[] inputs, (string Name, long Value) attribute) => new()
    {
        OpType = type, Name = name, Input = { inputs }, Output = { name },
        Attribute = { new AttributeProto { Name = attribute.Name, Type = AttributeType.Int, I = attribute.Value } },
    };
}
