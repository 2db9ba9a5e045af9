using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Pipeline.Reports;

/// <summary>What a card says of a model with named inputs.</summary>
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

    /// <summary>A line for each input.</summary>
    public static string Describe(CardFacts facts) => string.Join(" ", facts.Inputs.Select(input =>
        $"`{input.Name}`: {(input.Text is null ? ElementTypes.Name(input.Type) : $"text, such as '{input.Text}'")} [{string.Join(", ", Shape(input, "batch"))}].")) + (
        facts.Preprocessing.Equals(Preprocessing.None) ? " Values as they were stored." : " Values are prepared as `preprocessing` in the model's metadata says.");

    /// <summary>A program in Python that feeds each.</summary>
    public static string Python(CardFacts facts) => $"""
        import numpy as np, onnxruntime

        session = onnxruntime.InferenceSession("{facts.File}")
        sample = {Braces(string.Join(", ", facts.Inputs.Select(input => $"\"{input.Name}\": {PythonValue(input)}")))}   # yours
        print(session.run(["{facts.Output.Name}"], sample)[0])
        """.ReplaceLineEndings("\n");

    /// <summary>A program in C# that does.</summary>
    public static string CSharp(CardFacts facts, string runtime) => $$"""
        #:package Microsoft.ML.OnnxRuntime@{{runtime}}
        using Microsoft.ML.OnnxRuntime;

        using var session = new InferenceSession("{{facts.File}}");
        var sample = new Dictionary<string, OrtValue> // yours
        {
        {{string.Join("\n", facts.Inputs.Select(input => $"    [\"{input.Name}\"] = {CSharpValue(input)},"))}}
        };
        using var options = new RunOptions();
        using var results = session.Run(options, sample, ["{{facts.Output.Name}}"]);
        {{ModelCard.Printed(facts)}}{{(facts.Inputs.Any(input => input.Text is not null) ? Texts : "")}}
        """.ReplaceLineEndings("\n");

    private static string PythonValue(CardInput input) => input.Text is { } text
        ? $"np.array([{System.Text.Json.JsonSerializer.Serialize(text)}], object).reshape([{string.Join(", ", Shape(input, "1"))}])"
        : $"np.ones([{string.Join(", ", Shape(input, "1"))}], np.{ElementTypes.Name(input.Type)})";

    private static string CSharpValue(CardInput input) => input.Text is { } text
        ? $"Texts([{string.Join(", ", Shape(input, "1"))}], {System.Text.Json.JsonSerializer.Serialize(text)})"
        : $"OrtValue.CreateTensorValueFromMemory(new {ModelCard.CSharpType(input.Type)}[{input.Dims.Aggregate(1L, (product, size) => product * size)}], [{string.Join(", ", Shape(input, "1"))}])";

    private static IEnumerable<string> Shape(CardInput input, string batch) => input.IsScalar ? [] : [batch, .. input.Dims.Select(size => $"{size}")];

    private static string Braces(string text) => "{ " + text + " }";
}
