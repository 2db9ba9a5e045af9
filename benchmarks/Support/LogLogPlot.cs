using System.Globalization;
using System.Text;

namespace OnnxKd.Benchmarks.Support;

/// <summary>
/// Curves over logarithmic axes, as the text of an SVG file: what is linear rises by one decade per decade, as the dashed lines do.
/// </summary>
internal static class LogLogPlot
{
    private const int Width = 420;
    private const int Height = 300;
    private const int Margin = 50;

    private static readonly string[] Colours = ["#1f77b4", "#d62728", "#2ca02c"];

    /// <summary>A curve.</summary>
    public sealed record Curve(string Name, IReadOnlyList<(double X, double Y)> Points);

    /// <summary>Curves over one pair of axes.</summary>
    public sealed record Panel(string Title, IReadOnlyList<Curve> Curves);

    /// <summary>Draws panels side by side.</summary>
    public static string Draw(params Panel[] panels)
    {
        var svg = new StringBuilder();
        var width = panels.Length * (Width + Margin) + Margin;
        svg.AppendLine(Text($"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {Height + 2 * Margin}'"));
        svg.AppendLine(" font-family='sans-serif' font-size='12'>");
        svg.AppendLine("<rect width='100%' height='100%' fill='white'/>");
        for (var i = 0; i < panels.Length; i++)
            Draw(svg, panels[i], Margin + i * (Width + Margin));
        svg.AppendLine("</svg>");
        return svg.ToString();
    }

    private static void Draw(StringBuilder svg, Panel panel, int left)
    {
        var points = panel.Curves.SelectMany(curve => curve.Points).ToArray();
        var (firstX, lastX) = Decades(points.Select(point => point.X));
        var (firstY, lastY) = Decades(points.Select(point => point.Y));
        double X(double x) => left + Width * (Math.Log10(x) - firstX) / (lastX - firstX);
        double Y(double y) => Margin + Height * (1 - (Math.Log10(y) - firstY) / (lastY - firstY));

        svg.AppendLine(Text($"<text x='{left}' y='{Margin - 20}' font-weight='bold'>{panel.Title}</text>"));
        svg.AppendLine(Text($"<rect x='{left}' y='{Margin}' width='{Width}' height='{Height}' fill='none' stroke='#888'/>"));
        for (var decade = firstX; decade <= lastX; decade++)
            svg.AppendLine(Text(
                $"<text x='{X(Math.Pow(10, decade)):F1}' y='{Margin + Height + 18}' text-anchor='middle'>{Label(decade)}</text>"));
        for (var decade = firstY; decade <= lastY; decade++)
            svg.AppendLine(Text($"<text x='{left - 6}' y='{Y(Math.Pow(10, decade)) + 4:F1}' text-anchor='end'>{Label(decade)}</text>"));
        for (var i = 0; i < panel.Curves.Count; i++)
        {
            var (name, curve) = panel.Curves[i];
            var (last, lowest) = (curve[^1], Math.Pow(10, firstY));
            var start = Math.Max(curve[0].X, last.X * lowest / last.Y); // where the line of slope one enters the frame
            var guide = Text($"M{X(start):F1} {Y(last.Y * start / last.X):F1}L{X(last.X):F1} {Y(last.Y):F1}");
            svg.AppendLine($"<path d='{guide}' stroke='#bbb' stroke-dasharray='4 4'/>");
            var path = string.Join('L', curve.Select(point => Text($"{X(point.X):F1} {Y(point.Y):F1}")));
            svg.AppendLine($"<path d='M{path}' fill='none' stroke='{Colours[i]}' stroke-width='2'/>");
            foreach (var (x, y) in curve)
                svg.AppendLine(Text($"<circle cx='{X(x):F1}' cy='{Y(y):F1}' r='3' fill='{Colours[i]}'/>"));
            svg.AppendLine(Text($"<text x='{left + 10}' y='{Margin + 20 + 16 * i}' fill='{Colours[i]}'>{name}</text>"));
        }
    }

    /// <summary>The powers of ten around some values.</summary>
    private static (int First, int Last) Decades(IEnumerable<double> values)
    {
        var logarithms = values.Select(Math.Log10).ToArray();
        var first = (int)Math.Floor(logarithms.Min());
        return (first, Math.Max(first + 1, (int)Math.Ceiling(logarithms.Max())));
    }

    private static string Label(int decade) => Math.Pow(10, decade).ToString("#,0.#####", CultureInfo.InvariantCulture);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
