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
        new("parameters", m => m.Parameters, "#,0"),
        new("file size", m => m.FileBytes, FileSize),
        new("latency p50", m => m.LatencyMsP50, "0.000 'ms'"),
    ];

    private static readonly Column Agreement = new("agreement", m => m.Agreement, "0.00 %");

    private static readonly Column Majority = new("majority", m => m.Majority, "0.00 %");

    private static readonly Column Constant = new("constant", m => m.ConstantAgreement, "0.00 %");

    private static readonly Column Divergence = new("KL", m => m.Kl, "0.0000");

    private static readonly Column[] RareColumns =
    [
        new("precision", m => m.Precision, "0.00 %"),
        new("recall", m => m.Recall, "0.00 %"),
        new("AP", m => m.AveragePrecision, "0.0000"),
    ];

    private static readonly Column Overlap = new("mIoU", m => m.MeanOverlap, "0.0000");

    private static readonly Column[] ClassColumns =
    [
        new("errors", m => m.Errors, "#,0.#"),
        new("accuracy", m => m.Accuracy, "0.00 %"),
        Majority,
        Agreement,
        Constant,
        Divergence,
        new("NLL", m => m.Nll, "0.0000"),
        new("ECE", m => m.Ece, "0.0000"),
        .. SizeColumns,
    ];

    private static readonly Column[] TextColumns =
    [
        new("CER", m => m.CharacterErrorRate, "0.00 %"),
        new("exact lines", m => m.ExactLines, "0.00 %"),
        Agreement,
        Constant,
        Divergence,
        .. SizeColumns,
    ];

    private static readonly Column[] LabelColumns =
    [
        new("errors", m => m.Errors, "#,0.#"),
        new("accuracy", m => m.Accuracy, "0.00 %"),
        Majority,
        new("F1", m => m.F1, "0.0000"),
        Agreement,
        Constant,
        Divergence,
        new("NLL", m => m.Nll, "0.0000"),
        .. SizeColumns,
    ];

    private static readonly Column[] ValueColumns =
    [
        new("MSE", m => m.Mse, "0.####e+0"),
        new("MAE", m => m.Mae, "0.####e+0"),
        new("R2", m => m.RSquared, "0.0000"),
        .. SizeColumns,
    ];

    private static readonly Column[] EmbeddingColumns =
    [
        new("cosine", m => m.Cosine, "0.0000"),
        new("constant", m => m.ConstantCosine, "0.0000"),
        new("neighbours", m => m.NeighbourRecall, "0.00 %"),
        new("recall@1", m => m.Retrieval, "0.00 %"),
        .. SizeColumns,
    ];

    private static readonly Column[] DetectorColumns =
    [
        Agreement,
        Constant,
        new("precision", m => m.Precision, "0.00 %"),
        new("recall", m => m.Recall, "0.00 %"),
        new("box IoU", m => m.BoxOverlap, "0.0000"),
        .. SizeColumns,
    ];

    /// <summary>The comparison as text: the names of the columns of which anything is known, then a row for each model.</summary>
    public static IEnumerable<IReadOnlyList<string>> Cells(IReadOnlyList<(string Name, ModelMetrics Metrics)> rows) =>
        Cells([.. rows.Select(row => (row.Name, (IReadOnlyList<ModelMetrics>)[row.Metrics]))]);

    /// <summary>The same; a row of several models, those of several seeds, has mean ± deviation of each figure.</summary>
    public static IEnumerable<IReadOnlyList<string>> Cells(IReadOnlyList<(string Name, IReadOnlyList<ModelMetrics> Seeds)> rows)
    {
        var all = rows.SelectMany(row => row.Seeds).ToArray();
        var kinds = all.Select(model => model.Kind).Distinct().ToArray();
        var columns = all.Any(IsOfTexts) ? TextColumns
            : kinds.Length > 1 ? [.. kinds.SelectMany(ColumnsOf).Except(SizeColumns).DistinctBy(column => column.Name), .. SizeColumns]
            : all.Any(model => model.MeanOverlap is not null) ? [.. ClassColumns[..4], Overlap, .. ClassColumns[4..]]
            : KindOf(all) == OutputKind.Labels && all.Any(model => model.AveragePrecision is not null) ? [.. LabelColumns[..4], .. RareColumns, .. LabelColumns[4..]]
            : all.Any(model => model.AveragePrecision is not null) ? [.. ClassColumns[..6], .. RareColumns, .. ClassColumns[6..]]
            : ColumnsOf(KindOf(all));
        columns = [.. columns.Where(column => all.Any(model => column.Of(model) is not null))];
        yield return ["model", .. columns.Select(column => column.Name)];
        foreach (var (name, seeds) in rows)
            yield return [Printable.Escape(name), .. columns.Select(column => column.Cell(seeds))];
    }

    /// <summary>The comparison as a table.</summary>
    public static Table Of(IReadOnlyList<(string Name, ModelMetrics Metrics)> rows, TableBorder border) => Of([.. Cells(rows)], border);

    /// <summary>The comparison as a table, with several seeds in a row.</summary>
    public static Table Of(IReadOnlyList<(string Name, IReadOnlyList<ModelMetrics> Seeds)> rows, TableBorder border) => Of([.. Cells(rows)], border);

    private static Table Of(IReadOnlyList<IReadOnlyList<string>> cells, TableBorder border)
    {
        var table = new Table { Border = border };
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
    public static string FileSize(long? bytes) => bytes is { } known ? FileSize((double)known) : Unknown;

    private static string FileSize(double bytes) => bytes switch
    {
        < 1e6 => (bytes / 1e3).ToString("0.0 'kB'", CultureInfo.InvariantCulture),
        < 1e9 => (bytes / 1e6).ToString("0.00 'MB'", CultureInfo.InvariantCulture),
        _ => (bytes / 1e9).ToString("0.00 'GB'", CultureInfo.InvariantCulture),
    };

    private sealed record Column(string Name, Func<ModelMetrics, double?> Of, Func<double, string> Show)
    {
        public Column(string name, Func<ModelMetrics, double?> of, string format)
            : this(name, of, value => value.ToString(format, CultureInfo.InvariantCulture))
        {
        }

        public string Cell(IReadOnlyList<ModelMetrics> seeds)
        {
            double[] values = [.. seeds.Select(Of).OfType<double>()];
            return values.Length == 0 || values.Length < seeds.Count ? Unknown : Spread.Of(values).Show(Show);
        }
    }
}
