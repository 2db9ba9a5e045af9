using System.Globalization;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Sweeps;
using OnnxKd.Pipeline.Terminal;
using Spectre.Console;

namespace OnnxKd.Pipeline.Reports;

/// <summary>The figures of a run, for people.</summary>
internal static class Report
{
    private const string Unknown = "-";

    private static readonly Column[] SizeColumns =
    [
        new("parameters", m => Show(m.Parameters, "#,0")),
        new("file size", m => FileSize(m.FileBytes)),
        new("latency p50", m => m.LatencyMsP50 is null ? Unknown : Show(m.LatencyMsP50, "0.000") + " ms"),
    ];

    private static readonly Column Agreement = new("agreement", m => Show(m.Agreement, "0.00 %"));

    private static readonly Column Majority = new("majority", m => Show(m.Majority, "0.00 %"));

    private static readonly Column Divergence = new("KL", m => Show(m.Kl, "0.0000"));

    private static readonly Column[] RareColumns =
    [
        new("precision", m => Show(m.Precision, "0.00 %")),
        new("recall", m => Show(m.Recall, "0.00 %")),
        new("AP", m => Show(m.AveragePrecision, "0.0000")),
    ];

    private static readonly Column Overlap = new("mIoU", m => Show(m.MeanOverlap, "0.0000"));

    private static readonly Column[] ClassColumns =
    [
        new("errors", m => Show(m.Errors, "#,0")),
        new("accuracy", m => Show(m.Accuracy, "0.00 %")),
        Agreement,
        Majority,
        Divergence,
        new("NLL", m => Show(m.Nll, "0.0000")),
        new("ECE", m => Show(m.Ece, "0.0000")),
        .. SizeColumns,
    ];

    private static readonly Column[] TextColumns =
    [
        new("CER", m => Show(m.CharacterErrorRate, "0.00 %")),
        new("exact lines", m => Show(m.ExactLines, "0.00 %")),
        Agreement,
        Majority,
        Divergence,
        .. SizeColumns,
    ];

    private static readonly Column[] LabelColumns =
    [
        new("errors", m => Show(m.Errors, "#,0")),
        new("accuracy", m => Show(m.Accuracy, "0.00 %")),
        new("F1", m => Show(m.F1, "0.0000")),
        Agreement,
        Majority,
        Divergence,
        new("NLL", m => Show(m.Nll, "0.0000")),
        .. SizeColumns,
    ];

    private static readonly Column[] ValueColumns =
    [
        new("MSE", m => Show(m.Mse, "0.####e+0")),
        new("MAE", m => Show(m.Mae, "0.####e+0")),
        new("R2", m => Show(m.RSquared, "0.0000")),
        .. SizeColumns,
    ];

    private static readonly Column[] EmbeddingColumns =
    [
        new("cosine", m => Show(m.Cosine, "0.0000")),
        new("neighbours", m => Show(m.NeighbourRecall, "0.00 %")),
        .. SizeColumns,
    ];

    /// <summary>Writes a run's figures: one JSON document, or a table (with lines on a terminal, in plain ASCII elsewhere).</summary>
    public static void Write(RunMetrics metrics, TextWriter output, OutputStyle style)
    {
        if (WriteJson(metrics, output, style))
            return;
        Render(Table([.. metrics.Rows()], Border(style)), output, style.Terminal);
        foreach (var line in Notes(metrics))
            output.WriteLine(line);
    }

    /// <summary>Writes the figures of models that belong to no run.</summary>
    public static void Write(ModelComparison comparison, TextWriter output, OutputStyle style)
    {
        if (!WriteJson(comparison, output, style))
            Render(Table([.. comparison.Models.Select(m => (m.Model, m))], Border(style)), output, style.Terminal);
    }

    /// <summary>Writes the figures of a sweep.</summary>
    public static void Write(SweepMetrics sweep, TextWriter output, OutputStyle style)
    {
        if (WriteJson(sweep, output, style))
            return;
        Render(Table([.. sweep.Rows()], Border(style)), output, style.Terminal);
        foreach (var line in Notes(sweep))
            output.WriteLine(line);
        if (sweep.Best is not null)
            Render(Leaderboard.Table(sweep, Border(style)), output, style.Terminal);
    }

    /// <summary>Writes the figures of several runs.</summary>
    public static void Write(RunComparison comparison, TextWriter output, OutputStyle style)
    {
        if (WriteJson(comparison, output, style))
            return;
        if (comparison.Rows().Any())
            Render(Table([.. comparison.Rows()], Border(style)), output, style.Terminal);
        foreach (var line in comparison.Notes())
            output.WriteLine(line);
    }

