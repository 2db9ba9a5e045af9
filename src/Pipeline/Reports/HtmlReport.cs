using System.Globalization;
using System.Xml.Linq;
using OnnxKd.Core.Text;
using OnnxKd.StudentTrainer.Batches;

namespace OnnxKd.Pipeline.Reports;

/// <summary>The page <c>report.html</c>: one file, without scripts and without a network, in light and dark, for the screen and for paper.</summary>
internal static class HtmlReport
{
    private const string Style = """
        :root { color-scheme: light dark; --paper: #ffffff; --ink: #1c1e21; --soft: #55595f; --grid: #d5d8dc; --line1: #0b62a4; --line2: #b3400e;
          --line3: #1a7a4c; --line4: #8a3a94; --line5: #7a5c00; --line6: #444444; }
        @media (prefers-color-scheme: dark) { :root { --paper: #16181c; --ink: #e6e8eb; --soft: #a9afb7; --grid: #3b4048; --line1: #6cb6f5;
          --line2: #f39a6b; --line3: #63cf9b; --line4: #d79be0; --line5: #e0c04f; --line6: #c4c4c4; } }
        body { margin: 0 auto; padding: 1.5rem; max-width: 56rem; background: var(--paper); color: var(--ink);
          font: 1rem/1.5 system-ui, sans-serif; }
        h1 { font-size: 1.7rem; } h2 { font-size: 1.25rem; margin-top: 2.2rem; } h3 { font-size: 1rem; }
        table { border-collapse: collapse; } th, td { padding: .25rem .7rem; border-bottom: 1px solid var(--grid); text-align: right; }
        th:first-child, td:first-child { text-align: left; } td { font-variant-numeric: tabular-nums; }
        .wide { overflow-x: auto; } .verdict { font-size: 1.1rem; border-left: .3rem solid var(--line1); padding-left: 1rem; }
        .note { color: var(--soft); } pre { white-space: pre-wrap; overflow-wrap: anywhere; } code { overflow-wrap: anywhere; }
        svg { width: 100%; height: auto; } @media print { body { max-width: none; } h2, h3 { break-after: avoid; } svg, tr { break-inside: avoid; } }
        """;

    /// <summary>The page.</summary>
    public static string Write(RunStory story)
    {
        var metrics = story.Metrics;
        var html = new XElement("html", new XAttribute("lang", "en"),
            new XElement("head",
                new XElement("meta", new XAttribute("charset", "utf-8")),
                new XElement("meta", new XAttribute("name", "viewport"), new XAttribute("content", "width=device-width, initial-scale=1")),
                // A page that asks for no icon makes no request.
                new XElement("link", new XAttribute("rel", "icon"), new XAttribute("href", "data:,")),
                new XElement("title", Text($"{metrics.Name}: report")),
                new XElement("style", Style)),
            new XElement("body", new XElement("main",
                new XElement("h1", Text(metrics.Name)),
                new XElement("p", new XAttribute("class", "verdict"), Text(string.Join(' ', Quality.Verdict(metrics)))),
                Figures(metrics), Trainings(story), Sizes(metrics), Parity(metrics), Made(story))));
        return $"<!DOCTYPE html>\n{html.ToString(SaveOptions.DisableFormatting)}\n";
    }

    private static object[] Figures(RunMetrics metrics) =>
    [
        new XElement("h2", "Figures"),
        Table([.. Report.Cells([.. metrics.Rows()])]),
        .. Report.Notes(metrics).Select(Note),
    ];

