using System.Globalization;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Pipeline.Reports;

/// <summary>The programs of a card: each runs its model as it stands, on a sample to put one's own in the place of.</summary>
internal static class CardPrograms
{
    // The version that students are verified with.
    private static readonly string Runtime = Microsoft.ML.OnnxRuntime.OrtEnv.Instance().GetVersionString();

    /// <summary>A program in Python.</summary>
    public static string Python(CardFacts facts) => $"""
        import numpy as np, onnxruntime

        session = onnxruntime.InferenceSession("{facts.File}")
        {(facts.Inputs.Count > 0 ? InputsOfCard.Python(facts) : PythonSample(facts))}
        {PythonRun(facts)}
        """.ReplaceLineEndings("\n");

    /// <summary>A program in C#.</summary>
    public static string CSharp(CardFacts facts) => $"""
        #:package Microsoft.ML.OnnxRuntime@{Runtime}
        using Microsoft.ML.OnnxRuntime;

        using var session = new InferenceSession("{facts.File}");
        {(facts.Inputs.Count > 0 ? InputsOfCard.CSharp(facts) : CSharpSample(facts))}
        using var options = new RunOptions();
        {CSharpRun(facts.Outputs)}{(facts.Inputs.Count > 0 ? InputsOfCard.CSharpHelpers(facts) : "")}
        """.ReplaceLineEndings("\n");

    private static string PythonRun(CardFacts facts) => facts.Outputs is [var only]
        ? $"print(session.run([\"{only.Name}\"], sample)[0])"
        : $"""
            outputs = [{string.Join(", ", facts.Outputs.Select(output => $"\"{output.Name}\""))}]
            for name, values in zip(outputs, session.run(outputs, sample)):
                print(name, values)
            """;

    private static string PythonSample(CardFacts facts) => $"""
        stored = np.zeros([1, {string.Join(", ", facts.SampleShape)}], np.float32)   # your sample
        values = {PythonPrepared(facts)}.reshape([1, {string.Join(", ", facts.Input.Dims)}]).astype(np.{ElementTypes.Name(facts.Input.Type)})
        sample = {Braces($"\"{facts.Input.Name}\": values")}
        """;

    private static string PythonPrepared(CardFacts facts) =>
        facts.Preprocessing.IsNone ? "stored" : PythonPrepared("stored", facts.Preprocessing, list => PythonList(list, facts));

    /// <summary>Preprocessing of values in Python.</summary>
    /// <param name="values">The values.</param>
    /// <param name="p">What is done to them.</param>
    /// <param name="list">Writes numbers so that they lie along the values' axes.</param>
    public static string PythonPrepared(string values, Preprocessing p, Func<IReadOnlyList<double>, string> list)
    {
        var scaled = $"{values} * {Number(p.Scale)}";
        if (p.Log is { } log)
            scaled = $"(lambda v, unit: np.where(unit > 0, np.sign(v - {list(log.Centre)}) * np.log1p(np.abs(v - {list(log.Centre)}) / np.where(unit > 0, unit, 1)), v))({scaled}, {list(log.Unit)})";
        return $"(({scaled} - {list(p.Mean)}) / {list(p.Std)})";
    }

    private static string PythonList(IReadOnlyList<double> values, CardFacts facts) => values.Count == 1
        ? Number(values[0])
        : $"np.reshape({List(values)}, [{string.Join(", ", facts.SampleShape.Select((_, axis) => axis == facts.Preprocessing.ChannelAxis ? -1 : 1))}])";

