using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using AttributeType = Onnx.AttributeProto.Types.AttributeType;

namespace OnnxKd.StudentTrainer.Export;

/// <summary>An output that a student learned.</summary>
/// <param name="Output">The output's name in its graph.</param>
/// <param name="Scores">The tensor that holds what was learned: logits, values, an embedding.</param>
/// <param name="Layout">How that tensor lies.</param>
/// <param name="AreProbabilities">Whether it holds probabilities in place of logits.</param>
public sealed record LearnedOutput(string Output, string Scores, RowLayout Layout, bool AreProbabilities = false);

/// <summary>
/// Gives a student the interface of its teacher, so that a session that was written for the teacher runs the student: the same names, types and
/// layout of input and output, and the same function between scores and output.
/// </summary>
public sealed class TeacherInterface
{
    /// <summary>What names of what is added begin with.</summary>
    internal const string Prefix = "interface";


    // From here on Softmax works along one axis, whatever the shape.
    private const long FirstOpset = 13;

    private readonly ModelProto model;
    private readonly GraphProto graph;
    private readonly GraphNames names;

    private TeacherInterface(ModelProto model) => (this.model, graph, names) = (model, model.Graph, new(model.Graph));

    /// <summary>Changes a student's interface.</summary>
    /// <param name="student">The student, not changed. Its input takes samples of the shape as floats, or as integers; or it has the inputs of the teacher already: <see cref="NamedInputs"/>.</param>
    /// <param name="learned">What it learned, for each output of the teacher.</param>
    /// <param name="teacher">What is offered.</param>
    /// <param name="sampleShape">The shape of one sample.</param>
    /// <returns>The student behind the teacher's interface.</returns>
    /// <exception cref="UnsupportedModelException">The student is of too old an operator set, or does not take the sample.</exception>
    /// <exception cref="InputException">It gives something else than the teacher: another number of columns, or other positions.</exception>
    public static OnnxModel Offer(OnnxModel student, IReadOnlyList<LearnedOutput> learned, ModelInterface teacher, IReadOnlyList<int> sampleShape)
    {
        RequirePossible(student);
        var proto = student.Proto.Clone();
        var offering = new TeacherInterface(proto);
        // Named inputs were offered before: NamedInputs.
        if (!teacher.TakesParts)
        {
            offering.OfferInput(teacher.Inputs.First(input => input.Constant is null), sampleShape);
            NamedInputs.AddUnread(proto.Graph, teacher.Inputs);
        }
        offering.OfferOutputs(learned, teacher);
        return OnnxModel.FromProto(proto);
    }

    /// <summary>Refuses a model that another interface cannot be given to.</summary>
    /// <exception cref="UnsupportedModelException">It is of too old an operator set.</exception>
    public static void RequirePossible(OnnxModel student)
    {
        var version = student.Proto.OwnVersion() ?? 0;
        if (version < FirstOpset)
            throw new UnsupportedModelException(
                "The student cannot be given its teacher's interface.", student.Path, $"operator set {version}", $"{FirstOpset} or newer",
                "set export.interface: own, or export the student with a newer operator set");
    }

    /// <summary>Whether a student gives as much as its teacher: as many columns (two classes are one column as well) at the same positions.</summary>
    /// <param name="own">How what the student learned lies.</param>
    /// <param name="wanted">The teacher's output.</param>
    public static bool Fits(RowLayout own, InterfaceOutput wanted) =>
        own.PositionShape.SequenceEqual(wanted.Layout.PositionShape) && (own.Classes == wanted.Columns || IsOfTwoClasses(own, wanted));

    /// <summary>Whether an output holds probabilities, as a student may that gives them from within its graph.</summary>
    internal static bool GivesProbabilities(InterfaceOutput wanted) => wanted.Activation is HeadActivation.Softmax or HeadActivation.Sigmoid or HeadActivation.SigmoidOfScores;

