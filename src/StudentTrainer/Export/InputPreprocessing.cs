using System.Runtime.InteropServices;
using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;

namespace OnnxKd.StudentTrainer.Export;

/// <summary>
/// Puts preprocessing into a model, so that it takes samples as they are stored: a Mul and an Add behind its input, in float32 where the input is narrower, for
/// the samples were preprocessed so while the model learned.
/// </summary>
public static class InputPreprocessing
{
    private const string Prefix = "preprocessing";

    // From here on Mul and Add broadcast as they do today.
    private const int FirstBroadcastingOpset = 7;

    /// <summary>Puts it in.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="preprocessing">What is done to a sample before the model.</param>
    /// <param name="sampleShape">The shape of one sample.</param>
    /// <returns>The model with the preprocessing inside.</returns>
    /// <exception cref="UnsupportedModelException">It takes no floats, or is of too old an operator set.</exception>
    public static OnnxModel PutInside(OnnxModel model, Preprocessing preprocessing, IReadOnlyList<int> sampleShape)
    {
        RequirePossible(model);
        preprocessing.Validate(sampleShape);
        var proto = model.Proto.Clone();
        var graph = proto.Graph;
        var input = new GraphIndex(graph).Inputs.Single();
        var isWide = TypeOf(input) == ElementType.Float64;
        var isNarrow = TypeOf(input) is ElementType.Float16 or ElementType.BFloat16;
        var names = new GraphNames(graph);
        var (factors, summands) = preprocessing.Affine();
        var (factor, summand, scaled, output) = (Free("factor"), Free("summand"), Free("scaled"), Free("output"));
        names.RenameReaders(input.Name, output);
        graph.Initializer.Add(Constant(factor, factors));
        graph.Initializer.Add(Constant(summand, summands));
        var (from, to) = isNarrow ? (Free("widened"), Free("shifted")) : (input.Name, output);
        NodeProto[] nodes =
        [
            new NodeProto { OpType = "Mul", Name = Free("mul"), Input = { from, factor }, Output = { scaled } },
            new NodeProto { OpType = "Add", Name = Free("add"), Input = { scaled, summand }, Output = { to } },
        ];
        if (isNarrow)
            nodes = [Cast(input.Name, from, ElementType.Float32.ToDataType()), .. nodes, Cast(to, output, input.DataTypeOf())];
        foreach (var (index, node) in nodes.Index())
            graph.Node.Insert(index, node);
        return OnnxModel.FromProto(proto);

        NodeProto Cast(string given, string made, int type) => new()
        {
            OpType = "Cast", Name = made, Input = { given }, Output = { made }, Attribute = { new AttributeProto { Name = "to", Type = AttributeProto.Types.AttributeType.Int, I = type } },
        };

        string Free(string name) => names.Take($"{Prefix}/{name}");

        TensorProto Constant(string name, float[] values)
        {
            var (laid, shape) = LayOut(values, preprocessing.ChannelAxis, sampleShape, input.ShapeOf()?.Skip(1).ToList());
            return isWide
                ? TensorData.Create(name, ElementType.Float64, MemoryMarshal.AsBytes<double>(Array.ConvertAll(laid, value => (double)value)), shape)
                : TensorData.Create(name, laid, shape);
        }
    }

    /// <summary>Refuses a model that preprocessing cannot be put into.</summary>
    /// <exception cref="UnsupportedModelException">It takes no floats, or is of too old an operator set.</exception>
    public static void RequirePossible(OnnxModel model)
    {
        var version = model.Proto.OpsetImport.FirstOrDefault(import => import.Domain is "" or "ai.onnx")?.Version ?? 0;
        var inputs = new GraphIndex(model.Proto.Graph).Inputs;
        if (version < FirstBroadcastingOpset)
            throw Refuse($"operator set {version}", $"{FirstBroadcastingOpset} or newer");
        if (inputs.Count != 1 || TypeOf(inputs[0])?.IsFloat() != true)
            throw Refuse(
                string.Join(", ", inputs.Select(input => $"input '{input.Name}' of {TensorTypes.Name(input.DataTypeOf())}")), "one input, of floats");

        UnsupportedModelException Refuse(string found, string expected) => new(
            "The student's preprocessing cannot be put inside it.", model.Path, found, expected, "set export.preprocessing: outside, or student.preprocessing: none");
    }

    private static ElementType? TypeOf(ValueInfoProto input) => TensorTypes.TryElementType(input.DataTypeOf(), out var type) ? type : null;

    /// <summary>Lays one number for each channel along the axes of the input, after the batch's, with a size of 1 wherever they do not differ.</summary>
    private static (float[] Values, long[] Shape) LayOut(float[] values, int channelAxis, IReadOnlyList<int> sample, IReadOnlyList<Dim>? dims)
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
        var all = new float[sample.Aggregate(1, (product, size) => product * size)];
        for (var i = 0; i < all.Length; i++)
            all[i] = values[i / inner % values.Length];
        return (all, [.. fitted]);
    }
}
