using System.Globalization;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using OnnxKd.Pipeline.Measuring;

namespace OnnxKd.Pipeline.Reports;

/// <summary>What a card says of a student besides its figures.</summary>
/// <param name="File">The model's file, beside the card.</param>
/// <param name="Input">What is fed.</param>
/// <param name="SampleShape">The shape of one sample as it is stored.</param>
/// <param name="Output">What is read.</param>
/// <param name="Preprocessing">What must be done to stored values first.</param>
/// <param name="Teachers">The files of its teachers.</param>
/// <param name="TransferSamples">How many samples it learned from.</param>
/// <param name="Training">Its settings, as a recipe.</param>
internal sealed record CardFacts(
    string File, CardInput Input, IReadOnlyList<int> SampleShape, CardOutput Output, Preprocessing Preprocessing, IReadOnlyList<string> Teachers,
    long TransferSamples, string Training)
{
    /// <summary>All inputs, where there are several or samples have names; else none.</summary>
    public IReadOnlyList<CardInput> Inputs { get; init; } = [];
}

/// <summary>The input of a card's model.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">What it holds.</param>
/// <param name="Dims">Its lengths for one sample, without the batch.</param>
internal sealed record CardInput(string Name, ElementType Type, IReadOnlyList<long> Dims)
{
    /// <summary>An example, if it holds texts.</summary>
    public string? Text { get; init; }

    /// <summary>Whether it has no axis, not even the batch.</summary>
    public bool IsScalar { get; init; }
}

/// <summary>The output of a card's model.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">What it holds.</param>
/// <param name="Meaning">What that is.</param>
internal sealed record CardOutput(string Name, ElementType Type, string Meaning)
{
    /// <summary>The type of the keys in C#, where it holds a map for each sample; <c>null</c>: it is a tensor.</summary>
    public string? Keys { get; init; }
}

/// <summary>
/// The file <c>README.md</c> beside a student: a model card in the form of Hugging Face's (Mitchell et al. 2019, Model Cards for Model Reporting),
/// filled from the run. What a run cannot know is said to be unknown.
/// </summary>
internal static class ModelCard
{
    /// <summary>The file's name.</summary>
    public const string FileName = "README.md";

    // The version that students are verified with.
    private static readonly string Runtime = Microsoft.ML.OnnxRuntime.OrtEnv.Instance().GetVersionString();

    /// <summary>The card.</summary>
    public static string Write(RunMetrics metrics, CardFacts facts)
    {
        var student = metrics.Student!;
        var card = new StringWriter { NewLine = "\n" };
        card.WriteLine($"""
            ---
            library_name: onnx
            tags:
            - onnx
            - knowledge-distillation
            - onnxkd
            ---

            # {metrics.Name}

            {Summary(metrics, facts)}

            ## Use

            {Input(facts)}

            In Python:

            ```python
            {Python(facts)}
            ```

            In C# (`dotnet run program.cs`):

            ```csharp
            {CSharp(facts)}
            ```

            Meant for inputs like those it learned from. What it does with others was not measured, nor whether it treats groups of people alike; check both before
            anything depends on it.

            ## Figures

            """.ReplaceLineEndings("\n"));
        card.WriteLine(Report.MarkdownTable(metrics));
        card.WriteLine();
        foreach (var line in Quality.Verdict(metrics).Concat(Report.Notes(metrics)))
            card.WriteLine($"- {line}");
        card.WriteLine($"""

            ## Training

            {facts.TransferSamples.ToString("#,0", CultureInfo.InvariantCulture)} samples; seed {metrics.Seed}; SHA-256 of {facts.File}: `{student.Sha256}`.

            ```yaml
            {facts.Training.TrimEnd()}
            ```

            The licence of the teacher, and that of the data, decide how this model may be used; neither is known here.
            """.ReplaceLineEndings("\n"));
        return card.ToString();
    }

    private static string Summary(RunMetrics metrics, CardFacts facts)
    {
        var taught = facts.Teachers.Count == 0 ? "trained from labels" : $"distilled from {string.Join(", ", facts.Teachers.Select(file => $"`{file}`"))}";
        return string.Create(CultureInfo.InvariantCulture, $"`{facts.File}` has {metrics.Student!.Parameters:#,0} parameters and was {taught} by OnnxKd.");
    }

    private static string Input(CardFacts facts)
    {
        if (facts.Inputs.Count > 0)
            return $"{InputsOfCard.Describe(facts)} `{facts.Output.Name}`: {facts.Output.Meaning}.";
        var prepared = facts.Preprocessing;
        var channels = prepared.Mean.Count > 1 || prepared.Std.Count > 1 ? $", one number for each index of axis {prepared.ChannelAxis} of a sample" : "";
        return $"`{facts.Input.Name}`: {ElementTypes.Name(facts.Input.Type)} [batch, {string.Join(", ", facts.Input.Dims)}], "
            + (prepared.Equals(Preprocessing.None)
                ? "values as they were stored. "
                : $"(stored value × {Number(prepared.Scale)} − {List(prepared.Mean)}) ÷ {List(prepared.Std)}{channels}. ")
            + $"`{facts.Output.Name}`: {facts.Output.Meaning}.";
    }