    private static IEnumerable<object> Trainings(RunStory story)
    {
        if (story.Trainings.Count > 0)
            yield return new XElement("h2", "Training");
        foreach (var (training, index) in story.Trainings.Select((training, index) => (training, index)))
        {
            var (role, epochs) = training;
            yield return new XElement("h3", Text(role));
            yield return Charts.OverEpochs(
                $"loss{index}", $"Loss of {Text(role)} over {epochs.Count} epochs, whole and term by term; it ends at {Number(epochs[^1].Loss)}.", "loss",
                [Curve("whole", e => e.Loss), .. epochs[0].Terms.Keys.Where(_ => epochs[0].Terms.Count > 1).Select(term => Curve(term, e => e.Terms.GetValueOrDefault(term)))],
                spansOrders: true);
            yield return Charts.OverEpochs(
                $"rate{index}", $"Learning rate of {Text(role)} over epochs, from {Number(epochs[0].LearningRate)} to {Number(epochs[^1].LearningRate)}.",
                "learning rate", [Curve("learning rate", e => e.LearningRate)]);
            if (epochs.Any(e => e.Nll is not null))
                yield return Charts.OverEpochs(
                    $"nll{index}", $"Negative log-likelihood of {Text(role)} on the validation set over epochs.", "validation NLL",
                    [Curve("validation NLL", e => e.Nll)]);
            if (epochs.Any(e => e.Agreement is not null))
                yield return Charts.OverEpochs(
                    $"agreement{index}", $"Agreement of {Text(role)} with its teacher on the validation set over epochs.", "validation agreement",
                    [Curve("validation agreement", e => e.Agreement)]);

            Curve Curve(string name, Func<EpochEvent, double?> value) =>
                new(Text(name), [.. epochs.Select(e => ((double)e.Epoch, value(e)))]);
        }
    }

    private static IEnumerable<object> Sizes(RunMetrics metrics)
    {
        if (Quality.For(metrics) is not { } quality)
            yield break;
        var (front, dominated) = quality.Front(metrics.Models);
        yield return new XElement("h2", "Quality and size");
        yield return Charts.Points(
            "sizes", $"{quality.Name} of each model against the size of its file; the figures are in the table above.", "file size, MB", quality.Name,
            [.. front.Concat(dominated.Select(pair => pair.Model)).Select(model => (Text(Name(model)), model.FileBytes / 1e6, quality.Of(model)!.Value))]);
        yield return new XElement("p", $"Nothing here is both better and smaller than: {Text(string.Join(", ", front.Select(Name)))}.");
        foreach (var (model, by) in dominated)
            yield return Note($"{Name(model)} is worse than {Name(by)} in one and no better in the other.");
    }

    private static IEnumerable<object> Parity(RunMetrics metrics)
    {
        var exported = metrics.Models.Where(model => model.Parity is not null).ToArray();
        if (exported.Length == 0)
            yield break;
        yield return new XElement("h2", "What ships");
        yield return new XElement("ul", exported.Select(model => new XElement("li", Text($"{Name(model)}: {Report.Describe(model.Parity!)}"))));
    }

    private static object[] Made(RunStory story) =>
    [
        new XElement("h2", "How it was made"),
        new XElement("p", "Again with ", new XElement("code", "onnxkd run recipe.yaml"), ", in this folder; the same inputs give the same bytes."),
        Table(
        [
            ["model", "SHA-256"],
            .. story.Metrics.Models.Where(model => model.Sha256 is not null).Select(model => (IReadOnlyList<string>)[Name(model), model.Sha256!]),
        ]),
        Table(
        [
            ["stage", "seconds", "versions"],
            .. story.Stages.Select(stage => (IReadOnlyList<string>)
                [stage.Stage, Number(stage.WallSeconds), string.Join(", ", stage.Versions.Select(version => $"{version.Key} {version.Value}"))]),
        ]),
        new XElement("h3", "Recipe"),
        new XElement("pre", Text(story.Recipe)),
    ];

    private static XElement Table(IReadOnlyList<IReadOnlyList<string>> rows) => new("div", new XAttribute("class", "wide"), new XAttribute("tabindex", 0),
        new XAttribute("role", "region"), new XAttribute("aria-label", $"table of each {rows[0][0]}: {string.Join(", ", rows[0].Skip(1))}"),
        new XElement("table",
            new XElement("thead", new XElement("tr", rows[0].Select(cell => new XElement("th", new XAttribute("scope", "col"), Text(cell))))),
            new XElement("tbody", rows.Skip(1).Select(row => new XElement("tr", row.Select(cell => new XElement("td", Text(cell))))))));

    private static XElement Note(string text) => new("p", new XAttribute("class", "note"), Text(text));

    private static string Name(ModelMetrics model) => model.Role ?? model.Model;

    private static string Number(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);

    private static string Text(string text) => Printable.Escape(text);
}
