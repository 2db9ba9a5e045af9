using System.Xml.Linq;
using OnnxKd.Pipeline.Measuring;

namespace OnnxKd.Pipeline.Reports.Page;

/// <summary>The page <c>report.html</c> of a run.</summary>
internal static class HtmlReport
{
    /// <summary>The page.</summary>
    public static string Write(RunStory story) => PageFrame.Write(story.Metrics.Name, Quality.Verdict(story.Metrics), Parts(story));

    /// <summary>What it says below the verdict.</summary>
    public static object[] Parts(RunStory story)
    {
        var metrics = story.Metrics;
        return
        [
            FiguresPart.Write(metrics.Rows(), Report.Notes(metrics), metrics.OutputNames().Select(name => (name, metrics.Rows(name)))),
            ComparisonPart.Write(story), FiguresPart.Fronts(metrics), LatencyPart.Write(story.Latency),
            TrainingPart.Write(story.Trainings), Parity(metrics), OriginPart.Write(metrics.Models, story.Stages, story.Recipe, story.Replay),
        ];
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
}
