using Onnx;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.TeacherRunner.Logits;

namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>How one tensor is read from a session.</summary>
/// <param name="Head">What it holds.</param>
/// <param name="Layout">How it lies in the model.</param>
/// <param name="Picking">What of it the session gives; <c>null</c>: all.</param>
/// <param name="IsScalar">Whether it has no axis but the batch.</param>
internal sealed record OutputPlan(LogitHead Head, RowLayout Layout, Picking? Picking = null, bool IsScalar = false)
{
    /// <summary>The output that a session reads who does not look inside the graph; <c>null</c>: none was asked for, or it is laid out otherwise.</summary>
    public GivenOutput? Given { get; init; }

    /// <summary>What the caller gets.</summary>
    public ModelOutput Output { get; } = new(Head.Tensor, Head.Kind, Head.Kind == StreamKind.Feature
        ? [.. Layout.Dims.Select(d => (int)d)]
        : [.. Layout.PositionShape, Head.Columns(Layout.Classes)])
    { Picks = Picking?.Storage, Evidence = Head.Evidence, Detector = Head.Detector, AreProbabilities = Head.AreProbabilities };

    /// <summary>Whether the session gives the tensor with nothing done to it.</summary>
    public bool IsReadAsItIs => Permutation is null && Picking is null;

    /// <summary>The shape that the session writes for a batch.</summary>
    public long[] ShapeOf(int rows)
    {
        if (IsScalar)
            return [rows];
        long[] shape = [rows, .. Layout.Dims];
        if (Permutation is { } permutation)
            shape = [.. permutation.Select(axis => shape[axis])];
        if (Picking is not null)
            shape[^1] = Picking.Storage.PickedValues;
        return shape;
    }

    /// <summary>Values that the session writes for a batch.</summary>
    public int Written(int rows) => rows * (Picking is null ? Layout.Elements : Output.ValuesPerRun);

    /// <summary>Makes the tensor an output of the graph, as floats with the classes last.</summary>
    /// <returns>The output's name.</returns>
    public string AddTo(GraphProto graph) => GraphEdits.AddOutput(graph, Head.Tensor, Permutation, Picking);

    /// <summary>Turns what the session wrote into what the caller gets, in place.</summary>
    public void Finish(Span<float> values, int rows) => Head.Apply(values, rows * Layout.Positions);

    private long[]? Permutation => Picking is null && Layout.IsClassLast ? null : Layout.Permutation;
}
