using Onnx;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.TeacherRunner.Logits;
using AttributeType = Onnx.AttributeProto.Types.AttributeType;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>
/// Picks the largest class scores where the teacher runs, and sums up the rest, so that no other score is copied to the host. The result are
/// the values of <see cref="TopK.PickedValues"/>, side by side in one tensor of floats.
/// </summary>
/// <param name="Storage">How many are kept, and at which temperatures the rest is summed up.</param>
/// <param name="Opset">The model's version of ONNX's own operators.</param>
internal sealed record Picking(TopK Storage, long Opset)
{
    // ScatterElements, and axes that are counted from the end.
    private const long FirstOpset = 11;

    // From here on, ReduceLogSumExp has its axes as an input.
    private const long AxesAreInput = 18;

    // float32, in which the ids are handed over, has every whole number up to here.
    private const int MaxClasses = 1 << 24;

    /// <summary>
    /// Whether the tensor's values are what is stored, the operators are there, and less is copied. Without temperatures nothing would tell
    /// of a NaN among the dropped scores.
    /// </summary>
    public bool Fits(LogitHead head, RowLayout layout) =>
        head.Transform == LogitTransform.None && Opset >= FirstOpset && layout.Classes <= MaxClasses
        && Storage.Temperatures.Count > 0 && Storage.PickedValues < layout.Classes;

    /// <summary>Adds the nodes to a graph.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="scores">A tensor of floats, the classes last.</param>
    /// <returns>The name of the result.</returns>
    public string AddTo(GraphProto graph, string scores)
    {
        var (kept, ids) = Top("kept", scores, Storage.K);

        // What is kept leaves the sum as exp(−∞). Subtracting its mass from that of all would leave nothing right of a small tail.
        var lowest = Add("ConstantOfShape", "lowest", [Add("Shape", "shape", [ids])], Value(TensorData.Create("", [float.NegativeInfinity], 1)));
        var dropped = Add("ScatterElements", "dropped", [scores, ids, lowest], GraphEdits.Integer("axis", -1));

        // ONNX Runtime's log-sum-exp takes no largest value below 0 where it meets −∞ first: without the shift, small tails would vanish.
        var (largest, _) = Top("largest", dropped, 1);
        var shifted = Add("Sub", "shifted", [dropped, largest]);
        var tails = Storage.Temperatures.Select((temperature, i) => Tail($"tail_{i}", temperature)).ToArray();

        graph.Node.Add(GraphEdits.Cast(ids, $"{ids}_as_float", DataType.Float));
        return Add("Concat", "picked", [$"{ids}_as_float", kept, .. tails], GraphEdits.Integer("axis", -1));

        (string Values, string Ids) Top(string name, string of, long k)
        {
            var values = Add("TopK", name, [of, Constant($"{name}/k", TensorData.Create("", [k], 1))], GraphEdits.Integer("axis", -1));
            graph.Node[^1].Output.Add($"{values}/ids");
            return (values, $"{values}/ids");
        }

        string Tail(string name, double temperature)
        {
            var factor = Constant($"{name}/factor", TensorData.Create("", [(float)(1 / temperature)], 1));
            var softened = Add("Mul", $"{name}/softened", [shifted, factor]);
            var sum = Opset < AxesAreInput
                ? Add("ReduceLogSumExp", $"{name}/sum", [softened], new AttributeProto { Name = "axes", Type = AttributeType.Ints, Ints = { -1 } })
                : Add("ReduceLogSumExp", $"{name}/sum", [softened, Constant($"{name}/axes", TensorData.Create("", [-1L], 1))]);
            return Add("Add", name, [sum, Add("Mul", $"{name}/shift", [largest, factor])]);
        }

        // Old files must list initializers as inputs too; a node needs no such thing.
        string Constant(string name, TensorProto value) => Add("Constant", name, [], Value(value));

        string Add(string operation, string name, IEnumerable<string> inputs, params AttributeProto[] attributes)
        {
            graph.Node.Add(GraphEdits.Node(operation, inputs, $"{scores}/{name}", attributes));
            return $"{scores}/{name}";
        }
    }

    private static AttributeProto Value(TensorProto value) => new() { Name = "value", Type = AttributeType.Tensor, T = value };
}
