using System.Runtime.InteropServices;
using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Signals;
using AttributeType = Onnx.AttributeProto.Types.AttributeType;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>
/// An output of a built-in student: which columns of the last layer are its own, and what comes behind them where it gives no class scores and
/// learns what its teacher gives: the scale of values, the division of an embedding by its length.
/// </summary>
/// <param name="Name">Its name, where there are several.</param>
/// <param name="Columns">How many columns.</param>
/// <param name="IsUnitLength">Whether the teacher's embedding is divided by its length.</param>
/// <param name="Scale">Of values: what the last layer's are multiplied by, and what is added then; <c>null</c>: nothing.</param>
/// <param name="Anchors">Of a detector head: what its anchors are like; <c>null</c>: it is none.</param>
internal sealed record OutputHead(string Name, int Columns, bool IsUnitLength = false, ColumnStatistics? Scale = null, AnchorStatistics? Anchors = null)
{
    private const string Logits = CacheStream.Answer; // what built-in students call their output
    private const string Joined = "output.joined";
    private const int MostOfVector = 1_000;

    // Of logarithms: beyond it lies nothing that was learned, and exponentials would soon be infinite.
    private const float FarthestDeviations = 10;

    /// <summary>Positions of what it learns from, where the architecture gives one vector: it has columns for each of them then.</summary>
    public int Positions { get; init; } = 1;

    /// <summary>Builds a student with its outputs.</summary>
    /// <param name="architecture">Builds a built-in architecture of so many columns.</param>
    /// <param name="heads">The outputs; one or more.</param>
    /// <exception cref="InputException">A name is taken by another tensor of the student; or it gives other positions than a detector has anchors.</exception>
    public static OnnxModel Build(Func<int, OnnxModel> architecture, IReadOnlyList<OutputHead> heads)
    {
        if (heads is [{ Anchors: { } anchors } detector])
            return DetectorHead.Build(architecture, detector.Columns, anchors);
        if (heads.FirstOrDefault(head => head.Anchors is not null) is { } beside)
            throw new InputException(
                "A built-in student of a detector head has no other output.", "student.outputs", $"{heads.Count} outputs, '{beside.Name}' among them", "one",
                "train the outputs apart, or use a student from a file");
        var model = architecture(heads.Sum(head => head.Columns));
        var isVector = model.Proto.Graph.Output.Single().ShapeOf() is { Count: 2 };
        var all = heads.Sum(head => (long)head.Columns * head.Positions);
        return isVector && all <= MostOfVector && heads.Any(head => head.Positions > 1)
            ? Attach(architecture((int)all), heads)
            : Attach(model, [.. heads.Select(head => head with { Positions = 1 })]);
    }

    /// <summary>Gives a student its outputs. Several share one last layer, whose columns are theirs in turn: to each it is a layer of its own.</summary>
    /// <param name="student">A built-in student with as many columns as all outputs together; not changed.</param>
    /// <param name="heads">The outputs; one or more.</param>
    /// <exception cref="InputException">A name is taken by another tensor of the student.</exception>
    public static OnnxModel Attach(OnnxModel student, IReadOnlyList<OutputHead> heads)
    {
        if (heads is [{ IsPlain: true }])
            return student;
        var proto = student.Proto.Clone();
        var (graph, output) = (proto.Graph, proto.Graph.Output.Single());
        // Of a map [N, columns, height, width] the columns are axis 1; of frames they are the last.
        var axesBehind = output.ShapeOf() is { Count: > 3 } shape ? shape.Count - 2 : 0;
        if (heads is [var only])
        {
            if (only.Positions > 1)
                Rename(graph, Joined);
            var name = only.Finish(
                graph, only.Positions > 1 ? Joined : Logits, "output.", only.Scale is not null ? "values" : only.IsUnitLength ? "embedding" : Logits, axesBehind);
            graph.Output[0] = ValueInfo.Create(name, ElementType.Float32, only.ShapeOf(output.ShapeOf()!, axesBehind));
            return OnnxModel.FromProto(proto);
        }

        RequireNames(graph, heads);
        Split(graph, output, heads, axesBehind);
        return OnnxModel.FromProto(proto);
    }

    private static void Split(GraphProto graph, ValueInfoProto output, IReadOnlyList<OutputHead> heads, int axesBehind)
    {
        var axis = axesBehind > 0 ? 1 : output.ShapeOf()!.Count - 1;
        Rename(graph, Joined);
        graph.Initializer.Add(TensorData.Create("output.columns", [.. heads.Select(head => (long)head.Columns * head.Positions)], heads.Count));
        graph.Node.Add(new NodeProto
        {
            OpType = "Split", Name = "output.split", Input = { Joined, "output.columns" }, Output = { heads.Select(head => head.IsPlain ? head.Name : $"{head.Name}.part") },
            Attribute = { Integer("axis", axis) },
        });
        graph.Output.Clear();
        foreach (var head in heads)
        {
            if (!head.IsPlain)
                head.Finish(graph, $"{head.Name}.part", $"{head.Name}.", head.Name, axesBehind);
            graph.Output.Add(ValueInfo.Create(head.Name, ElementType.Float32, head.ShapeOf(output.ShapeOf()!, axesBehind)));
        }
    }

    private static void Rename(GraphProto graph, string name)
    {
        var last = graph.Node.First(node => node.Output.Contains(Logits));
        last.Output[last.Output.IndexOf(Logits)] = name;
    }

