using System.Xml.Linq;
using OnnxKd.Pipeline.Measuring;

namespace OnnxKd.Pipeline.Reports.Page;

/// <summary>The table of models, and their quality against their size.</summary>
internal static class FiguresPart
{
    /// <summary>The table.</summary>
    /// <param name="rows">Its rows.</param>
    /// <param name="notes">What stands below it.</param>
    /// <param name="others">The rows of further outputs, by name.</param>
    public static object[] Write(
        IEnumerable<(string Name, ModelMetrics Metrics)> rows, IEnumerable<string> notes,
        params IEnumerable<(string Name, IEnumerable<(string Name, ModelMetrics Metrics)> Rows)> others) =>
        Write(FigureTable.Cells([.. rows]), notes, others);

    /// <summary>The table of several runs.</summary>
    /// <param name="rows">Its rows, with several seeds in one.</param>
    /// <param name="notes">What stands below it.</param>
    public static object[] Write(IEnumerable<(string Name, IReadOnlyList<ModelMetrics> Seeds)> rows, IEnumerable<string> notes) =>
        Write(FigureTable.Cells([.. rows]), notes, []);

    private static object[] Write(
        IEnumerable<IReadOnlyList<string>> cells, IEnumerable<string> notes, IEnumerable<(string Name, IEnumerable<(string Name, ModelMetrics Metrics)> Rows)> others) =>
    [
        new XElement("h2", "Figures"), Html.Table([.. cells]),
        .. others.SelectMany(output => new[] { new XElement("h3", Html.Text($"Output {output.Name}")), Html.Table([.. FigureTable.Cells([.. output.Rows])]) }),
        .. notes.Select(Html.Note),
    ];

    /// <summary>Each model's quality against the size of its file, and which of them another one beats; nothing, if nothing was measured.</summary>
    public static IEnumerable<object> Front(RunMetrics metrics)
    {
        if (Quality.For(metrics) is not { } quality)
            yield break;
        var (front, dominated) = quality.Front(metrics.Models);
        yield return new XElement("h2", "Quality and size");
        yield return Charts.Points(
            "sizes", $"{quality.Name} of each model against the size of its file; the figures are in the table above.", "file size, MB", quality.Name,
            [.. front.Concat(dominated.Select(pair => pair.Model)).Select(model => (Html.Text(Name(model)), model.FileBytes!.Value / 1e6, quality.Of(model)!.Value))]);
        yield return new XElement("p", $"Nothing here is both better and smaller than: {Html.Text(string.Join(", ", front.Select(Name)))}.");
        foreach (var (model, by) in dominated)
            yield return Html.Note($"{Name(model)} is worse than {Name(by)} in one and no better in the other.");
    }

    /// <summary>What a model is called.</summary>
    public static string Name(ModelMetrics model) => model.Role ?? model.Model;
}
