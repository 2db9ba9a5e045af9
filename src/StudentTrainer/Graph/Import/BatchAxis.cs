using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Operators;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Graph.Import;

/// <summary>
/// Frees a graph whose batch size was written into it: constant shapes of Reshape get a free first axis, constants that are joined to
/// activations are repeated for each sample. The graph is run with one and with two batches of random samples; where a tensor does
/// not follow, its node is mended or named, and at the end both runs must agree.
/// </summary>
internal sealed class BatchAxis
{
    private const double Tolerance = 1e-4;

    private readonly GraphProto graph;
    private readonly int version;
    private readonly IReadOnlyList<string> outputs;
    private readonly Tensor samples;

    private BatchAxis(GraphProto graph, int version, IReadOnlyList<string> outputs, Tensor samples) =>
        (this.graph, this.version, this.outputs, this.samples) = (graph, version, outputs, samples);

    /// <summary>What a run showed.</summary>
    /// <param name="Steps">Each node that ran.</param>
    /// <param name="Shapes">The shapes of their outputs, by name.</param>
    /// <param name="Results">The outputs; empty if a node failed.</param>
    /// <param name="Failure">Why.</param>
    private sealed record Trace(
        IReadOnlyList<NodeProto> Steps, IReadOnlyDictionary<string, long[]> Shapes, Tensor[] Results, InputException? Failure);

    /// <summary>Frees a graph.</summary>
    /// <param name="graph">The graph to change.</param>
    /// <param name="version">The version of the operator set.</param>
    /// <param name="outputs">The tensors that must have one row per sample.</param>
    /// <param name="input">The input.</param>
    /// <param name="batch">The batch size that the file declares.</param>
    /// <param name="sampleShape">The shape of one sample, as the input takes it.</param>
    /// <returns>The nodes that were changed.</returns>
    /// <exception cref="UnsupportedModelException">The batch size is built in at a place that cannot be mended; names the node.</exception>
    public static IReadOnlyList<string> Free(
        GraphProto graph, int version, IReadOnlyList<string> outputs, StudentInput input, long batch, IReadOnlyList<long> sampleShape)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var generator = manual_seed(1);
        var samples = input.Take(rand([2 * batch, .. sampleShape], float32));
        var axis = new BatchAxis(graph, version, outputs, samples);
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
        if (twice.Steps.FirstOrDefault(node => IsStuck(node, index, once, twice, batch)) is { } stuck)
            return FreeReshape(stuck, once) ?? throw Baked(stuck, null);
        if (twice.Failure is not null)
        {
            var failed = once.Steps[twice.Steps.Count];
            return failed.OpType switch
            {
                "Reshape" => FreeReshape(failed, once),
                "Concat" => RepeatConstants(failed, index, once.Shapes[failed.Output[0]].Length, batch),
                _ => null,
            } ?? throw Baked(failed, twice.Failure);
        }
        for (var i = 0; i < outputs.Count; i++)
        {
            var (single, both) = (once.Results[i], twice.Results[i]);
            var rows = single.shape[0];
            if (both.shape[0] != 2 * rows || !both.narrow(0, 0, rows).allclose(single, Tolerance, Tolerance))
                throw Baked(index.Producer(outputs[i])!, null);
        }

        return null;
    }

    /// <summary>Whether a Reshape runs with twice the samples, but puts them where they do not belong: not into the first axis.</summary>
    private static bool IsStuck(NodeProto node, GraphIndex index, Trace once, Trace twice, long batch)
    {
        if (node.OpType != "Reshape")
            return false;
        var (shape, longer) = (once.Shapes[node.Output[0]], twice.Shapes[node.Output[0]]);
        return shape.Length > 0 && shape[0] % batch == 0 && longer[0] != 2 * shape[0] && !shape.SequenceEqual(longer)
            && Follows(node.Input[0], index, once, twice);
    }

    private static bool Follows(string tensor, GraphIndex index, Trace once, Trace twice) => once.Shapes.TryGetValue(tensor, out var shape)
        ? shape.Length > 0 && twice.Shapes[tensor][0] == 2 * shape[0]
        : index.Inputs.Any(input => input.Name == tensor);

    private Trace Run(Tensor batch)
    {
        var program = GraphCompiler.Compile(graph, version, outputs);
        using var weights = WeightSet.Load(program.Plan, CPU, trainable: false);
        var steps = new List<NodeProto>();
        var shapes = new Dictionary<string, long[]>(StringComparer.Ordinal);
        try
        {
            var result = program.Run(weights, [batch], training: false, (step, slots) =>
            {
                steps.Add(step.Node);
                foreach (var (name, slot) in step.Node.Output.Zip(step.Outputs).Where(result => result.Second >= 0))
                    shapes[name] = slots[slot]!.shape;
            });
            return new(steps, shapes, result, null);
        }
        catch (InputException failure)
        {
            return new(steps, shapes, [], failure);
        }
    }

    /// <summary>The first axis becomes what is left; an axis that was left before gets the size that it has.</summary>
    private NodeProto? FreeReshape(NodeProto step, Trace once)
    {
        // The graph's own node, which the one that ran may be a copy of.
        var node = graph.Node.First(node => node.Output.Contains(step.Output[0]));
        var shape = once.Shapes[node.Output[0]];
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
    private NodeProto? RepeatConstants(NodeProto step, GraphIndex index, int rank, long batch)
    {
        var node = graph.Node.First(node => node.Output.Contains(step.Output[0]));
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
        foreach (var part in repeat)
        {
            part.Name = part.Output[0];
            graph.Node.Insert(graph.Node.IndexOf(node), part);
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
