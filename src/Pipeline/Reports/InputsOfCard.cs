using System.Text.Json;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Pipeline.Reports;

/// <summary>What a card says of a model with named inputs. What programs feed is 1 everywhere: a mask of zeros would stand for a sample that is all padding.</summary>
internal static class InputsOfCard
{
    private const string Texts = """


        static OrtValue Texts(long[] shape, string text)
        {
            var texts = OrtValue.CreateTensorWithEmptyStrings(OrtAllocator.DefaultInstance, shape);
            texts.StringTensorSetElementAt(text.AsSpan(), 0);
            return texts;
        }
        """;

    private const string Prepared = """


        static float Prepare(float value, int i, double scale, double[] centre, double[] unit, double[] mean, double[] std)
        {
            var v = value * scale;
            if (unit[i % unit.Length] is > 0 and var size)
                v = Math.Sign(v - centre[i % centre.Length]) * Math.Log(1 + Math.Abs(v - centre[i % centre.Length]) / size);
            return (float)((v - mean[i % mean.Length]) / std[i % std.Length]);
        }
        """;

    /// <summary>A sentence for each input.</summary>
    public static string Describe(CardFacts facts) => string.Join(" ", facts.Inputs.Select(input =>
        $"`{input.Name}`: {(input.Text is null ? ElementTypes.Name(input.Type) : $"text, such as '{input.Text}'")} [{string.Join(", ", Shape(input, "batch"))}]{Prepares(input)}."))
        + (facts.Inputs.All(input => input.Preprocessing.IsNone) ? " Values as they were stored." : "");

    /// <summary>The sample, in Python.</summary>
    public static string Python(CardFacts facts) =>
        $"sample = {CardPrograms.Braces(string.Join(", ", facts.Inputs.Select(input => $"\"{input.Name}\": {PythonValue(input)}")))}   # yours";

    /// <summary>The sample, in C#.</summary>
    public static string CSharp(CardFacts facts) => $$"""
        var sample = new Dictionary<string, OrtValue> // yours
        {
        {{string.Join("\n", facts.Inputs.Select(input => $"    [\"{input.Name}\"] = {CSharpValue(input)},"))}}
        };
        """;

    /// <summary>The functions that the program in C# ends with.</summary>
    public static string CSharpHelpers(CardFacts facts) =>
        (facts.Inputs.Any(input => input.Text is not null) ? Texts : "") + (facts.Inputs.Any(input => !input.Preprocessing.IsNone) ? Prepared : "");

    private static string Prepares(CardInput input) => input.Preprocessing switch
    {
        { IsNone: true } => "",
        var p => $", {ModelCard.Describe(p)}",
    };

    private static string PythonValue(CardInput input)
    {
        var shape = $"[{string.Join(", ", Shape(input, "1"))}]";
        if (input.Text is { } text)
            return $"np.array([{JsonSerializer.Serialize(text)}], object).reshape({shape})";
        var ones = $"np.ones({shape}, np.{(input.Type == ElementType.Bool ? "bool_" : ElementTypes.Name(input.Type))})";
        return input.Preprocessing is var p && p.IsNone ? ones
            : $"{CardPrograms.PythonPrepared(ones, p, Shaped)}.astype(np.{ElementTypes.Name(input.Type)})";

        string Shaped(IReadOnlyList<double> values) => values.Count == 1 ? CardPrograms.Number(values[0])
            : $"np.reshape({CardPrograms.List(values)}, {(values.Count == Elements(input) ? shape : $"[1, {string.Join(", ", input.Dims.Select((_, axis) => axis == p.ChannelAxis ? -1 : 1))}]")})";
    }

    private static string CSharpValue(CardInput input)
    {
        var (shape, type) = ($"[{string.Join(", ", Shape(input, "1"))}]", CardPrograms.CSharpType(input.Type));
        if (input.Text is { } text)
            return $"Texts({shape}, {JsonSerializer.Serialize(text)})";
        var count = Elements(input);
        var values = input.Preprocessing is var p && !p.IsNone
            ? $"Enumerable.Repeat(1f, {count}).Select((value, i) => ({type})Prepare(value, {Channel()}, {CardPrograms.Number(p.Scale)}, {Array(p.Log?.Centre ?? [0])}, {Array(p.Log?.Unit ?? [0])}, {Array(p.Mean)}, {Array(p.Std)})).ToArray()"
            : $"Enumerable.Repeat({(input.Type == ElementType.Bool ? "true" : $"({type})1")}, {count}).ToArray()";
        return $"OrtValue.CreateTensorValueFromMemory({values}, {shape})";

        // Each value has its own number, or all of an index of the channel axis have one.
        string Channel() => p.ChannelCount is var numbers && (numbers == 1 || numbers == count) ? "i"
            : $"i / {input.Dims.Skip(p.ChannelAxis + 1).Aggregate(1L, (product, size) => product * size)}";

        static string Array(IReadOnlyList<double> values) => $"[{string.Join(", ", values.Select(CardPrograms.Number))}]";
    }

    private static long Elements(CardInput input) => input.Dims.Aggregate(1L, (product, size) => product * size);

    private static IEnumerable<string> Shape(CardInput input, string batch) => input.IsScalar ? [] : [batch, .. input.Dims.Select(size => $"{size}")];
}
