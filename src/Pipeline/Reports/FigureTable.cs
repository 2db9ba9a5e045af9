using System.Globalization;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Measuring;
using Spectre.Console;

namespace OnnxKd.Pipeline.Reports;

/// <summary>The comparison of models: a row for each, and the columns that their kind has.</summary>
internal static class FigureTable
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

    private static readonly Column[] DetectorColumns =
    [
        Agreement,
        new("precision", m => Show(m.Precision, "0.00 %")),
        new("recall", m => Show(m.Recall, "0.00 %")),
        new("box IoU", m => Show(m.BoxOverlap, "0.0000")),
        .. SizeColumns,
    ];

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

    /// <summary>The comparison as a table.</summary>
    public static Table Of(IReadOnlyList<(string Name, ModelMetrics Metrics)> rows, TableBorder border)
    {
        var (table, cells) = (new Table { Border = border }, Cells(rows).ToArray());
        table.AddColumn(cells[0][0]);
        foreach (var name in cells[0].Skip(1))
            table.AddColumn(new TableColumn(name).RightAligned());
        foreach (var row in cells.Skip(1))
            table.AddRow(row.Select(cell => new Text(cell)));
        return table;
    }

    /// <summary>What the models give.</summary>
    public static OutputKind? KindOf(IEnumerable<ModelMetrics> models) => models.Select(model => model.Kind).FirstOrDefault(kind => kind is not null);

    private static Column[] ColumnsOf(OutputKind? kind) => kind switch
    {
        OutputKind.Labels => LabelColumns,
        OutputKind.Values => ValueColumns,
        OutputKind.Embedding => EmbeddingColumns,
        OutputKind.Detector => DetectorColumns,
        _ => ClassColumns,
    };

    /// <summary>Whether a model reads texts.</summary>
    public static bool IsOfTexts(ModelMetrics metrics) => metrics.CharacterErrorRate is not null;

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
