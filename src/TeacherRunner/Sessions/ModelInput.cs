using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.Text;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>The one input of a model that is fed, and how samples fit into it.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Type">Its element type in the file.</param>
/// <param name="FixedBatch">The only batch size it takes; <c>null</c>: any.</param>
/// <param name="SampleDims">Its dimensions after the batch axis.</param>
internal sealed record ModelInput(string Name, DataType Type, int? FixedBatch, long[] SampleDims)
{
    /// <summary>What its values feed, where it stands for several inputs.</summary>
    public IReadOnlyList<FedInput> Fed { get; private init; } = [];

    /// <summary>What is fed, for people and identities: its name, or those of the inputs that it stands for.</summary>
    public string Names => Fed.Count == 0 ? Name : string.Join(", ", Fed.Where(fed => fed.Part is not null).Select(fed => fed.Input.Name));

    /// <summary>Values per sample.</summary>
    public int SampleElements { get; } = (int)Math.Min(int.MaxValue, Shapes.TryElements(SampleDims, out var elements) ? elements : int.MaxValue);

    /// <summary>Finds the fed input and fits samples of a shape into it: equal apart from axes of length 1, or flattened.</summary>
    /// <exception cref="InputException">No input, several inputs, another type, or a shape that does not fit.</exception>
    /// <param name="graph">The graph.</param>
    /// <param name="sampleShape">The shape of one sample.</param>
    /// <param name="model">The model's name, for messages.</param>
    /// <param name="behind">What it feeds behind it, where it stands for several inputs.</param>
    public static ModelInput Find(GraphProto graph, IReadOnlyList<int> sampleShape, string model, IReadOnlyList<FedInput>? behind = null)
    {
        var input = FindFed(graph, model);
        var where = $"input '{input.Name}' of {model}";
        if (input.Type?.TensorType is not { } tensor)
            throw new InputException("The model's input is not a tensor.", where);

        var type = (DataType)tensor.ElemType;
        if (!IsFloat(type) && !Ranges.ContainsKey(type))
            throw new InputException(
                "The model's input type does not fit the transfer set.", where, NameOf(type), "floats, or integers of 8, 16, 32 or 64 bits",
                "give the model an input of floats, with a Cast behind it");
        if (tensor.Shape is null || tensor.Shape.Dim.Count == 0)
            throw new InputException("The model's input has no batch axis.", where, "a scalar, or no shape", "[N, ...]");

        var dims = tensor.Shape.Dim.Select(d => d.DimValue > 0 ? d.DimValue : (long?)null).ToArray();
        var fitted = SampleFit.Find([.. dims[1..].Select(d => new Dim(d))], sampleShape) ?? throw new InputException(
            "The model's input shape does not fit the samples.", where, $"samples of {Show(sampleShape.Select(d => (long?)d))}",
            $"{Show(dims[1..])} (after the batch axis; the file says {Show(tensor.Shape.Dim)}), the same flattened, or with axes of length 1 more or fewer",
            RemedyOf([.. dims[1..]], sampleShape));
        if (dims[0] > int.MaxValue)
            throw new InputException("The model's batch is too large.", where, $"{dims[0]}", $"at most {int.MaxValue}");
        return new(input.Name, type, (int?)dims[0], [.. fitted]) { Fed = input.Name == InputFront.Packed ? behind ?? [] : [] };
    }

    /// <summary>The feed of a batch: <c>[rows, ...]</c>.</summary>
    public long[] ShapeOf(int rows) => [rows, .. SampleDims];

    /// <summary>
    /// Checks samples for a model that takes integers. The Cast in front of such an input would cut fractions off in silence: pixels scaled
    /// to [0, 1] would all become 0.
    /// </summary>
    /// <exception cref="InputException">A value is no integer, or no byte for a model that takes bytes.</exception>
    public void RequireWholeNumbers(ReadOnlySpan<float> samples, string model)
    {
        foreach (var fed in Fed)
            if (fed.Part is { IsText: false } part)
                for (var row = part.Offset; row < samples.Length; row += SampleElements)
                    RequireWhole(samples.Slice(row, part.Elements), (DataType)fed.Type, fed.Input.Name, model, "correct the samples' input that feeds it, or scale and shift it nowhere");
        RequireWhole(samples, Type, Name, model, "leave out scale, mean and std for this model");
    }

