using System.Globalization;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Metrics;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Measuring;
using OnnxKd.Pipeline.Terminal;
using Spectre.Console;

namespace OnnxKd.Pipeline.Reports;

/// <summary>The figures of a run, for people.</summary>
internal static class Report
{
    /// <summary>Writes a run's figures: one JSON document, or a table (with lines on a terminal, in plain ASCII elsewhere).</summary>
    public static void Write(RunMetrics metrics, TextWriter output, OutputStyle style)
    {
        if (WriteJson(metrics, output, style))
            return;
        Tables.Render(FigureTable.Of([.. metrics.Rows()], Tables.Border(style)), output, style.Terminal);
        foreach (var name in metrics.OutputNames())
        {
            output.WriteLine($"output '{Printable.Escape(name)}':");
            Tables.Render(FigureTable.Of([.. metrics.Rows(name)], Tables.Border(style)), output, style.Terminal);
        }

        foreach (var line in Notes(metrics))
            output.WriteLine(line);
    }

    /// <summary>Writes the figures of models that belong to no run.</summary>
    public static void Write(ModelComparison comparison, TextWriter output, OutputStyle style)
    {
        if (WriteJson(comparison, output, style))
            return;
        Tables.Render(FigureTable.Of([.. comparison.Models.Select(m => (m.Model, m))], Tables.Border(style)), output, style.Terminal);
        foreach (var name in comparison.Models.SelectMany(model => model.Outputs?.Keys ?? []).Distinct())
        {
            output.WriteLine($"{RunMetrics.Described(name)}:");
            Tables.Render(
                FigureTable.Of([.. comparison.Models.Where(model => model.Outputs?.ContainsKey(name) == true).Select(model => (model.Model, model.Outputs![name]))], Tables.Border(style)),
                output, style.Terminal);
        }

        foreach (var line in SameDecisions(comparison.Models))
            output.WriteLine(line);
        foreach (var model in comparison.Models)
            foreach (var (further, why) in model.Collapses())
                output.WriteLine($"{Printable.Escape(model.Model)}{(further is null ? "" : $", {RunMetrics.Described(further)}")}: {why}");
    }

    /// <summary>Writes the figures of several runs.</summary>
    public static void Write(RunComparison comparison, TextWriter output, OutputStyle style)
    {
        if (WriteJson(comparison, output, style))
            return;
        if (comparison.Rows().Any())
            Tables.Render(FigureTable.Of([.. comparison.Rows()], Tables.Border(style)), output, style.Terminal);
        foreach (var line in comparison.Notes().Concat(comparison.Verdicts()))
            output.WriteLine(line);
    }

    /// <summary>One sentence about parity.</summary>
    public static string Describe(ParityMetrics parity) => string.Create(
        CultureInfo.InvariantCulture,
        $"verified in ONNX Runtime on {parity.Samples:#,0} samples: {Compared(parity.Kind)} differ by at most {parity.MaxAbs:0.0e+0}") + (parity.Kind switch
    {
        OutputKind.Values or OutputKind.Embedding => "",
        OutputKind.Detector => string.Create(CultureInfo.InvariantCulture, $", {parity.Top1Agreement:0.00 %} of scores on the same side of 1/2"),
        OutputKind.Labels => string.Create(CultureInfo.InvariantCulture, $", same decision on {parity.Top1Agreement:0.00 %} of labels"),
        _ => string.Create(CultureInfo.InvariantCulture, $", same top class on {parity.Top1Agreement:0.00 %}"),
    })
        + (parity.QuantizationAllowance is { } allowance
            ? string.Create(CultureInfo.InvariantCulture, $" (quantised: {allowance:g3} is allowed for, a step for each rounding)") : "");

    /// <summary>A sentence about each output's parity.</summary>
    public static IEnumerable<string> DescribeAll(ParityMetrics parity) => (parity.Outputs ?? new Dictionary<string, ParityMetrics>())
        .Select(output => $"{RunMetrics.Described(output.Key)} {Describe(output.Value)}").Prepend(Describe(parity));

    private static string Compared(OutputKind? kind) => kind switch
    {
        OutputKind.Values => "values",
        OutputKind.Embedding => "embeddings",
        OutputKind.Detector => "boxes and probabilities",
        _ => "logits",
    };

    /// <summary>The content of <c>report.md</c>.</summary>
    public static string Markdown(RunMetrics metrics) => Markdown(metrics.Name, MarkdownTable(metrics), Notes(metrics));

