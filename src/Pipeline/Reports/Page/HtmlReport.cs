using System.Xml.Linq;
using OnnxKd.Pipeline.Measuring;

namespace OnnxKd.Pipeline.Reports.Page;

/// <summary>The page <c>report.html</c> of a run.</summary>
internal static class HtmlReport
{
    /// <summary>The page.</summary>
    public static string Write(RunStory story)
    {
        var metrics = story.Metrics;
        return PageFrame.Write(
            metrics.Name, Quality.Verdict(metrics),
            FiguresPart.Write(metrics.Rows(), Report.Notes(metrics), metrics.OutputNames().Select(name => (name, metrics.Rows(name)))),
            ComparisonPart.Write(story), FiguresPart.Front(metrics), LatencyPart.Write(story.Latency),
            TrainingPart.Write(story.Trainings), Parity(metrics), Made(story));
    }

    private static IEnumerable<object> Parity(RunMetrics metrics)
    {
        var exported = metrics.Models.Where(model => model.Parity is not null).ToArray();
        if (exported.Length == 0)
            yield break;
        yield return new XElement("h2", "What ships");
        yield return new XElement("ul", exported.SelectMany(model => Described(model)).Select(line => new XElement("li", Html.Text(line))));
    }

    private static IEnumerable<string> Described(ModelMetrics model) => (model.Parity!.Outputs ?? new Dictionary<string, ParityMetrics>())
        .Select(output => $"{FiguresPart.Name(model)}, {RunMetrics.Described(output.Key)}: {Report.Describe(output.Value)}")
        .Prepend($"{FiguresPart.Name(model)}: {Report.Describe(model.Parity!)}");

    private static object[] Made(RunStory story) =>
    [
        new XElement("h2", "How it was made"),
        new XElement("p", "Again with ", new XElement("code", "onnxkd run recipe.yaml"), ", in this folder; the same inputs give the same bytes."),
        Html.Table(
        [
            ["model", "SHA-256"],
            .. story.Metrics.Models.Where(model => model.Sha256 is not null).Select(model => (IReadOnlyList<string>)[FiguresPart.Name(model), model.Sha256!]),
        ]),
        Html.Table(
        [
            ["stage", "seconds", "versions"],
            .. story.Stages.Select(stage => (IReadOnlyList<string>)
                [stage.Stage, Html.Number(stage.WallSeconds), string.Join(", ", stage.Versions.Select(version => $"{version.Key} {version.Value}"))]),
        ]),
        new XElement("h3", "Recipe"),
        new XElement("pre", Html.Text(story.Recipe)),
    ];
}