    /// <summary>One sentence about parity.</summary>
    public static string Describe(ParityMetrics parity) => string.Create(
        CultureInfo.InvariantCulture,
        $"verified in ONNX Runtime on {parity.Samples:#,0} samples: {Compared(parity.Kind)} differ by at most {parity.MaxAbs:0.0e+0}") + (parity.Kind switch
    {
        OutputKind.Values or OutputKind.Embedding => "",
        OutputKind.Labels => string.Create(CultureInfo.InvariantCulture, $", same decision on {parity.Top1Agreement:0.00 %} of labels"),
        _ => string.Create(CultureInfo.InvariantCulture, $", same top class on {parity.Top1Agreement:0.00 %}"),
    })
        + (parity.QuantizationStep is { } step
            ? string.Create(CultureInfo.InvariantCulture, $" (quantised: one step of {step:g3} is allowed for)") : "");

    private static string Compared(OutputKind? kind) => kind switch
    {
        OutputKind.Values => "values",
        OutputKind.Embedding => "embeddings",
        _ => "logits",
    };

    /// <summary>The content of <c>report.md</c>.</summary>
    public static string Markdown(RunMetrics metrics) => Markdown(metrics.Name, metrics.Rows(), Notes(metrics));

    /// <summary>The comparison alone.</summary>
    public static string MarkdownTable(RunMetrics metrics) => MarkdownTable(metrics.Rows());

    /// <summary>The content of <c>sweep.md</c>.</summary>
    public static string Markdown(SweepMetrics sweep)
    {
        var board = new StringWriter { NewLine = "\n" };
        if (sweep.Best is not null)
            Render(Leaderboard.Table(sweep, TableBorder.Markdown), board, terminal: false);
        return $"{Markdown(sweep.Name, sweep.Rows(), Notes(sweep))}{(sweep.Best is null ? "" : $"\n{board.ToString().Trim()}\n")}";
    }

    /// <summary>The figures of several runs as Markdown.</summary>
    public static string Markdown(RunComparison comparison) => Markdown(comparison.AsOne().Name, comparison.Rows(), comparison.Notes());

    private static string Markdown(string title, IEnumerable<(string Name, ModelMetrics Metrics)> rows, IEnumerable<string> notes)
    {
        var output = new StringWriter { NewLine = "\n" };
        output.WriteLine($"# {title}\n");
        output.WriteLine($"{MarkdownTable(rows)}\n");
        foreach (var line in notes)
            output.WriteLine($"- {line}");
        return output.ToString();
    }

    private static string MarkdownTable(IEnumerable<(string Name, ModelMetrics Metrics)> rows)
    {
        var table = new StringWriter { NewLine = "\n" };
        Render(Table([.. rows], TableBorder.Markdown), table, terminal: false);
        return table.ToString().Trim();
    }

    private static bool WriteJson<T>(T metrics, TextWriter output, OutputStyle style)
    {
        if (style.Json)
            output.Write(CanonicalJson.Serialize(metrics));
        return style.Json;
    }

    internal static TableBorder Border(OutputStyle style) => style.Terminal ? TableBorder.Rounded : TableBorder.Ascii2;

    /// <summary>The comparison as text: the names of the columns of which anything is known, then a row for each model.</summary>
    public static IEnumerable<IReadOnlyList<string>> Cells(IReadOnlyList<(string Name, ModelMetrics Metrics)> rows)
    {
        var columns = rows.Any(row => IsOfTexts(row.Metrics)) ? TextColumns
            : rows.Any(row => row.Metrics.MeanOverlap is not null) ? [.. ClassColumns[..3], Overlap, .. ClassColumns[3..]]
            : rows.Any(row => row.Metrics.AveragePrecision is not null) ? [.. ClassColumns[..5], .. RareColumns, .. ClassColumns[5..]]
            : ColumnsOf(KindOf(rows.Select(row => row.Metrics)));
        columns = [.. columns.Where(column => rows.Any(row => column.Show(row.Metrics) != Unknown))];
        yield return ["model", .. columns.Select(column => column.Name)];
        foreach (var (name, metrics) in rows)
            yield return [Printable.Escape(name), .. columns.Select(column => column.Show(metrics))];
    }

    private static Table Table(IReadOnlyList<(string Name, ModelMetrics Metrics)> rows, TableBorder border)
    {
        var (table, cells) = (new Table { Border = border }, Cells(rows).ToArray());
        table.AddColumn(cells[0][0]);
        foreach (var name in cells[0].Skip(1))
            table.AddColumn(new TableColumn(name).RightAligned());
        foreach (var row in cells.Skip(1))
            table.AddRow(row.Select(cell => new Text(cell)));
        return table;
    }