    private void OfferInput(InterfaceInput wanted, IReadOnlyList<int> sampleShape)
    {
        var input = new GraphIndex(graph).Inputs.Single();
        var (own, type) = (input.ShapeOf()!, TensorTypes.TryElementType(input.DataTypeOf(), out var known) ? known : ElementType.Float32);
        var (fed, taken) = (Fit(wanted.Shape.Skip(1).Select(axis => new Dim(axis.Size, axis.Name))), Fit(own.Skip(1)));
        if (wanted.Name != input.Name)
            names.Free(wanted.Name);
        if (wanted.Type == type && fed.SequenceEqual(taken))
            names.Rename(input.Name, wanted.Name);
        else
        {
            var read = names.Take($"{Prefix}/input");
            names.RenameReaders(input.Name, read);
            input.Name = wanted.Name;
            var nodes = new List<NodeProto>();
            var last = wanted.Name;
            if (wanted.Type != type)
                last = Extend(nodes, "Cast", "input.cast", [last], To(type));
            if (!fed.SequenceEqual(taken))
                last = Extend(nodes, "Reshape", "input.reshape", [last, Shape("input.shape", taken)]);
            nodes[^1].Output[0] = read;
            foreach (var (index, node) in nodes.Index())
                graph.Node.Insert(index, node);
        }

        var axes = own.Count == wanted.Shape.Count && fed.SequenceEqual(taken)
            ? own.Skip(1).Zip(wanted.Shape.Skip(1), (mine, theirs) => theirs.Size is { } size ? size : mine)
            : fed.Select(size => new Dim(size));
        input.Type = ValueInfo.Create("", wanted.Type, [new Dim(null, wanted.Shape[0].Name ?? "N"), .. axes]).Type;

        IReadOnlyList<long> Fit(IEnumerable<Dim> dims) => SampleFit.Find([.. dims], sampleShape) ?? throw new UnsupportedModelException(
            "Teacher and student do not take the same sample.", $"input '{input.Name}'", Shapes.Format(sampleShape));
    }

    private void OfferOutputs(IReadOnlyList<LearnedOutput> learned, ModelInterface teacher)
    {
        var wanted = teacher.Outputs;
        if (wanted.All(output => output is null) && teacher.Labels.Count == 0)
            return;
        // Another output may have the name that one gets: all that is made is named when everything is made.
        string[] made =
        [
            .. learned.Zip(wanted, (own, output) => output is null ? own.Scores : Make(own, output)),
            .. teacher.Labels.Select(label => ClassLabels.Make(graph, names, learned[label.Of], label)),
        ];
        var kept = learned.Zip(wanted).Select((pair, i) => pair.Second is null && graph.Output.FirstOrDefault(value => value.Name == pair.First.Output) is { } own
            // What only says what is decided says it by the label.
            && (TensorTypes.IsFloat(own.DataTypeOf()) || teacher.Labels.All(label => label.Of != i)) ? own : null).ToArray();
        var offered = new OfferedOutputs(model, names, made);
        var (outputs, order) = (new List<ValueInfoProto>(), teacher.Order.ToList());
        foreach (var (i, output) in wanted.Index())
            outputs.AddRange(output is not null ? offered.Declare(i, output) : kept[i] is { } own ? [own] : []);
        outputs.AddRange(teacher.Labels.Select((label, i) => offered.Declare(wanted.Count + i, label)));
        graph.Output.Clear();
        // Whoever reads outputs by their place finds each where the teacher has it.
        graph.Output.AddRange(outputs.OrderBy(output => order.IndexOf(output.Name) is var place and >= 0 ? place : int.MaxValue));
        RemoveUnread();
    }

    /// <summary>Adds what leads from what was learned to what is wanted.</summary>
    /// <returns>The tensor that holds it.</returns>
    private string Make(LearnedOutput learned, InterfaceOutput wanted)
    {
        var layout = learned.Layout;
        RequireSame(learned, wanted);
        var (last, nodes, dims) = (learned.Scores, new List<NodeProto>(), layout.Dims.ToArray());
        if (IsOfTwoClasses(layout, wanted))
        {
            // softmax([a, b]) = [1 − σ(b − a), σ(b − a)]
            var (first, second) = (Column(0), Column(1));
            last = learned.AreProbabilities ? second : Extend(nodes, "Sub", "output.difference", [second, first]);
            dims[layout.ClassAxis] = 1;
        }

        // Before the activation, so that whoever looks for the logits behind the output finds them.
        var axis = layout.ClassAxis + 1;
        if (layout.PositionsBefore != wanted.Layout.PositionsBefore)
        {
            var order = layout.OrderWithClassesAfter(wanted.Layout.PositionsBefore).ToList();
            last = Extend(nodes, "Transpose", "output.transpose", [last], new AttributeProto { Name = "perm", Type = AttributeType.Ints, Ints = { order } });
            (dims, axis) = ([.. order.Skip(1).Select(from => dims[from - 1])], order.IndexOf(axis));
        }

        if (learned.AreProbabilities)
        {
            // They are what is wanted: RequireSame.
        }
        else if (wanted.Activation is HeadActivation.Softmax or HeadActivation.LogSoftmax)
            last = Extend(nodes, $"{wanted.Activation}", "output.activation", [last], Integer("axis", axis));
        else if (wanted.Activation == HeadActivation.Sigmoid)
            last = Extend(nodes, "Sigmoid", "output.activation", [last]);
        else if (wanted.Activation == HeadActivation.SigmoidOfScores)
            last = OfScores(nodes, last, layout.Classes, axis);
        if (!dims.SequenceEqual(wanted.Dims))
            last = Extend(nodes, "Reshape", "output.reshape", [last, Shape("output.shape", wanted.Dims)]);
        if (wanted.Type != ElementType.Float32)
            last = Extend(nodes, "Cast", "output.cast", [last], To(wanted.Type));
        graph.Node.AddRange(nodes);
        return last;

        string Column(int at)
        {
            var index = names.Take($"{Prefix}/output.class{at}");
            graph.Initializer.Add(TensorData.Create(index, [(long)at], 1));
            return Extend(nodes, "Gather", $"output.column{at}", [last, index], Integer("axis", layout.ClassAxis + 1));
        }
    }

