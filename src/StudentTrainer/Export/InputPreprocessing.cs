using System.Runtime.InteropServices;
using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;

namespace OnnxKd.StudentTrainer.Export;

/// <summary>
/// Puts preprocessing into a model, so that it takes samples as they are stored: a Mul and an Add behind its input, and what makes logarithms, in float32 where the input is
/// narrower, for the samples were preprocessed so while the model learned.
/// </summary>
public static class InputPreprocessing
{
    private const string Prefix = "preprocessing";

    // From here on Mul and Add broadcast as they do today, and then there are Sign, IsNaN and Where.
    private const int FirstBroadcastingOpset = 7;
    private const int FirstWhereOpset = 9;

    /// <summary>Puts it in.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="preprocessing">What is done to a sample before the model.</param>
    /// <param name="sampleShape">The shape of one sample.</param>
    /// <param name="fillers">What missing values (NaN) of a row become before that, one for each; NaN: nothing; <c>null</c>: none becomes anything.</param>
    /// <returns>The model with the preprocessing inside.</returns>
    /// <exception cref="UnsupportedModelException">It takes no floats, or is of too old an operator set.</exception>
    public static OnnxModel PutInside(OnnxModel model, Preprocessing preprocessing, IReadOnlyList<int> sampleShape, IReadOnlyList<float>? fillers = null)
    {
        RequirePossible(model, preprocessing.Log is not null || fillers is not null);
        preprocessing.Validate(sampleShape);
        var proto = model.Proto.Clone();
        var graph = proto.Graph;
        var input = new GraphIndex(graph).Inputs.Single();
        var isWide = TypeOf(input) == ElementType.Float64;
        var isNarrow = TypeOf(input) is ElementType.Float16 or ElementType.BFloat16;
        var names = new GraphNames(graph);
        var steps = preprocessing.Steps() with { Fillers = fillers?.ToArray() };
        var output = Free("output");
        names.RenameReaders(input.Name, output);
        var nodes = new List<NodeProto>();
        var last = input.Name;
        if (isNarrow)
            last = Cast(last, "widened", ElementType.Float32.ToDataType());
        last = new PreprocessingNodes(steps, Node, Constant, name => Constant(name, [1]), Condition).Write(last);
        if (isNarrow)
            last = Cast(last, "narrowed", input.DataTypeOf());
        nodes[^1].Output[0] = output;
        foreach (var (index, node) in nodes.Index())
            graph.Node.Insert(index, node);
        return OnnxModel.FromProto(proto);

        string Node(string operation, string name, string[] inputs)
        {
            var made = Free(name);
            nodes.Add(new NodeProto { OpType = operation, Name = Free(operation.ToLowerInvariant()), Input = { inputs }, Output = { made } });
            return made;
        }

        string Cast(string from, string name, int type)
        {
            var cast = Node("Cast", name, [from]);
            nodes[^1].Attribute.Add(new AttributeProto { Name = "to", Type = AttributeProto.Types.AttributeType.Int, I = type });
            return cast;
        }

        string Condition(string name, bool[] values)
        {
            var (laid, shape) = LayOut(values, preprocessing.ChannelAxis, sampleShape, input.ShapeOf()?.Skip(1).ToList());
            return Keep(TensorData.Create(Free(name), ElementType.Bool, MemoryMarshal.AsBytes<bool>(laid), shape));
        }

        string Keep(TensorProto constant)
        {
            graph.Initializer.Add(constant);
            return constant.Name;
        }

        string Free(string name) => names.Take($"{Prefix}/{name}");

        string Constant(string name, float[] values)
        {
            var (laid, shape) = LayOut(values, preprocessing.ChannelAxis, sampleShape, input.ShapeOf()?.Skip(1).ToList());
            return Keep(isWide
                ? TensorData.Create(Free(name), ElementType.Float64, MemoryMarshal.AsBytes<double>(Array.ConvertAll(laid, value => (double)value)), shape)
                : TensorData.Create(Free(name), laid, shape));
        }
    }

    /// <summary>Refuses a model that preprocessing cannot be put into.</summary>
    /// <exception cref="UnsupportedModelException">It takes no floats, or is of too old an operator set.</exception>
    /// <param name="model">The model.</param>
    /// <param name="chooses">Whether there are logarithms of some values, or fillers of missing ones.</param>
    public static void RequirePossible(OnnxModel model, bool chooses = false)
    {
        var first = chooses ? FirstWhereOpset : FirstBroadcastingOpset;
        var version = model.Proto.OwnVersion() ?? 0;
        var inputs = new GraphIndex(model.Proto.Graph).Inputs;
        if (version < first)
            throw Refuse($"operator set {version}", $"{first} or newer");
        if (inputs.Count != 1 || TypeOf(inputs[0])?.IsFloat() != true)
            throw Refuse(
                string.Join(", ", inputs.Select(input => $"input '{input.Name}' of {TensorTypes.Name(input.DataTypeOf())}")), "one input, of floats");

        UnsupportedModelException Refuse(string found, string expected) => new(
            "The student's preprocessing cannot be put inside it.", model.Path, found, expected, "set export.preprocessing: outside, or student.preprocessing: none");
    }

    private static ElementType? TypeOf(ValueInfoProto input) => TensorTypes.TryElementType(input.DataTypeOf(), out var type) ? type : null;

    /// <summary>Lays one number for each channel along the axes of the input, after the batch's, with a size of 1 wherever they do not differ.</summary>
    private static (T[] Values, long[] Shape) LayOut<T>(T[] values, int channelAxis, IReadOnlyList<int> sample, IReadOnlyList<Dim>? dims)
    {
        if (values.Length == 1)
            return (values, []);
        var fitted = dims is null ? [.. sample.Select(size => (long)size)] : SampleFit.Find(dims, sample)
            ?? throw new InvalidOperationException("The samples do not fit the model.");
        // The axis of the input that the channels lie along: as many axes of more than one entry come before it as in the sample.
        var before = sample.Take(channelAxis).Count(size => size != 1);
        var axis = fitted.Index().Where(entry => entry.Item != 1).Skip(before).Select(entry => entry.Index).FirstOrDefault();
        var isLinedUp = fitted.Where(size => size != 1).SequenceEqual(sample.Where(size => size != 1).Select(size => (long)size));
        if (isLinedUp)
            return (values, [.. fitted.Skip(axis).Select((_, i) => i == 0 ? values.LongLength : 1)]);

        // One of the two is the other flattened: every value of a sample gets its own number.
        var inner = sample.Skip(channelAxis + 1).Aggregate(1, (product, size) => product * size);
        var all = new T[sample.Aggregate(1, (product, size) => product * size)];
        for (var i = 0; i < all.Length; i++)
            all[i] = values[i / inner % values.Length];
        return (all, [.. fitted]);
    }
}
