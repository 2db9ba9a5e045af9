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

    /// <summary>Each model's quality against the size of its file and against its time, and which of them another one beats; nothing, if nothing was measured.</summary>
    public static IEnumerable<object> Fronts(RunMetrics metrics) => Quality.For(metrics) is not { } quality ? [] :
    [
        .. OneFront(metrics, quality, "size", "the size of its file", "smaller", "file size, MB", model => model.FileBytes / 1e6),
        .. OneFront(metrics, quality, "latency", "its time for one sample with one thread", "faster", "latency p50, ms", model => model.LatencyMsP50, Reports.Front.LatencyNoise),
    ];

    private static IEnumerable<object> OneFront(RunMetrics metrics, Quality quality, string cost, string meaning, string better, string axis, Func<ModelMetrics, double?> of, double noise = 0)
    {
        // On a logarithmic axis there is no place for 0.
        ModelMetrics[] known = [.. metrics.Models.Where(model => quality.Of(model) is not null && of(model) > 0).OrderBy(quality.Of).ThenBy(of)];
        if (known.Length < 2)
            yield break;
        var compared = known.Select(model => (Model: model, By: Reports.Front.FindBetter(model, known, new(m => quality.Of(m)!.Value), new(m => of(m)!.Value, noise)))).ToArray();
        yield return new XElement("h2", $"Quality and {cost}");
        yield return Charts.Points(
            $"front-{cost}", $"{quality.Name} of each model against {meaning}; the figures are in the table above.", axis, quality.Name,
            [.. known.Select(model => (Html.Text(Name(model)), of(model)!.Value, quality.Of(model)!.Value))]);
        yield return new XElement("p", $"Nothing here is both better and {better} than: {Html.Text(string.Join(", ", compared.Where(pair => pair.By is null).Select(pair => Name(pair.Model))))}.");
        foreach (var (model, by) in compared)
            if (by is not null)
                yield return Html.Note($"{Name(model)} is worse than {Name(by)} in one and no better in the other.");
    }

    /// <summary>What a model is called.</summary>
    public static string Name(ModelMetrics model) => model.Role ?? model.Model;
}