    /// <summary>The comparison alone, of each output.</summary>
    public static string MarkdownTable(RunMetrics metrics) => string.Join(
        "\n\n", metrics.OutputNames().Select(name => $"Output `{Printable.Escape(name)}`:\n\n{MarkdownTable(metrics.Rows(name))}").Prepend(MarkdownTable(metrics.Rows())));

    /// <summary>The figures of several runs as Markdown.</summary>
    public static string Markdown(RunComparison comparison) => Markdown(comparison.AsOne().Name, MarkdownTable(comparison.Rows()), comparison.Notes().Concat(comparison.Verdicts()));

    internal static string Markdown(string title, string tables, IEnumerable<string> notes)
    {
        var output = new StringWriter { NewLine = "\n" };
        output.WriteLine($"# {title}\n");
        output.WriteLine($"{tables}\n");
        foreach (var line in notes)
            output.WriteLine($"- {line}");
        return output.ToString();
    }

    internal static string MarkdownTable(IEnumerable<(string Name, ModelMetrics Metrics)> rows) => MarkdownTable(FigureTable.Of([.. rows], TableBorder.Markdown));

    internal static string MarkdownTable(IEnumerable<(string Name, IReadOnlyList<ModelMetrics> Seeds)> rows) => MarkdownTable(FigureTable.Of([.. rows], TableBorder.Markdown));

    private static string MarkdownTable(Table rows)
    {
        var table = new StringWriter { NewLine = "\n" };
        Tables.Render(rows, table, terminal: false);
        return table.ToString().Trim();
    }

    internal static bool WriteJson<T>(T metrics, TextWriter output, OutputStyle style)
    {
        if (style.Json)
            output.Write(CanonicalJson.Serialize(metrics));
        return style.Json;
    }

