using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Operators;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Graph.Import;

/// <summary>
/// Frees a graph whose batch size was written into it: constant shapes of Reshape get a free first axis, constants that are joined to
/// activations are repeated for each sample. The graph is run with one and with two batches of random samples; where a tensor does not follow,
/// its node is mended or named, and at the end both runs must agree.
/// </summary>
internal sealed class BatchAxis
{
    private const double Tolerance = 1e-4;

    private readonly GraphProto graph;
    private readonly int version;
    private readonly string output;
    private readonly Tensor samples;

    private BatchAxis(GraphProto graph, int version, string output, Tensor samples) =>
        (this.graph, this.version, this.output, this.samples) = (graph, version, output, samples);

    /// <summary>What a run showed.</summary>
    /// <param name="Steps">Each node that ran, and the shape of its first output.</param>
    /// <param name="Result">The output; <c>null</c> if a node failed.</param>
    /// <param name="Failure">Why.</param>
    private sealed record Trace(IReadOnlyList<(NodeProto Node, long[] Shape)> Steps, Tensor? Result, InputException? Failure);

    /// <summary>Frees a graph.</summary>
    /// <param name="graph">The graph to change.</param>
    /// <param name="version">The version of the operator set.</param>
    /// <param name="output">The tensor that must have one row per sample.</param>
    /// <param name="input">The input.</param>
    /// <param name="batch">The batch size that the file declares.</param>
    /// <param name="sampleShape">The shape of one sample, as the input takes it.</param>
    /// <returns>The nodes that were changed.</returns>
    /// <exception cref="UnsupportedModelException">The batch size is built in at a place that cannot be mended; names the node.</exception>
    public static IReadOnlyList<string> Free(
        GraphProto graph, int version, string output, StudentInput input, long batch, IReadOnlyList<long> sampleShape)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var generator = manual_seed(1);
        var samples = rand([2 * batch, .. sampleShape], float32).to(input.Type);
        var axis = new BatchAxis(graph, version, output, samples);
        var changed = new List<string>();
        while (axis.Check(batch) is { } node)
            changed.Add(NodeContext.Describe(node));
        return changed;
    }

    /// <summary>Mends one node; <c>null</c> if none is left.</summary>
    private NodeProto? Check(long batch)
    {
        var once = Run(samples.narrow(0, 0, batch));
        if (once.Failure is not null)
            throw once.Failure;
        var twice = Run(samples);
        var index = new GraphIndex(graph);
        var shapes = new Dictionary<NodeProto, long[]>(ReferenceEqualityComparer.Instance);
        foreach (var (node, shape) in once.Steps)
            shapes[node] = shape;
        foreach (var (node, shape) in twice.Steps)
        {
            if (node.OpType == "Reshape" && IsStuck(shapes[node], shape, batch) && Follows(node.Input[0], index, shapes, twice, batch))
                return FreeReshape(node, shapes[node]) ?? throw Baked(node, null);
        }
        if (twice.Failure is not null)
        {
            var failed = once.Steps[twice.Steps.Count].Node;
            return failed.OpType == "Reshape" ? FreeReshape(failed, shapes[failed]) ?? throw Baked(failed, twice.Failure)
                : failed.OpType == "Concat" ? RepeatConstants(failed, index, shapes[failed].Length, batch) ?? throw Baked(failed, twice.Failure)
                : throw Baked(failed, twice.Failure);
        }
        var rows = once.Result!.shape[0];
        if (twice.Result!.shape[0] != 2 * rows || !twice.Result.narrow(0, 0, rows).allclose(once.Result, Tolerance, Tolerance))
            throw Baked(index.Producer(output)!, null);
        return null;
    }

    private static bool IsStuck(long[] once, long[] twice, long batch) =>
        once.Length > 0 && once[0] % batch == 0 && twice[0] != 2 * once[0] && !once.SequenceEqual(twice);

    private bool Follows(string tensor, GraphIndex index, Dictionary<NodeProto, long[]> once, Trace twice, long batch)
    {
        if (index.Producer(tensor) is not { } producer)
            return index.Inputs.Any(input => input.Name == tensor);
        var after = twice.Steps.First(step => step.Node == producer).Shape;
        return once[producer].Length > 0 && after[0] == 2 * once[producer][0];
    }

    private Trace Run(Tensor batch)
    {
        var program = GraphCompiler.Compile(graph, version, [output]);
        using var weights = WeightSet.Load(program.Plan, CPU, trainable: false);
        var steps = new List<(NodeProto, long[])>();
        try
        {
            var result = program.Run(weights, [batch], training: false, (step, slots) =>
                steps.Add((step.Node, step.Outputs[0] < 0 ? [] : slots[step.Outputs[0]]!.shape)));
            return new(steps, result[0], null);
        }
        catch (InputException failure)
        {
            return new(steps, null, failure);
        }
    }

    /// <summary>The first axis becomes what is left; an axis that was left before gets the size that it has.</summary>
    private NodeProto? FreeReshape(NodeProto node, long[] shape)
    {
        if (node.Input.Count < 2 || !ModelTensors.Of(graph).TryGetValue(node.Input[1], out var target) || shape.Length == 0)
            return null;
        var sizes = target.ToLongs();
        if (sizes[0] <= 0)
            return null;
        for (var axis = 1; axis < sizes.Length; axis++)
            sizes[axis] = sizes[axis] == -1 ? shape[axis] : sizes[axis];
        sizes[0] = -1;
        var name = $"{node.Output[0]}.free";
        graph.Initializer.Add(TensorData.Create(name, sizes, sizes.Length));
        node.Input[1] = name;
        return node;
    }

    /// <summary>Constants with the file's batch size, such as a class token, are repeated as often as there are samples.</summary>
    private NodeProto? RepeatConstants(NodeProto node, GraphIndex index, int rank, long batch)
    {
        var following = DependingOnInput(index);
        var dynamic = node.Input.FirstOrDefault(following.Contains);
        var stuck = node.Input.FirstOrDefault(name => !following.Contains(name));
        if (batch != 1 || dynamic is null || stuck is null)
            return null;
        var prefix = $"{node.Output[0]}.{stuck}";
        graph.Initializer.Add(TensorData.Create($"{prefix}.first", [0L], 1));
        graph.Initializer.Add(TensorData.Create($"{prefix}.ones", Enumerable.Repeat(1L, rank - 1).ToArray(), rank - 1));
        NodeProto[] repeat =
        [
            new() { OpType = "Shape", Input = { dynamic }, Output = { $"{prefix}.shape" } },
            new() { OpType = "Gather", Input = { $"{prefix}.shape", $"{prefix}.first" }, Output = { $"{prefix}.batch" } },
            new()
            {
                OpType = "Concat", Input = { $"{prefix}.batch", $"{prefix}.ones" }, Output = { $"{prefix}.target" },
                Attribute = { new AttributeProto { Name = "axis", Type = AttributeProto.Types.AttributeType.Int, I = 0 } },
            },
            new() { OpType = "Expand", Input = { stuck, $"{prefix}.target" }, Output = { $"{prefix}.repeated" } },
        ];
        foreach (var step in repeat)
        {
            step.Name = step.Output[0];
            graph.Node.Insert(graph.Node.IndexOf(node), step);
        }
        node.Input[node.Input.IndexOf(stuck)] = repeat[^1].Output[0];
        return node;
    }

    private HashSet<string> DependingOnInput(GraphIndex index)
    {
        var names = index.Inputs.Select(input => input.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var node in graph.Node.Where(node => node.Input.Any(names.Contains)))
            names.UnionWith(node.Output);
        return names;
    }

    private static UnsupportedModelException Baked(NodeProto node, InputException? failure) => new(
        "The student's batch size is built into its graph.",
        where: NodeContext.Describe(node),
        found: failure is null ? "its result does not follow the number of samples" : failure.Message,
        expected: "a graph that takes any number of samples",
        remedy: "export the model with a free batch axis (PyTorch: dynamic_axes or dynamic_shapes)");
}