    /// <summary>Probabilities behind the boxes of a detector head.</summary>
    private string OfScores(List<NodeProto> nodes, string last, int columns, int axis)
    {
        var (parts, scores) = (names.Take($"{Prefix}/output.parts"), names.Take($"{Prefix}/output.scores"));
        graph.Initializer.Add(TensorData.Create(parts, [(long)DetectorForm.BoxColumns, columns - DetectorForm.BoxColumns], 2));
        var box = Extend(nodes, "Split", "output.box", [last, parts], Integer("axis", axis));
        nodes[^1].Output.Add(scores);
        return Extend(
            nodes, "Concat", "output.joined", [box, Extend(nodes, "Sigmoid", "output.activation", [scores])], Integer("axis", axis));
    }

    private static bool IsOfTwoClasses(RowLayout own, InterfaceOutput wanted) => own.Classes == 2 && wanted.Columns == 1;

    private static void RequireSame(LearnedOutput learned, InterfaceOutput wanted)
    {
        var own = learned.Layout;
        if (learned.AreProbabilities && !GivesProbabilities(wanted))
            throw new InputException(
                "The student gives probabilities where its teacher gives something else, so that it cannot stand in for it.", $"output '{wanted.Name}' of the teacher",
                "probabilities from the student", wanted.Activation == HeadActivation.None ? "logits" : $"what {wanted.Activation} gives", "set export.interface: own");
        if (!Fits(own, wanted))
            throw new InputException(
            "The student does not give what its teacher gives, so that it cannot stand in for it.", $"output '{wanted.Name}' of the teacher",
            $"{Shapes.Format([.. own.PositionShape, own.Classes])} from the student", Shapes.Format([.. wanted.Layout.PositionShape, wanted.Columns]),
            "set export.interface: own");
    }

    /// <summary>What led to the student's own output is left out, if nothing reads it any more.</summary>
    private void RemoveUnread()
    {
        var read = graph.Output.Select(output => output.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var node in graph.Node.Reverse().ToArray())
        {
            if (!node.Output.Any(read.Contains) && !ReadsWithin(graph, node.Output))
                graph.Node.Remove(node);
            else
                read.UnionWith(node.Input);
        }
    }

    private static bool ReadsWithin(GraphProto graph, IEnumerable<string> outputs)
    {
        var inner = graph.Node.SelectMany(node => node.Attribute).SelectMany(attribute => attribute.Graphs.Prepend(attribute.G)).OfType<GraphProto>().ToArray();
        return inner.Any(sub => sub.Node.Any(node => node.Input.Any(outputs.Contains)) || sub.Output.Any(output => outputs.Contains(output.Name)) || ReadsWithin(sub, outputs));
    }

    private string Extend(List<NodeProto> nodes, string operation, string name, IEnumerable<string> inputs, params IEnumerable<AttributeProto> attributes)
    {
        var made = names.Take($"{Prefix}/{name}");
        nodes.Add(new NodeProto { OpType = operation, Name = made, Input = { inputs }, Output = { made }, Attribute = { attributes } });
        return made;
    }

    /// <summary>A shape of which the batch is free.</summary>
    private string Shape(string name, IEnumerable<long> dims)
    {
        var made = names.Take($"{Prefix}/{name}");
        long[] shape = [-1, .. dims];
        graph.Initializer.Add(TensorData.Create(made, shape, shape.Length));
        return made;
    }

    private static AttributeProto To(ElementType type) => Integer("to", type.ToDataType());

    internal static AttributeProto Integer(string name, long value) => new() { Name = name, Type = AttributeType.Int, I = value };
}
