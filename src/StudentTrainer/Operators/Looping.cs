using Onnx;
using OnnxKd.Core.Onnx;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>
/// Graphs that run again and again. How often must not depend on what a sample holds: otherwise the samples of a batch, which share the passes, would change each
/// other's results. Gradients flow through all passes; weights are those of one pass.
/// </summary>
internal static class Looping
{
    /// <summary>Of each pass training keeps what gradients need; a file of some hundred bytes can ask for any number of them.</summary>
    private const long MostPasses = 10_000;

    /// <summary>
    /// The inputs are the number of passes, a condition, the first state, and what the body reads from outside. The body gives a condition, the next state, and what is
    /// kept of each pass, stacked in the end.
    /// </summary>
    public static Kernel Loop(NodeContext node)
    {
        const string Remedy = "export the model with a number of steps that shapes or constants decide, or unrolled";
        var shape = node.Attributes.GetGraph(NestedGraphs.Body) ?? throw node.Unsupported("lacks a graph", NestedGraphs.Body);
        if (!node.Has(0))
            throw node.Unsupported("is supported only where the number of its passes is known before it runs", "there is none", Remedy);
        if (!node.IsKnown(0))
            throw node.Unsupported("is supported only where the number of its passes is known before it runs", "it depends on the samples", Remedy);
        if (node.Has(1) && !node.IsKnown(1) || !PassesOn(shape))
            throw node.Unsupported("is supported only where the number of its passes is known before it runs", "a condition that depends on the samples can end it", Remedy);
        var carried = shape.Input.Count - 2;
        if (shape.Output.Count - 1 < carried)
            throw node.Unsupported("has a graph that does not fit it", $"{shape.Input.Count} inputs and {shape.Output.Count} outputs of its graph");
        var (body, captures) = NestedGraphs.Compile(node, NestedGraphs.Body);
        return x =>
        {
            var passes = x.Optional(1)?.cpu().item<bool>() == false ? 0 : x[0].cpu().to(int64).item<long>();
            RequirePasses(passes);
            // libtorch ends the process where there is no memory for a tensor that is made of a number: none is made within the passes.
            var (numbers, on) = (TensorNumbers.Range(Math.Max(0, passes), int64), ones([], dtype: ScalarType.Bool));
            var outside = Array.ConvertAll(captures, slot => x[slot]);
            Tensor[] state = [.. Enumerable.Range(2, carried).Select(slot => x[slot])];
            var kept = Enumerable.Range(0, shape.Output.Count - 1 - carried).Select(_ => new List<Tensor>()).ToArray();
            for (var pass = 0L; pass < passes; pass++)
            {
                var given = body.Run([numbers.select(0, pass), on, .. state, .. outside], DeviceOf(state, outside), x.Training);
                state = given[1..(1 + carried)];
                for (var i = 0; i < kept.Length; i++)
                    kept[i].Add(given[1 + carried + i]);
            }

            if (passes < 1 && kept.Length > 0)
                throw new ArgumentException("of no pass nothing can be stacked");
            return [.. state, .. kept.Select(each => stack(each))];
        };
    }

    /// <summary>The inputs are the first state, then what a slice of is read in each pass. The body gives the next state, and a slice of each further output.</summary>
    public static Kernel Scan(NodeContext node)
    {
        var shape = node.Attributes.GetGraph(NestedGraphs.Body) ?? throw node.Unsupported("lacks a graph", NestedGraphs.Body);
        var read = (int)node.Attributes.GetInt("num_scan_inputs");
        var states = shape.Input.Count - read;
        var written = shape.Output.Count - states;
        if (read < 1 || states < 0 || written < 0)
            throw node.Unsupported("has a graph that does not fit it", $"{read} inputs to scan, {shape.Input.Count} inputs and {shape.Output.Count} outputs of its graph");
        var (inputAxes, outputAxes) = (node.Attributes.GetInts("scan_input_axes", new long[read]), node.Attributes.GetInts("scan_output_axes", new long[written]));
        var (inputsTurned, outputsTurned) = (node.Attributes.GetInts("scan_input_directions", new long[read]), node.Attributes.GetInts("scan_output_directions", new long[written]));
        var (body, captures) = NestedGraphs.Compile(node, NestedGraphs.Body);
        return x =>
        {
            var outside = Array.ConvertAll(captures, slot => x[slot]);
            Tensor[] state = [.. Enumerable.Range(0, states).Select(slot => x[slot])];
            Tensor[] scanned = [.. Enumerable.Range(states, read).Select(slot => x[slot])];
            var passes = scanned[0].shape[At(inputAxes[0], scanned[0].ndim)];
            if (scanned.Index().Any(input => input.Item.shape[At(inputAxes[input.Index], input.Item.ndim)] != passes))
                throw new ArgumentException("the inputs to scan differ in length");
            RequirePasses(passes);
            var kept = Enumerable.Range(0, written).Select(_ => new List<Tensor>()).ToArray();
            for (var pass = 0L; pass < passes; pass++)
            {
                var slices = scanned.Select((input, i) => input.select(At(inputAxes[i], input.ndim), inputsTurned[i] != 0 ? passes - 1 - pass : pass));
                var given = body.Run([.. state, .. slices, .. outside], DeviceOf(scanned, outside), x.Training);
                state = given[..states];
                for (var i = 0; i < written; i++)
                    kept[i].Add(given[states + i]);
            }

            if (passes < 1 && written > 0)
                throw new ArgumentException("of no pass nothing can be stacked");
            return [.. state, .. kept.Select((each, i) => Stacked(each, outputAxes[i], outputsTurned[i] != 0))];
        };

        static Tensor Stacked(List<Tensor> slices, long axis, bool turned)
        {
            if (turned)
                slices.Reverse();
            return stack(slices, At(axis, slices[0].ndim + 1));
        }
    }

    private static void RequirePasses(long passes)
    {
        if (passes > MostPasses)
            throw new ArgumentException($"it asks for {passes} passes, and at most {MostPasses} are run");
    }

    private static long At(long axis, long axes) => axis < 0 ? axis + axes : axis;

    private static Device DeviceOf(Tensor[] first, Tensor[] second) => first.Concat(second).FirstOrDefault()?.device ?? CPU;

    /// <summary>Whether a body gives its condition on as it is, or says that it goes on.</summary>
    private static bool PassesOn(GraphProto body)
    {
        if (body.Output.Count == 0 || body.Input.Count < 2)
            return false;
        var name = body.Output[0].Name;
        while (body.Node.FirstOrDefault(node => node.Output.Contains(name)) is { OpType: "Identity" or "Cast" } node)
            name = node.Input[0];
        var constant = body.Initializer.FirstOrDefault(tensor => tensor.Name == name)
            ?? body.Node.FirstOrDefault(node => node.OpType == "Constant" && node.Output.Contains(name))?.Attribute.FirstOrDefault(attribute => attribute.Name == "value")?.T;
        return name == body.Input[1].Name || constant is not null && constant.RawBytes() is [not 0, ..];
    }
}
