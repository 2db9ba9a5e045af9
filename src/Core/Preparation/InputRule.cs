using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.Text;
using OnnxKd.Core.TransferSets;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.Core.Preparation;

/// <summary>What values an input of a model takes of the samples' input that feeds it.</summary>
/// <param name="Use">The model.</param>
/// <param name="Input">Its input.</param>
/// <param name="Type">The input's element type, ONNX's number.</param>
/// <param name="Part">What feeds it.</param>
/// <param name="Table">The table that it looks up; <c>null</c>: none whose size is known.</param>
internal sealed record InputRule(SampleUse Use, string Input, DataType Type, SamplePart Part, LookupTable? Table)
{
    /// <summary>What to do where a built-in student of text is given something else.</summary>
    public const string OtherStudents =
        "choose another student: student.architecture mlp for tables, resnet8 for pictures, bigru without a vocabulary for sequences; 'onnxkd prepare text' makes token ids of texts";

    private readonly (float Least, float Most)? range = Type switch
    {
        DataType.Bool => (0, 1),
        DataType.Uint8 => (0, byte.MaxValue),
        DataType.Int8 => (sbyte.MinValue, sbyte.MaxValue),
        DataType.Uint16 => (0, ushort.MaxValue),
        DataType.Int16 => (short.MinValue, short.MaxValue),
        DataType.Uint32 or DataType.Uint64 => (0, float.MaxValue),
        DataType.Float16 => ((float)Half.MinValue, (float)Half.MaxValue), // beyond, a Cast makes infinities
        _ => null,
    };

    private bool TakesIntegers => Type is not (DataType.Float or DataType.Float16 or DataType.Bfloat16 or DataType.Double or DataType.String);

    private bool TakesAnyNumber => !TakesIntegers && range is null;

    /// <summary>The rules for a model's inputs; those without one take any number.</summary>
    /// <param name="use">The model.</param>
    /// <param name="sample">One sample.</param>
    /// <exception cref="OnnxKdException">Inputs and samples do not belong together.</exception>
    public static IEnumerable<InputRule> Of(SampleUse use, SampleShape sample)
    {
        var proto = use.Load().Proto;
        if (InputFront.IsOn(proto))
            InputFront.Remove(proto = proto.Clone());
        foreach (var fed in InputMatch.Find(new GraphIndex(proto.Graph).Inputs, sample, use.Feeds, use.Name))
            // What is scaled first is another number then.
            if (fed.Part is { IsText: false } part && (use.Preprocessing.IsNone || !part.IsAmount))
            {
                var rule = new InputRule(use, fed.Input.Name, (DataType)fed.Type, part, null);
                if (!rule.TakesAnyNumber)
                    yield return rule with { Table = rule.TakesIntegers ? LookupTables.Smallest(proto.Graph, fed.Input.Name) : null };
            }
    }

    /// <summary>The place of the first value that the input does not take; −1: there is none.</summary>
    /// <param name="values">The part of one sample.</param>
    public int FirstWrong(ReadOnlySpan<float> values)
    {
        if (range is var (least, most) && values.IndexOfAnyExceptInRange(least, most) is >= 0 and var outside)
            return outside;
        // ONNX counts negative ids from the end.
        if (Table is { } table && values.IndexOfAnyExceptInRange(-table.Rows, table.Rows - 1) is >= 0 and var unknown)
            return unknown;
        if (TakesIntegers && values.IndexOfAnyExceptInRange(1 - PackedTensor.LargestExact, PackedTensor.LargestExact - 1) is >= 0 and var rounded)
            return rounded;
        for (var i = 0; TakesIntegers && i < values.Length; i++)
            if (values[i] != MathF.Truncate(values[i]))
                return i;
        return -1;
    }

    /// <summary>The error about such a value.</summary>
    /// <param name="value">The value.</param>
    /// <param name="where">Where it is.</param>
    public InputException Refuse(float value, string where)
    {
        var (found, input) = (Printable.Number(value), $"input '{Input}' of {Use.Name}");
        if (TakesIntegers && value != MathF.Truncate(value))
            return new(
                "A sample holds a fraction where a model takes integers.", where, found, $"a whole number: {input} is {TensorTypes.Name((int)Type)}",
                Use.VocabularyKey is null ? "correct the value, or feed this input from another one (inputs under the model)"
                    : OtherStudents);
        if (range is var (least, most) && (value < least || value > most))
            return new(
                "A sample holds a number that an input of a model cannot.", where, found, $"{Printable.Number(least)} to {Printable.Number(most)}: {input} is {TensorTypes.Name((int)Type)}",
                TakesIntegers ? "correct the value" : "correct the value, or scale the samples (preprocessing)");
        if (Table is null || Math.Abs(value) < Table.Rows)
            return new(
                "A sample holds a whole number that may have become its neighbour: samples are float32, which holds no more than 24 bits of it.", where, found,
                $"below {PackedTensor.LargestExact} (2^24): {input} is {TensorTypes.Name((int)Type)}", "number what it stands for anew, or leave it out (of a table: table.drop)");
        return new(
            "A sample holds an id that a model does not know.", where, found, $"0 to {Table!.Rows - 1}: {input} looks up {Table.Rows} rows ('{Table.Name}')",
            Use.VocabularyKey is { } key && value > 0 ? $"set {key} to {Printable.Number(value + 1)} or more (one more than the largest id of all sets), or correct the id"
                : "correct the id, or encode the texts with this model's own tokenizer");
    }
}
