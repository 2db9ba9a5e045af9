using System.Xml.Linq;
using OnnxKd.Pipeline.Measuring;

namespace OnnxKd.Pipeline.Reports.Page;

/// <summary>How long models take, against threads and samples of a run.</summary>
internal static class LatencyPart
{
    /// <summary>The part; nothing, if nothing was timed.</summary>
    public static IEnumerable<object> Write(RunLatency latency)
    {
        if (latency.Points.Count == 0)
            yield break;
        yield return new XElement("h2", "Latency");
        var lines = latency.Points.GroupBy(point => $"{point.Role}, {Threads(point.Threads)}").Take(Charts.LineColors).ToArray();
        if (lines.Any(line => line.Count() > 1))
            yield return Charts.OverBatches(
                "latency", Html.Text($"Median time of a run against the samples of a run: {string.Join("; ", lines.Select(line => line.Key))}; the table has the figures."),
                [.. lines.Select(line => new Curve(Html.Text(line.Key), [.. line.Select(point => ((double)point.Batch, (double?)point.Figures.MsP50))]))]);
        yield return Html.Table(
        [
            ["model", "threads", "samples of a run", "p50, ms", "p95, ms", "p99, ms", "samples a second"],
            .. latency.Points.Select(point => (IReadOnlyList<string>)
            [
                point.Role, Html.Count(point.Threads), Html.Count(point.Batch), Html.Number(point.Figures.MsP50), Html.Number(point.Figures.MsP95),
                Html.Number(point.Figures.MsP99), Html.Count((long)(1000 * point.Batch / point.Figures.MsP50)),
            ]),
        ]);
        yield return Html.Note("Each measured for a moment on the machine of the run; 'onnxkd benchmark' measures thoroughly.");
    }

    private static string Threads(int count) => count == 1 ? "1 thread" : $"{count} threads";
}