    private static string Python(CardFacts facts) => facts.Inputs.Count > 0 ? InputsOfCard.Python(facts) : $"""
        import numpy as np, onnxruntime

        session = onnxruntime.InferenceSession("{facts.File}")
        stored = np.zeros([1, {string.Join(", ", facts.SampleShape)}], np.float32)   # your sample
        sample = {PythonPrepared(facts)}.reshape([1, {string.Join(", ", facts.Input.Dims)}]).astype(np.{ElementTypes.Name(facts.Input.Type)})
        print(session.run(["{facts.Output.Name}"], {Braces($"\"{facts.Input.Name}\": sample")})[0])
        """.ReplaceLineEndings("\n");

    private static string PythonPrepared(CardFacts facts) => facts.Preprocessing is var p && p.Equals(Preprocessing.None)
        ? "stored"
        : $"((stored * {Number(p.Scale)} - {PythonList(p.Mean, facts)}) / {PythonList(p.Std, facts)})";

    private static string PythonList(IReadOnlyList<double> values, CardFacts facts) => values.Count == 1
        ? Number(values[0])
        : $"np.reshape({List(values)}, [{string.Join(", ", facts.SampleShape.Select((_, axis) => axis == facts.Preprocessing.ChannelAxis ? -1 : 1))}])";

    private static string CSharp(CardFacts facts)
    {
        if (facts.Inputs.Count > 0)
            return InputsOfCard.CSharp(facts, Runtime);
        var p = facts.Preprocessing;
        var type = CSharpType(facts.Input.Type);
        // Index of a value's channel: how many values one channel's step spans, within a sample.
        var inner = facts.SampleShape.Skip(p.ChannelAxis + 1).Aggregate(1L, (product, axis) => product * axis);
        var lines = p.Equals(Preprocessing.None) ? "" : $$"""

            for (var i = 0; i < values.Length; i++)
                values[i] = ({{type}})(((float)values[i] * {{Number(p.Scale)}} - {{CSharpList(p.Mean)}}) / {{CSharpList(p.Std)}});
            """;
        return $$"""
            #:package Microsoft.ML.OnnxRuntime@{{Runtime}}
            using Microsoft.ML.OnnxRuntime;

            using var session = new InferenceSession("{{facts.File}}");
            var values = new {{type}}[{{facts.SampleShape.Aggregate(1L, (product, axis) => product * axis)}}]; // your sample{{lines}}
            using var sample = OrtValue.CreateTensorValueFromMemory(values, [1, {{string.Join(", ", facts.Input.Dims)}}]);
            using var options = new RunOptions();
            using var results = session.Run(options, new Dictionary<string, OrtValue> { ["{{facts.Input.Name}}"] = sample }, ["{{facts.Output.Name}}"]);
            {{Printed(facts)}}
            """.ReplaceLineEndings("\n");

        string CSharpList(IReadOnlyList<double> values) => values.Count == 1
            ? Number(values[0])
            : $"new[] {Braces(string.Join(", ", values.Select(Number)))}[i / {inner} % {values.Count}]";
    }

    /// <summary>The lines in C# that print what a run gave.</summary>
    public static string Printed(CardFacts facts) => facts.Output.Keys is not { } keys
        ? $"Console.WriteLine(string.Join(\" \", results[0].GetTensorDataAsSpan<{CSharpType(facts.Output.Type)}>().ToArray()));"
        : $$"""
            using var map = results[0].GetValue(0, OrtAllocator.DefaultInstance); // of the first sample
            using var keys = map.GetValue(0, OrtAllocator.DefaultInstance);
            using var scores = map.GetValue(1, OrtAllocator.DefaultInstance);
            foreach (var (key, score) in keys.{{(keys == "string" ? "GetStringTensorAsArray()" : $"GetTensorDataAsSpan<{keys}>().ToArray()")}}.Zip(scores.GetTensorDataAsSpan<float>().ToArray()))
                Console.WriteLine($"{key} {score}");
            """.ReplaceLineEndings("\n");

    /// <summary>The type of a value in C#.</summary>
    public static string CSharpType(ElementType type) => type switch
    {
        ElementType.Float64 => "double", ElementType.Float16 => "Float16", ElementType.BFloat16 => "BFloat16",
        ElementType.Int64 => "long", ElementType.Int32 => "int", ElementType.Int16 => "short", ElementType.Int8 => "sbyte", ElementType.UInt8 => "byte", ElementType.Bool => "bool",
        _ => "float",
    };

    private static string Braces(string text) => "{ " + text + " }";

    private static string List(IReadOnlyList<double> values) => values.Count == 1 ? Number(values[0]) : $"[{string.Join(", ", values.Select(Number))}]";

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
