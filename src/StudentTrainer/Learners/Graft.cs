using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Operators;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Learners;

/// <summary>
/// A student's body with a teacher's head: the student up to one of its tensors, a projection, and the teacher from one of its tensors on, with
/// the teacher's weights. Trained to give that tensor, the student needs no classifier of its own. Chen et al., "Knowledge distillation with the
/// reused teacher classifier" (SimKD), CVPR 2022, section 3; their projection is a stack of convolutions, this one a layer or two of single pixels.
/// </summary>
internal static class Graft
{
    /// <summary>The tensor that the head takes: what the projection gives.</summary>
    public const string Projector = "projector";

    private const string HeadPrefix = "head/";

    /// <summary>Joins the two.</summary>
    /// <param name="body">The student.</param>
    /// <param name="at">The tensor of it that is projected.</param>
    /// <param name="teacher">The teacher.</param>
    /// <param name="from">The tensor of it that the projection takes the place of.</param>
    /// <param name="form">The projection: <c>linear</c> or <c>mlp</c>.</param>
    /// <param name="sampleShape">The shape of a sample.</param>
    /// <param name="seed">Decides the projection's weights.</param>
    /// <exception cref="InputException">A tensor is not there or cannot be projected, or the teacher's head takes more than it.</exception>
    /// <exception cref="UnsupportedModelException">The two use different versions of an operator, or the head cannot be run by the trainer.</exception>
    public static OnnxModel Build(
        OnnxModel body, string at, OnnxModel teacher, string from, string form, IReadOnlyList<int> sampleShape, ulong seed)
    {
        var (own, given) = (Shape(body, at, sampleShape), Shape(teacher, from, sampleShape));
        var lower = Slice(body.Proto.Graph, at, null);
        var output = LogitTrace.Find(teacher.Proto.Graph, null, teacher.Path ?? "the teacher").Output;
        var upper = Slice(teacher.Proto.Graph, output, from);
        if (upper.Count == 0 || upper.SelectMany(node => node.Input).Intersect(teacher.Proto.Graph.Input.Select(input => input.Name)).Any())
            throw new InputException(
                "The teacher's head cannot be cut off here.", $"tensor '{from}' of the teacher",
                upper.Count == 0 ? "nothing behind it" : "a head that takes the samples too", "a tensor that all of the output comes from",
                "name one nearer to the output");
        var model = new ModelProto(body.Proto)
        {
            // What a front of the body feeds is declared among the tensors between.
            Graph = new GraphProto { Name = body.Proto.Graph.Name, Input = { body.Proto.Graph.Input }, ValueInfo = { body.Proto.Graph.ValueInfo } },
            OpsetImport = { },
        };
        model.OpsetImport.Clear();
        model.OpsetImport.Add(new OperatorSetIdProto { Version = CommonVersion(body, lower, teacher, upper) });
        model.IrVersion = Math.Max(body.Proto.IrVersion, teacher.Proto.IrVersion);
        Copy(body.Proto.Graph, lower, model.Graph, name => name);
        Projection.Insert(new GraphExtension(model.Graph, seed), form, at, own, given, StudentGraph.ChannelAxisOf(body.Proto.Graph, at, own.Length), Projector);
        Copy(teacher.Proto.Graph, upper, model.Graph, name => name == from ? Projector : name == output ? output : HeadPrefix + name);
        model.Graph.Output.Add(teacher.Proto.Graph.Output.Single(value => value.Name == output));
        return OnnxModel.FromProto(model);
    }

    /// <summary>The nodes that a tensor comes from, in the order of the graph.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="to">The tensor.</param>
    /// <param name="from">Where to stop; <c>null</c>: at the inputs.</param>
    private static List<NodeProto> Slice(GraphProto graph, string to, string? from)
    {
        var (index, wanted, seen) = (new GraphIndex(graph), new Stack<string>([to]), new HashSet<NodeProto>(ReferenceEqualityComparer.Instance));
        while (wanted.TryPop(out var tensor))
        {
            if (tensor == from || index.Producer(tensor) is not { } node || !seen.Add(node))
                continue;
            foreach (var input in node.Input)
                wanted.Push(input);
        }
        return [.. graph.Node.Where(seen.Contains)];
    }

    private static void Copy(GraphProto from, IReadOnlyList<NodeProto> nodes, GraphProto to, Func<string, string> rename)
    {
        var read = nodes.SelectMany(node => node.Input).ToHashSet(StringComparer.Ordinal);
        foreach (var tensor in from.Initializer.Where(tensor => read.Contains(tensor.Name)))
            to.Initializer.Add(new TensorProto(tensor) { Name = rename(tensor.Name) });
        foreach (var node in nodes)
        {
            var copy = new NodeProto(node) { Name = rename(node.Name) };
            Rename(copy.Input, rename);
            Rename(copy.Output, rename);
            to.Node.Add(copy);
        }
    }

    private static void Rename(IList<string> names, Func<string, string> rename)
    {
        for (var i = 0; i < names.Count; i++)
            names[i] = names[i].Length == 0 ? "" : rename(names[i]);
    }

    /// <summary>The newer operator set of the two, if all operators mean the same there.</summary>
    private static long CommonVersion(OnnxModel body, IEnumerable<NodeProto> lower, OnnxModel teacher, IEnumerable<NodeProto> upper)
    {
        var (a, b) = (Version(body), Version(teacher));
        var version = Math.Max(a, b);
        var changed = lower.Select(node => (node, Own: a)).Concat(upper.Select(node => (node, Own: b)))
            .FirstOrDefault(use => OperatorTable.Find(use.node.OpType, use.Own) != OperatorTable.Find(use.node.OpType, version));
        return changed.node is null ? version : throw new UnsupportedModelException(
            "A student and a teacher's head cannot be joined: an operator changed its meaning between their operator sets.",
            $"operator {changed.node.OpType}", $"sets {a} and {b}", "sets in which it means the same", "export the teacher with another operator set");
    }

    private static int Version(OnnxModel model) => StudentGraph.Import(model, StudentImport.Default).Version;

    /// <summary>The shape of a tensor for one sample, seen on two samples of zeros.</summary>
    private static long[] Shape(OnnxModel model, string tensor, IReadOnlyList<int> sampleShape)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var graph = StudentGraph.Import(model, StudentImport.Default with { Taps = [tensor] });
        graph.FreeBatch(sampleShape);
        graph.RequireTensor(tensor);
        var program = graph.Compile(tensor);
        using var weights = WeightSet.Load(program.Plan, CPU, trainable: false);
        var value = program.Run(weights, zeros([2, .. sampleShape.Select(size => (long)size)]), training: false)[0];
        return value.ndim >= 2 && value.shape[0] == 2 ? value.shape[1..] : throw new InputException(
            "A tensor does not hold something for each sample.", $"tensor '{tensor}'", $"{Shapes.Format(value.shape)} for 2 samples", "[2, ...]",
            "choose another tensor");
    }
}