    private static string CSharpSample(CardFacts facts)
    {
        var (p, type) = (facts.Preprocessing, CSharpType(facts.Input.Type));
        // Index of a value's channel: how many values one channel's step spans, within a sample.
        var inner = facts.SampleShape.Skip(p.ChannelAxis + 1).Aggregate(1L, (product, axis) => product * axis);
        var lines = p.IsNone ? "" : $$"""

            for (var i = 0; i < values.Length; i++)
                values[i] = ({{type}})(({{CSharpLog($"(float)values[i] * {Number(p.Scale)}", p, PerChannel)}} - {{PerChannel(p.Mean)}}) / {{PerChannel(p.Std)}});
            """;
        return $$"""
            var values = new {{type}}[{{facts.SampleShape.Aggregate(1L, (product, axis) => product * axis)}}]; // your sample{{lines}}
            using var tensor = OrtValue.CreateTensorValueFromMemory(values, [1, {{string.Join(", ", facts.Input.Dims)}}]);
            var sample = new Dictionary<string, OrtValue> { ["{{facts.Input.Name}}"] = tensor };
            """;

        string PerChannel(IReadOnlyList<double> values) => values.Count == 1
            ? Number(values[0])
            : $"new[] {Braces(string.Join(", ", values.Select(Number)))}[i / {inner} % {values.Count}]";
    }

    /// <summary>The logarithm of a value in C#, where preprocessing takes one.</summary>
    /// <param name="value">The value, scaled.</param>
    /// <param name="p">The preprocessing.</param>
    /// <param name="number">Writes the number of the value's channel.</param>
    public static string CSharpLog(string value, Preprocessing p, Func<IReadOnlyList<double>, string> number) => p.Log is not { } log ? value
        : $"({number(log.Unit)} is > 0 and var unit ? Math.Sign({value} - {number(log.Centre)}) * Math.Log(1 + Math.Abs({value} - {number(log.Centre)}) / unit) : {value})";

    private static string CSharpRun(IReadOnlyList<CardOutput> outputs) => outputs is [var only]
        ? $"""
            using var results = session.Run(options, sample, ["{only.Name}"]);
            {Printed(only, 0, "")}
            """
        : $"""
            using var results = session.Run(options, sample, [{string.Join(", ", outputs.Select(output => $"\"{output.Name}\""))}]);
            {string.Join("\n", outputs.Select((output, i) => Printed(output, i, $"{output.Name}: ")))}
            """;

    /// <summary>The lines that print what an output gave.</summary>
    private static string Printed(CardOutput output, int i, string before) => output switch
    {
        { Keys: { } keys } => $$"""
            using var map{{i}} = results[{{i}}].GetValue(0, OrtAllocator.DefaultInstance); // of the first sample
            using var keys{{i}} = map{{i}}.GetValue(0, OrtAllocator.DefaultInstance);
            using var scores{{i}} = map{{i}}.GetValue(1, OrtAllocator.DefaultInstance);
            foreach (var (key, score) in keys{{i}}.{{(keys == "string" ? "GetStringTensorAsArray()" : $"GetTensorDataAsSpan<{keys}>().ToArray()")}}.Zip(scores{{i}}.GetTensorDataAsSpan<float>().ToArray()))
                Console.WriteLine($"{{before}}{key} {score}");
            """,
        { IsText: true } => $"Console.WriteLine(\"{before}\" + string.Join(\" \", results[{i}].GetStringTensorAsArray()));",
        _ => $"Console.WriteLine({(before.Length > 0 ? $"\"{before}\" + " : "")}string.Join(\" \", results[{i}].GetTensorDataAsSpan<{CSharpType(output.Type)}>().ToArray()));",
    };

    /// <summary>The type of a value in C#.</summary>
    public static string CSharpType(ElementType type) => type switch
    {
        ElementType.Float64 => "double", ElementType.Float16 => "Float16", ElementType.BFloat16 => "BFloat16",
        ElementType.Int64 => "long", ElementType.Int32 => "int", ElementType.Int16 => "short", ElementType.Int8 => "sbyte", ElementType.Bool => "bool",
        ElementType.UInt64 => "ulong", ElementType.UInt32 => "uint", ElementType.UInt16 => "ushort", ElementType.UInt8 => "byte",
        _ => "float",
    };

    /// <summary>Text between braces.</summary>
    public static string Braces(string text) => "{ " + text + " }";

    /// <summary>A number, or several between brackets.</summary>
    public static string List(IReadOnlyList<double> values) => values.Count == 1 ? Number(values[0]) : $"[{string.Join(", ", values.Select(Number))}]";

    /// <summary>A number so that it can be read back.</summary>
    public static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