    /// <summary>Its shape, with the batch.</summary>
    /// <param name="last">The shape of the last layer.</param>
    /// <param name="axesBehind">How many axes come behind the columns.</param>
    private Dim[] ShapeOf(IReadOnlyList<Dim> last, int axesBehind)
    {
        Dim[] dims = [.. last];
        dims[axesBehind > 0 ? 1 : ^1] = new(Columns);
        return Positions > 1 ? [dims[0], new(Positions), dims[1]] : dims;
    }

    private static void RequireNames(GraphProto graph, IReadOnlyList<OutputHead> heads)
    {
        var taken = graph.Node.SelectMany(node => node.Output).Concat(graph.Input.Select(input => input.Name)).Where(name => name != Logits).ToHashSet();
        if (heads.FirstOrDefault(head => !taken.Add(head.Name)) is { } twice)
            throw new InputException(
                "Two tensors of the student have the same name.", "student.outputs", $"'{twice.Name}'", "a name that nothing else in the student has",
                "give the teacher's stream another name: outputs: { NAME: tensor }");
    }

    private bool IsPlain => IsLastLayer && Positions == 1;

    private bool IsLastLayer => !IsUnitLength && Scale is null;

    /// <summary>Adds what comes behind the last layer.</summary>
    /// <returns>The name of what it gives.</returns>
    private string Finish(GraphProto graph, string last, string prefix, string name, int axesBehind)
    {
        if (Positions > 1)
        {
            graph.Initializer.Add(TensorData.Create($"{prefix}positions.shape", [-1L, Positions, Columns], 3));
            last = Add(graph, "Reshape", IsLastLayer ? name : $"{prefix}positions", last, $"{prefix}positions.shape");
            if (IsLastLayer)
                return last;
        }

        if (Scale is not null)
        {
            var log = Scale.Scale.Log;
            if (log is not null)
                last = Add(graph, "Clip", $"{prefix}clipped", last, Number(graph, $"{prefix}least", -FarthestDeviations), Number(graph, $"{prefix}most", FarthestDeviations));
            last = Add(graph, "Mul", $"{prefix}scaled", last, Constant(graph, $"{prefix}deviation", [.. Scale.Scale.Deviations], axesBehind));
            last = Add(graph, "Add", log is null ? name : $"{prefix}moved", last, Constant(graph, $"{prefix}mean", [.. Scale.Means], axesBehind));
            return log is null ? last : PushOut(graph, log, last, prefix, name, axesBehind);
        }

        Add(graph, "LpNormalization", name, last);
        graph.Node[^1].Attribute.Add(Integer("axis", axesBehind > 0 ? 1 : -1));
        graph.Node[^1].Attribute.Add(Integer("p", 2));
        return name;
    }

    /// <summary>The inverse of the logarithm: sign(u) × (exp |u| − 1) × unit + centre, in columns that have a unit.</summary>
    private static string PushOut(GraphProto graph, SymmetricLog log, string last, string prefix, string name, int axesBehind)
    {
        var size = Add(graph, "Exp", $"{prefix}exponentials", Add(graph, "Abs", $"{prefix}sizes", last));
        size = Add(graph, "Sub", $"{prefix}far", size, Number(graph, $"{prefix}one", 1));
        var values = Add(graph, "Mul", $"{prefix}signed", size, Add(graph, "Sign", $"{prefix}signs", last));
        values = Add(graph, "Mul", $"{prefix}unscaled", values, Constant(graph, $"{prefix}unit", [.. log.Unit.Select(unit => (float)unit)], axesBehind));
        bool[] isLog = [.. log.Unit.Select(unit => unit > 0)];
        values = Add(graph, "Add", isLog.All(each => each) ? name : $"{prefix}pushed-out", values, Constant(graph, $"{prefix}centre", [.. log.Centre.Select(centre => (float)centre)], axesBehind));
        return isLog.All(each => each) ? values : Add(graph, "Where", name, Constant(graph, $"{prefix}is-log", TensorData.Create("", ElementType.Bool, MemoryMarshal.AsBytes(isLog.AsSpan()), ShapeOf(isLog.Length, axesBehind))), values, last);
    }

    private static AttributeProto Integer(string name, long value) => new() { Name = name, Type = AttributeType.Int, I = value };

    private static string Number(GraphProto graph, string name, float value) => Constant(graph, name, TensorData.Create("", [value]));

    // Constants, not weights: the last layer learns what they would.
    private static string Constant(GraphProto graph, string name, float[] values, int axesBehind) => Constant(graph, name, TensorData.Create("", values, ShapeOf(values.Length, axesBehind)));

    private static long[] ShapeOf(int columns, int axesBehind) => [columns, .. Enumerable.Repeat(1L, axesBehind)];

    private static string Constant(GraphProto graph, string name, TensorProto value)
    {
        graph.Node.Add(new NodeProto
        {
            OpType = "Constant", Name = name, Output = { name },
            Attribute = { new AttributeProto { Name = "value", Type = AttributeType.Tensor, T = ParameterPlan.Fix(value) } },
        });
        return name;
    }

    private static string Add(GraphProto graph, string operation, string name, params string[] inputs)
    {
        graph.Node.Add(new NodeProto { OpType = operation, Name = name, Input = { inputs }, Output = { name } });
        return name;
    }
}
