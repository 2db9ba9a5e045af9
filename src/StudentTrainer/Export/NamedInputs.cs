using System.Runtime.InteropServices;
using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using AttributeType = Onnx.AttributeProto.Types.AttributeType;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.StudentTrainer.Export;

/// <summary>
/// Gives a student that was trained behind a front (<see cref="InputFront"/>) its named inputs again: its own, or in names, types and shapes those of its
/// teacher. Texts become the numbers that the student learned on inside the file, and so does preprocessing.
/// </summary>
public sealed class NamedInputs
{
    private const string Prefix = "interface";
    private const string TextDomain = "ai.onnx.ml";
    private const long TextOpset = 3;

    private readonly ModelProto model;
    private readonly GraphProto graph;
    private readonly GraphNames names;
    private readonly SampleShape sample;
    private readonly ChannelSteps steps;

    private NamedInputs(ModelProto model, SampleShape sample, Preprocessing inside, IReadOnlyList<float>? fillers)
    {
        (this.model, graph, names, this.sample) = (model, model.Graph, new(model.Graph), sample);
        steps = inside.Steps().Spread(sample[0], 1) with { Fillers = fillers?.ToArray() };
    }

    /// <summary>Takes the front away, and offers inputs.</summary>
    /// <param name="student">The student; not changed.</param>
    /// <param name="sample">One sample.</param>
    /// <param name="feeds">What the student's inputs are fed with otherwise than by name.</param>
    /// <param name="teacher">The inputs of the teacher, whose place it is to take; <c>null</c>: its own.</param>
    /// <param name="inside">Preprocessing that is put inside: a number for each value of the row, or one for all.</param>
    /// <param name="fillers">What missing values (NaN) of inputs of floats become before that, one for each value of the row; NaN: nothing; <c>null</c>: none becomes anything.</param>
    public static OnnxModel Offer(
        OnnxModel student, SampleShape sample, InputFeeds feeds, IReadOnlyList<InterfaceInput>? teacher, Preprocessing inside, IReadOnlyList<float>? fillers = null)
    {
        var proto = student.Proto.Clone();
        InputFront.Remove(proto);
        if (sample.Parts.Count > 0)
            new NamedInputs(proto, sample, inside, fillers).Offer(feeds, teacher);
        return student.With(proto);
    }

    /// <summary>Adds inputs that nothing reads, which a session feeds that was written for a model with them.</summary>
    internal static void AddUnread(GraphProto graph, IEnumerable<InterfaceInput> inputs)
    {
        foreach (var input in inputs)
            if (graph.Input.All(own => own.Name != input.Name))
                graph.Input.Add(Declare(input.Name, TypeOf(input), [.. input.Shape.Select(axis => new Dim(axis.Size, axis.Name))]));
    }

    private void Offer(InputFeeds feeds, IReadOnlyList<InterfaceInput>? teacher)
    {
        var own = new GraphIndex(graph).Inputs.ToArray();
        var offers = own.Where(input => feeds.Of(input.Name) is not { From: null }).Select(input => (
            Input: input, Part: sample.Find(feeds.Of(input.Name)?.From ?? InputFront.PartFor(input.Name))!)).Select(own =>
        {
            var wanted = teacher?.FirstOrDefault(wanted => wanted.Part == own.Part.Name);
            return (own.Input, own.Part, Wanted: wanted, Name: wanted?.Name ?? InputFront.PartFor(own.Input.Name));
        }).ToArray();
        // Names that are wanted may be taken by other tensors.
        foreach (var offer in offers.Where(offer => offer.Name != offer.Input.Name))
            names.Free(offer.Name);
        var nodes = new List<NodeProto>();
        foreach (var (input, part, wanted, name) in offers)
            Offer(input, part, wanted, name, nodes);
        foreach (var (index, node) in nodes.Index())
            graph.Node.Insert(index, node);
        AddUnread(graph, teacher ?? []);
    }