    private static OutputKind? KindOf(IEnumerable<ModelMetrics> models) => models.Select(model => model.Kind).FirstOrDefault(kind => kind is not null);

    private static Column[] ColumnsOf(OutputKind? kind) => kind switch
    {
        OutputKind.Labels => LabelColumns,
        OutputKind.Values => ValueColumns,
        OutputKind.Embedding => EmbeddingColumns,
        _ => ClassColumns,
    };

    private static bool IsOfTexts(ModelMetrics metrics) => metrics.CharacterErrorRate is not null;

    /// <summary>Sentences below the comparison.</summary>
    public static IEnumerable<string> Notes(RunMetrics metrics)
    {
        if (metrics.TestSamples is { } samples)
            yield return string.Join("; ", Meanings(metrics.Models).Prepend($"test samples: {Show(samples, "#,0")}"));
        else if (metrics.Models.Select(model => model.Transfer).FirstOrDefault(close => close is not null) is { } close)
            yield return string.Join("; ", Meanings([.. metrics.Rows().Select(row => row.Metrics)])
                .Prepend($"no test set (--test-samples): measured on {Show(close.Samples, "#,0")} of the samples that were learned from, which flatters"));
        if (metrics.Rows().Any(row => row.Metrics.MeanOverlap is not null))
            yield return "mIoU: mean over classes of intersection / union, against the known labels, else against the teacher's classes";
        if (metrics.Rows().Any(row => row.Metrics.AveragePrecision is not null))
            yield return "precision, recall, AP: of the rarer class";
        foreach (var (name, model) in metrics.Rows().Where(row => row.Metrics.Collapse is not null))
            yield return $"{name}: {model.Collapse}";
        if (metrics.Rows().Any(row => IsOfTexts(row.Metrics)))
            yield return "CER: edits from what is read to the known text / its characters";
        if (metrics.Student is { Parity: { } parity } student)
        {
            yield return Describe(parity);
            if (parity.StandsInFor is { } teacher)
                yield return $"{Printable.Escape(student.Model)} runs in a session that was written for {Printable.Escape(teacher)}: same input, same output";
        }
    }

    /// <summary>What the figures mean that there are.</summary>
    private static IEnumerable<string> Meanings(IReadOnlyList<ModelMetrics> models)
    {
        switch (KindOf(models))
        {
            case OutputKind.Labels:
                if (models.Any(model => model.Agreement is not null))
                    yield return "agreement: share of labels decided as the teacher does";
                if (models.Any(model => model.Majority is not null))
                    yield return "majority: what always deciding each label alike gives";
                if (models.Any(model => model.F1 is not null))
                    yield return $"F1: mean over labels, {(models.Any(model => model.Errors is not null) ? "against the known labels" : "against the teacher's decisions")}";
                break;
            case OutputKind.Values:
                yield return "all figures against the teacher's values; R2: mean over columns";
                break;
            case OutputKind.Embedding:
                yield return "cosine with the teacher's embeddings; neighbours: samples whose nearest other sample is the teacher's";
                break;
            default:
                if (models.Any(model => model.Agreement is not null))
                    yield return "agreement: same top class as the teacher";
                if (models.Any(model => model.Majority is not null))
                    yield return "majority: what always saying the most frequent class gives";
                if (models.Any(model => model.Kl is not null))
                    yield return "KL: from the teacher, in nats";
                break;
        }
    }

    private static IEnumerable<string> Notes(SweepMetrics sweep)
    {
        foreach (var note in sweep.First is { } first ? Notes(first with { Models = [.. first.Models.Select(model => model with { Parity = null })] }) : [])
            yield return note;
        foreach (var setting in sweep.Settings.Where(setting => setting.Failure is not null))
            yield return $"failed: {setting.Setting}";
        if (sweep.Best is { } best)
            yield return $"best on the validation set: {best}; front: no other is at least as good in validation, size and latency";
    }

    internal static void Render(Table table, TextWriter output, bool terminal)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = terminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = terminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Out = new AnsiConsoleOutput(TerminalWriter.Raw(output)),
        });
        // A narrow window wraps the line; Spectre would break words inside cells.
        console.Profile.Width = Math.Max(console.Profile.Width, 180);
        console.Write(table);
    }

    /// <summary>A file's size for people: <c>1.84 MB</c>.</summary>
    public static string FileSize(long? bytes) => bytes switch
    {
        null => Unknown,
        < 1_000_000 => Show(bytes / 1e3, "0.0") + " kB",
        < 1_000_000_000 => Show(bytes / 1e6, "0.00") + " MB",
        _ => Show(bytes / 1e9, "0.00") + " GB",
    };

    private static string Show(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? Unknown;

    private sealed record Column(string Name, Func<ModelMetrics, string> Show);
}
