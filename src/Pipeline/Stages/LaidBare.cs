using Onnx;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.TeacherRunner.Sessions;

namespace OnnxKd.Pipeline.Stages;

/// <summary>A model in which every tensor that is read is an output, so that its other outputs can be compared with it.</summary>
/// <param name="Model">The model; the one that was given, if it has them all.</param>
/// <param name="Readings">What is read: outputs.</param>
/// <param name="Inner">Those of them that are no outputs of the file.</param>
internal sealed record LaidBare(OnnxModel Model, IReadOnlyList<ModelReading> Readings, IReadOnlyCollection<string> Inner)
{
    /// <summary>Makes one.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="readings">What is read.</param>
    public static LaidBare Open(OnnxModel model, IReadOnlyList<ModelReading> readings)
    {
        var (read, inner, file) = (new List<ModelReading>(), new HashSet<string>(StringComparer.Ordinal), model.Proto);
        foreach (var reading in readings)
        {
            var tensor = OutputBehind(file.Graph, reading.Tensor);
            if (!IsInner(file.Graph, tensor))
            {
                read.Add(reading with { Tensor = tensor });
                continue;
            }

            var trace = LogitTrace.Find(file.Graph, tensor, model.Path ?? "");
            (model, var output) = model.WithOutput(graph => GraphEdits.AddOutput(graph, trace.Output));
            inner.Add(output);
            read.Add(reading with { Tensor = output, Kind = reading.Kind ?? KindEvidence.OfModel(file, tensor, trace)?.Kind });
        }

        // Beside further outputs the only one has to be named.
        if (inner.Count > 0 && read.FindIndex(reading => reading.Tensor is null) is >= 0 and var unnamed)
            read[unnamed] = read[unnamed] with { Tensor = LogitTrace.Find(file.Graph, null, model.Path ?? "").Output };
        return new(model, read, inner);
    }

    /// <summary>Whether what is read is inside a graph, where a node gives it.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="tensor">What was named; <c>null</c>: the only float output, or what its outputs' decisions are made by.</param>
    public static bool IsInner(GraphProto graph, string? tensor) => tensor is null
        ? LogitTrace.DecisionOf(graph) is not null
        : graph.Output.All(output => output.Name != tensor) && new GraphIndex(graph).Producer(tensor) is not null;

    /// <summary>The output whose scores a tensor inside the graph holds.</summary>
    private static string? OutputBehind(GraphProto graph, string? tensor) =>
        tensor is null || graph.Output.Any(output => output.Name == tensor) ? tensor
        : graph.Output.FirstOrDefault(output => LogitTrace.Find(graph, output.Name, "") is var trace && (trace.Logits == tensor || trace.Source == tensor))?.Name ?? tensor;
}