    private static void RequireWhole(ReadOnlySpan<float> samples, DataType type, string name, string model, string remedy)
    {
        if (IsFloat(type))
            return;
        var (least, greatest) = Ranges.GetValueOrDefault(type, (long.MinValue, long.MaxValue));
        var isNarrow = greatest <= ushort.MaxValue;
        foreach (var value in samples)
            if (value != MathF.Truncate(value) || isNarrow && (value < least || value > greatest))
                throw new InputException(
                    $"The model takes {(type == DataType.Uint8 ? "bytes" : "integers")}, but the preprocessed samples are something else.",
                    $"input '{name}' of {model}", Printable.Number(value), isNarrow ? $"{least}, {least + 1}, ..., {greatest}" : "whole numbers", remedy);
    }

    private static bool IsFloat(DataType type) => type is DataType.Float or DataType.Float16 or DataType.Bfloat16 or DataType.Double;

    // Wider ones hold more than the samples' floats do.
    private static readonly Dictionary<DataType, (long Least, long Greatest)> Ranges = new()
    {
        [DataType.Uint8] = (byte.MinValue, byte.MaxValue), [DataType.Int8] = (sbyte.MinValue, sbyte.MaxValue),
        [DataType.Uint16] = (ushort.MinValue, ushort.MaxValue), [DataType.Int16] = (short.MinValue, short.MaxValue),
        [DataType.Int32] = (int.MinValue, int.MaxValue), [DataType.Uint32] = (uint.MinValue, uint.MaxValue),
        [DataType.Int64] = (long.MinValue, long.MaxValue), [DataType.Uint64] = (0, long.MaxValue),
    };

    /// <summary>
    /// Made-up samples, evenly spread over [0, 1) by the golden ratio: no two, and no two values of one, are alike. Where one stands for several inputs,
    /// integers are 0 and 1 in turn, which are tokens, masks and kinds nearly everywhere, and texts come in turn.
    /// </summary>
    public float[] MakeUp(int rows)
    {
        const double goldenRatio = 0.618033988749895;
        var samples = new float[rows * SampleElements];
        for (var i = 0; i < samples.Length; i++)
            samples[i] = (float)(i * goldenRatio % 1);
        foreach (var fed in Fed)
            if (fed.Part is { } part && (part.IsText || !TensorTypes.IsFloat(fed.Type)))
                for (var i = 0; i < rows * part.Elements; i++)
                {
                    var (row, value) = Math.DivRem(i, part.Elements);
                    samples[row * SampleElements + part.Offset + value] = part.IsText ? i % part.Texts.Count : part.Elements == 1 ? 1 : (row + value + 1) % 2;
                }
        return samples;
    }

    private static ValueInfoProto FindFed(GraphProto graph, string model)
    {
        // Files of IR version 3 and below list their weights among the inputs.
        var fed = new GraphIndex(graph).Inputs;
        return fed.Count == 1
            ? fed[0]
            : throw new InputException(
                "The model must have exactly one input that samples are fed to.", model,
                fed.Count == 0 ? "none" : $"{fed.Count}: {string.Join(", ", fed.Select(i => i.Name))}", "1");
    }

    /// <summary>What to do about samples that do not fit; the same lengths in another order are most often images with their channels last.</summary>
    private static string RemedyOf(long?[] dims, IReadOnlyList<int> sample) =>
        Order(dims, sample) is { } order ? $"the axes stand in another order: store the samples as {Show(dims)} (numpy: array.transpose(0, {string.Join(", ", order.Select(axis => axis + 1))}))"
        : dims.Length == 1 && sample.Count == 1 ? "of a table, name the columns that the model takes (table.features), or those that it does not (table.drop); else check that this model and this transfer set belong together"
        : "check that this model and this transfer set belong together";

    /// <summary>For each axis of a model the axis of a sample that has its length; those of free length take the others in order. <c>null</c>: there are none.</summary>
    private static int[]? Order(long?[] dims, IReadOnlyList<int> sample)
    {
        var left = Enumerable.Range(0, sample.Count).ToList();
        var order = new int[dims.Length];
        foreach (var (axis, size) in dims.Index().OrderBy(entry => entry.Item is null))
        {
            var found = left.FindIndex(own => size is null || sample[own] == size);
            if (found < 0)
                return null;
            order[axis] = left[found];
            left.RemoveAt(found);
        }
        return left.Count == 0 && order.Length > 1 ? order : null;
    }

    private static string Show(IEnumerable<long?> dims) => $"[{string.Join(", ", dims.Select(d => d?.ToString() ?? "?"))}]";

    private static string Show(IEnumerable<TensorShapeProto.Types.Dimension> dims) =>
        $"[{string.Join(", ", dims.Select(d => d.DimValue > 0 ? $"{d.DimValue}" : d.DimParam is { Length: > 0 } symbol ? symbol : "?"))}]";

    private static string NameOf(DataType type) => type.ToString().ToLowerInvariant();
}
