using System.Globalization;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using OnnxKd.Pipeline.Measuring;

namespace OnnxKd.Pipeline.Reports;

/// <summary>
/// The file <c>README.md</c> beside a student: a model card in the form of Hugging Face's (Mitchell et al. 2019, Model Cards for Model Reporting),
/// filled from the run. What a run cannot know is said to be unknown.
/// </summary>
internal static class ModelCard
{
    /// <summary>The file's name.</summary>
    public const string FileName = "README.md";

    private const int MostColumns = 20;

    /// <summary>The card.</summary>
    public static string Write(RunMetrics metrics, CardFacts facts)
    {
        var card = new StringWriter { NewLine = "\n" };
        card.WriteLine($"""
            {CardHead.Write(metrics, facts)}

            # {metrics.Name}

            {Summary(metrics, facts)}

            ## Use

            {Input(facts)} {string.Join(" ", facts.Outputs.Select(output => $"`{output.Name}`: {output.Meaning}."))}

            In Python:

            ```python
            {CardPrograms.Python(facts)}
            ```

            In C# (`dotnet run program.cs`):

            ```csharp
            {CardPrograms.CSharp(facts)}
            ```

            {facts.Preparation?.Describe()}### Intended use

            {Intended(facts)}

            ### Out of scope

            Samples of another kind or from another source, or prepared in another way: what it does with them was not measured. Decisions about people, and any use in
            which an error does harm, without a test of its own: whether it treats groups of people alike was not measured either.

            ## Figures

            """.ReplaceLineEndings("\n"));
        card.WriteLine(Report.MarkdownTable(metrics));
        card.WriteLine();
        foreach (var line in Quality.Verdict(metrics).Concat(Report.Notes(metrics)))
            card.WriteLine($"- {line}");
        card.WriteLine($"""

            ## Data

            {Data(facts)}

            ## Limits

            {string.Join("\n", Limits(metrics, facts).Select(limit => $"- {limit}"))}

            ## Training

            Seed {metrics.Seed}; SHA-256 of {facts.File}: `{metrics.Student!.Sha256}`.

            ```yaml
            {facts.Training.TrimEnd()}
            ```

            The licence of the teacher, and that of the data, decide how this model may be used; neither is known here.
            """.ReplaceLineEndings("\n"));
        return card.ToString();
    }

    private static string Summary(RunMetrics metrics, CardFacts facts)
    {
        var taught = facts.Teachers.Count == 0 ? "trained from labels" : $"distilled from {Names(facts.Teachers)}";
        return Text($"`{facts.File}` has {metrics.Student!.Parameters:#,0} parameters and was {taught} by OnnxKd.");
    }

    private static string Input(CardFacts facts) => facts.Inputs.Count > 0 ? InputsOfCard.Describe(facts)
        : $"`{facts.Input.Name}`: {ElementTypes.Name(facts.Input.Type)} [batch, {string.Join(", ", facts.Input.Dims)}], {Describe(facts.Preprocessing)}."
        + (facts.Columns.Count == 0 ? "" : $" Its columns, in this order: {string.Join("; ", facts.Columns.Take(MostColumns))}{(facts.Columns.Count > MostColumns ? $"; ... ({facts.Columns.Count} in all, in the file's metadata)" : "")}.");

    /// <summary>What must be done to stored values, in words.</summary>
    public static string Describe(Preprocessing prepared)
    {
        if (prepared.IsNone)
            return "values as they were stored";
        var value = prepared.Log is { } log
            ? $"(L((stored value × {CardPrograms.Number(prepared.Scale)} − {CardPrograms.List(log.Centre)}) ÷ {CardPrograms.List(log.Unit)})" : $"(stored value × {CardPrograms.Number(prepared.Scale)}";
        var channels = prepared.ChannelCount > 1 ? $", one number for each index of axis {prepared.ChannelAxis} of a sample" : "";
        var meaning = prepared.Log is null ? "" : ", where L(z) is sign(z) × ln(1 + |z|), and the value × the factor where it would be divided by 0";
        return $"{value} − {CardPrograms.List(prepared.Mean)}) ÷ {CardPrograms.List(prepared.Std)}{channels}{meaning}";
    }

    private static string Intended(CardFacts facts) => (facts.Teachers.Count == 0 ? "Gives what its labels taught" : $"Stands in for {Names(facts.Teachers)} where that is too large or too slow")
        + $", for samples like those of {(facts.Sets.FirstOrDefault(set => set.Role == "transfer") is { Files: [var samples, ..] } ? $"`{samples}`" : "the transfer set")}.";

    private static string Data(CardFacts facts) => string.Join("\n",
    [
        "| set | samples | files | SHA-256 of the samples | of the labels |", "| --- | ---: | --- | --- | --- |",
        .. facts.Sets.Select(set => Text(
            $"| {set.Role} | {set.Samples:#,0} | {Names(set.Files).Replace("|", "\\|", StringComparison.Ordinal)} | `{set.SamplesDigest}` | {(set.LabelsDigest is { } labels ? $"`{labels}`" : "none")} |")),
    ]);

    private static IEnumerable<string> Limits(RunMetrics metrics, CardFacts facts)
    {
        var student = metrics.Student!;
        yield return metrics.TestSamples is { } samples
            ? Text($"The figures are those of {samples:#,0} samples of one test set; nothing else was measured.")
            : "It was measured on no test set: its figures are of samples that it learned from, which flatters.";
        if (metrics.TestSamples is not null && student.Agreement is { } agreement and < 1 && facts.Teachers.Count > 0)
            yield return Text($"It answers otherwise than its teacher on {1 - agreement:0.00 %} of what was compared.");
        foreach (var weakness in facts.Weaknesses)
            yield return weakness;
        if (facts.Teachers.Count > 0)
            yield return "What its teacher gets wrong it was taught.";
        yield return "It was trained with one seed; how much another one changes is not known from this run.";
        yield return "Its time was measured on one machine; `onnxkd benchmark` measures it on another.";
    }

    private static string Names(IReadOnlyList<string> files) => string.Join(", ", files.Select(file => $"`{file}`"));

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