    private void Offer(ValueInfoProto input, SamplePart part, InterfaceInput? wanted, string name, List<NodeProto> nodes)
    {
        Dim[] own = [.. input.ShapeOf()!];
        var type = wanted is not null ? TypeOf(wanted) : part.IsText ? DataType.String : (DataType)input.DataTypeOf();
        Dim[] given = wanted is null ? own : [.. wanted.Shape.Select(axis => new Dim(axis.Size, axis.Name))];
        var (fed, taken) = (Fit(given, part, input), Fit(own, part, input));
        var (held, made) = (type, new List<NodeProto>());
        var last = name;
        if (type == DataType.String && (DataType)input.DataTypeOf() != DataType.String)
            (last, held) = (Encode(made, input.Name, part, last), DataType.Int64);
        // Nothing is missing among integers and texts.
        if (!(type is DataType.Float or DataType.Double or DataType.Float16 or DataType.Bfloat16 ? steps : steps with { Fillers = null }).Keep(part.Offset, part.Elements))
            (last, held) = (Preprocess(made, input.Name, Typed(made, input.Name, last, held, DataType.Float), part, fed), DataType.Float);

        last = Typed(made, input.Name, last, held, (DataType)input.DataTypeOf());
        if (!fed.SequenceEqual(taken))
        {
            var shape = TensorData.Create(names.Take($"{Prefix}/{input.Name}.shape"), [-1L, .. taken], 1 + taken.Count);
            graph.Initializer.Add(shape);
            last = Extend(made, "Reshape", $"{input.Name}.reshaped", [last, shape.Name]);
        }

        if (made.Count == 0)
            names.Rename(input.Name, name);
        else
        {
            names.RenameReaders(input.Name, last);
            input.Name = name;
        }

        nodes.AddRange(made);
        var axes = fed.SequenceEqual(taken) && own.Length == given.Length
            ? own.Skip(1).Zip(given.Skip(1), (mine, theirs) => theirs.Size is { } size ? size : mine)
            : fed.Select(size => new Dim(size));
        input.Type = Declare(name, type, [own[0].IsDynamic ? new Dim(null, given[0].Name ?? own[0].Name ?? "N") : own[0], .. axes]).Type;
    }

    /// <summary>The number of each text; −1 for one that the student never saw.</summary>
    private string Encode(List<NodeProto> made, string input, SamplePart part, string from)
    {
        model.Import(TextDomain, TextOpset);
        var encoded = Extend(made, "LabelEncoder", $"{input}.encoded", [from]);
        made[^1].Domain = TextDomain;
        var keys = new AttributeProto { Name = "keys_strings", Type = AttributeType.Strings };
        keys.Strings.AddRange(part.Texts.Select(Google.Protobuf.ByteString.CopyFromUtf8));
        made[^1].Attribute.Add(
        [
            keys,
            new AttributeProto { Name = "values_int64s", Type = AttributeType.Ints, Ints = { Enumerable.Range(0, part.Texts.Count).Select(i => (long)i) } },
            new AttributeProto { Name = "default_int64", Type = AttributeType.Int, I = -1 },
        ]);
        return encoded;
    }

    private string Typed(List<NodeProto> made, string input, string from, DataType held, DataType wanted)
    {
        if (held == wanted)
            return from;
        var typed = Extend(made, "Cast", $"{input}.cast", [from]);
        made[^1].Attribute.Add(new AttributeProto { Name = "to", Type = AttributeType.Int, I = (long)wanted });
        return typed;
    }

    private string Preprocess(List<NodeProto> made, string input, string from, SamplePart part, IReadOnlyList<long> dims)
    {
        return new PreprocessingNodes(
            steps.Of(part.Offset, part.Elements), (operation, name, inputs) => Extend(made, operation, $"{input}.{name}", inputs), Numbers,
            name => Numbers(name, [1]), Condition).Write(from);

        string Numbers(string name, float[] own)
        {
            var isSame = Array.TrueForAll(own, value => value == own[0]);
            return Keep(TensorData.Create(names.Take($"{Prefix}/{input}.{name}"), isSame ? [own[0]] : own, isSame ? [] : [.. dims]));
        }

        string Condition(string name, bool[] own) =>
            Keep(TensorData.Create(names.Take($"{Prefix}/{input}.{name}"), ElementType.Bool, MemoryMarshal.AsBytes<bool>(own), [.. dims]));
    }

    private string Keep(TensorProto constant)
    {
        graph.Initializer.Add(constant);
        return constant.Name;
    }

    private string Extend(List<NodeProto> nodes, string operation, string name, IEnumerable<string> inputs)
    {
        var made = names.Take($"{Prefix}/{name}");
        nodes.Add(new NodeProto { OpType = operation, Name = made, Input = { inputs }, Output = { made } });
        return made;
    }

    private static IReadOnlyList<long> Fit(Dim[] dims, SamplePart part, ValueInfoProto input) => SampleFit.Find(dims[1..], part.Shape) ?? throw new UnsupportedModelException(
        "Teacher and student do not take the same input.", $"input '{input.Name}'", $"{part}", Shapes.Format(dims), "set export.interface: own");

    private static DataType TypeOf(InterfaceInput input) => input.IsText == true ? DataType.String : (DataType)input.Type.ToDataType();

    private static ValueInfoProto Declare(string name, DataType type, Dim[] dims)
    {
        var value = ValueInfo.Create(name, ElementType.Float32, dims);
        value.Type.TensorType.ElemType = (int)type;
        return value;
    }
}