    /// <summary>Sentences below the comparison.</summary>
    public static IEnumerable<string> Notes(RunMetrics metrics)
    {
        if (metrics.TestSamples is { } samples)
            yield return string.Join("; ", Meanings(metrics.Models).Prepend($"test samples: {samples.ToString("#,0", CultureInfo.InvariantCulture)}"));
        else if (metrics.Models.Select(model => model.Transfer).FirstOrDefault(close => close is not null) is { } close)
            yield return string.Join("; ", Meanings([.. metrics.Rows().Select(row => row.Metrics)])
                .Prepend($"no test set (--test-samples): measured on {close.Samples.ToString("#,0", CultureInfo.InvariantCulture)} of the samples that were learned from, which flatters"));
        if (metrics.Rows().Any(row => row.Metrics.MeanOverlap is not null))
            yield return "mIoU: mean over classes of intersection / union, against the known labels, else against the teacher's classes";
        if (metrics.Rows().Any(row => row.Metrics.AveragePrecision is not null))
            yield return "precision, recall, AP: of the rarer class";
        foreach (var line in SameDecisions([.. metrics.Rows().Select(row => row.Metrics)]))
            yield return line;
        if (metrics.LabelRemark is { } remark)
            yield return remark;
        foreach (var (name, model) in metrics.Rows())
            foreach (var (output, why) in model.Collapses())
                yield return $"{name}{(output is null ? "" : $", {RunMetrics.Described(output)}")}: {why}";
        foreach (var (name, model) in metrics.Rows())
            foreach (var found in model.UnlearnedColumns())
                yield return $"{name} {found}";
        foreach (var (name, model) in metrics.Rows().Where(row => row.Metrics.Collapse is null && row.Metrics.Cosine < row.Metrics.ConstantCosine))
            yield return string.Create(CultureInfo.InvariantCulture, $"{name}: it finds the teacher's neighbours by other vectors than the teacher's, whose mean cosine with them is {model.Cosine:0.0000}: compare them with each other only; the term 'cosine' with more weight brings them closer");
        if (metrics.Rows().Any(row => FigureTable.IsOfTexts(row.Metrics)))
            yield return "CER: edits from what is read to the known text / its characters";
        // Trees are no parameters, and files tell the size of both.
        if (metrics is { Student: { Parameters: { } own, FileBytes: { } bytes }, Teacher: { Parameters: > 0 and var theirs, FileBytes: { } teachers } } && own > theirs && bytes > teachers)
            yield return string.Create(CultureInfo.InvariantCulture, $"the student is larger than its teacher: {FileSize.Format(bytes)} for {FileSize.Format(teachers)}; make it smaller by its sizes ('onnxkd settings students' lists them), or take another architecture");
        if (metrics.Student is { Parity: { } parity } student)
        {
            foreach (var line in DescribeAll(parity))
                yield return line;
            if (parity.Labels is { } labels)
                yield return $"{Names(labels)}: the class of the highest score, checked in ONNX Runtime";
            if (parity.StandsInFor is { } teacher)
                yield return $"{Printable.Escape(student.Model)} runs in a session that was written for {Printable.Escape(teacher)}"
                    + (parity.Missing is { } missing ? $" and does not ask for {Names(missing)}, which it does not have" : ": same input, same output")
                    + (parity.Fixed is { } sizes ? $"; it takes {string.Join(", ", sizes.Select(Printable.Escape))} alone, where the teacher takes other sizes too" : "");
        }
    }

    private static string Names(IReadOnlyList<string> outputs) => $"output{(outputs.Count > 1 ? "s" : "")} {string.Join(", ", outputs.Select(name => $"'{Printable.Escape(name)}'"))}";

    /// <summary>Of a teacher whose decisions tell no samples apart, agreement is 100 % for whoever has learned nothing.</summary>
    private static IEnumerable<string> SameDecisions(IReadOnlyList<ModelMetrics> models) => models
        .SelectMany(model => (model.Outputs ?? new Dictionary<string, ModelMetrics>()).Select(output => ((string?)output.Key, output.Value)).Prepend((null, model)))
        .Where(output => output.Item2 is { Kl: not null, ConstantAgreement: 1 })
        .Select(output => output.Item1).Distinct()
        .Select(output => $"{(output is null ? "" : $"{RunMetrics.Described(output)}: ")}the teacher's decision is the same for every sample measured, so that agreement says nothing and only KL does: "
            + "take samples that it decides differently, or check what it is given (teachers: preprocessing)");

    /// <summary>What the figures mean that there are.</summary>
    private static IEnumerable<string> Meanings(IReadOnlyList<ModelMetrics> models)
    {
        switch (FigureTable.KindOf(models))
        {
            case OutputKind.Labels:
                if (models.Any(model => model.Agreement is not null))
                    yield return "agreement: share of labels decided as the teacher does";
                if (models.Any(model => model.Majority is not null))
                    yield return "majority: accuracy of always deciding each label as it most often is";
                if (models.Any(model => model.ConstantAgreement is not null))
                    yield return "constant: agreement of always deciding each label as the teacher most often does";
                if (models.Any(model => model.Kl is not null))
                    yield return "KL: from the teacher, in nats, mean over labels";
                if (models.Any(model => model.F1 is not null))
                    yield return $"F1: mean over labels, {(models.Any(model => model.Errors is not null) ? "against the known labels" : "against the teacher's decisions")}";
                break;
            case OutputKind.Values:
                yield return "all figures against the teacher's values; R2: mean over columns";
                break;
            case OutputKind.Embedding:
                if (models.Any(model => model.Cosine is not null))
                    yield return "cosine with the teacher's embeddings";
                if (models.Any(model => model.ConstantCosine is not null))
                    yield return "constant: cosine of always giving the teacher's mean embedding";
                if (models.Any(model => model.NeighbourRecall is not null))
                    yield return "neighbours: samples whose nearest other sample is the teacher's";
                if (models.Any(model => model.Retrieval is not null))
                    yield return models.Any(model => model.IsFromElsewhere == true)
                        ? "recall@1: samples whose nearest sample of another group has their label, of those whose label is in another group"
                        : "recall@1: samples whose nearest other sample has their label, of those whose label is not theirs alone";
                break;
            case OutputKind.Detector:
                yield return FormattableString.Invariant(
                    $"agreement: 2 x detections of both / (the teacher's + the model's), above {NonMaximumSuppression.ScoreThreshold} and without those that overlap a surer one by {NonMaximumSuppression.OverlapThreshold}; of both: same class, boxes that overlap by half");
                if (models.Any(model => model.ConstantAgreement is not null))
                    yield return "constant: agreement of the same boxes for every sample, at best";
                yield return "precision, recall: of what the teacher finds; box IoU: mean overlap of what both find";
                break;
            default:
                if (models.Any(model => model.Agreement is not null))
                    yield return "agreement: same top class as the teacher";
                if (models.Any(model => model.Majority is not null))
                    yield return "majority: accuracy of always saying the most frequent label";
                if (models.Any(model => model.ConstantAgreement is not null))
                    yield return "constant: agreement of always saying the class that the teacher says most often";
                if (models.Any(model => model.Kl is not null))
                    yield return "KL: from the teacher, in nats";
                break;
        }
    }
}
