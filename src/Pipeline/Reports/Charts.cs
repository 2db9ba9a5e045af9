using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace OnnxKd.Pipeline.Reports;

/// <summary>A named line of a chart.</summary>
/// <param name="Name">What it shows.</param>
/// <param name="Points">Its points; what is not known is left out.</param>
internal sealed record Curve(string Name, IReadOnlyList<(double X, double? Y)> Points);

/// <summary>
/// Charts as SVG elements whose colours are variables of the page (<c>--ink</c>, <c>--grid</c>, <c>--line1</c> to <c>--line6</c>), so that they
/// follow light and dark. Lines differ by their dashes too.
/// </summary>
internal static partial class Charts
{
    /// <summary>How many colours lines have.</summary>
    public const int LineColors = 6;

    private const double Width = 720;
    private const double Height = 300;

    // Longer names leave too little of the width to the plot.
    private const int MostBeside = 24;
    private const double LegendLine = 20;

    // What the plot is measured with, and what takes its place where there is no such font; wider letters get some room.
    private const string Font = "Arial";
    private const string Fonts = "Arial, Liberation Sans, Nimbus Sans, Helvetica, sans-serif";
    private const double Room = 40;
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    // Colours that the page's variables take the place of; the plot itself never shows them.
    private static readonly OxyColor Ink = OxyColor.FromRgb(1, 1, 1);
    private static readonly OxyColor Grid = OxyColor.FromRgb(2, 2, 2);

    private static readonly LineStyle[] Dashes = [LineStyle.Solid, LineStyle.Dash, LineStyle.Dot, LineStyle.DashDot, LineStyle.LongDash, LineStyle.DashDotDot];

    /// <summary>Lines over epochs.</summary>
    /// <param name="id">An identifier within the page.</param>
    /// <param name="description">What it shows, for who cannot see it.</param>
    /// <param name="axis">What the vertical axis counts.</param>
    /// <param name="curves">The lines.</param>
    /// <param name="spansOrders">Whether the vertical axis may be logarithmic.</param>
    public static XElement OverEpochs(string id, string description, string axis, IReadOnlyList<Curve> curves, bool spansOrders = false)
    {
        var positive = curves.SelectMany(curve => curve.Points).Select(point => point.Y).OfType<double>().Where(double.IsFinite).ToArray();
        // A loss that falls by more than a factor of ten shows its end on a logarithmic axis alone.
        var isLogarithmic = spansOrders && positive.Length > 0 && positive.Min() > 0 && positive.Max() > 10 * positive.Min();
        var model = Plot("epoch", axis, isLogarithmic, logarithmicX: false);
        AddLines(model, curves);
        return Render(model, id, description);
    }

    /// <summary>Shares of right answers against their probabilities, both from 0 to 1, with the diagonal on which both are equal.</summary>
    /// <param name="id">An identifier within the page.</param>
    /// <param name="description">What it shows, for who cannot see it.</param>
    /// <param name="curves">The models.</param>
    public static XElement Reliability(string id, string description, IReadOnlyList<Curve> curves)
    {
        var model = Plot("mean probability of the top class", "share of right answers", logarithmicY: false, logarithmicX: false);
        foreach (var axis in model.Axes)
            (axis.Minimum, axis.Maximum, axis.MinimumMajorStep) = (0, 1, 0.1);
        AddLines(model, [.. curves, new("diagonal", [(0, 0), (1, 1)])]);
        return Render(model, id, description);
    }

    /// <summary>Times in milliseconds against the samples of a run; both axes are logarithmic.</summary>
    /// <param name="id">An identifier within the page.</param>
    /// <param name="description">What it shows, for who cannot see it.</param>
    /// <param name="curves">The models.</param>
    public static XElement OverBatches(string id, string description, IReadOnlyList<Curve> curves)
    {
        var model = Plot("samples of a run", "time of a run (p50), ms", logarithmicY: true, logarithmicX: true);
        AddLines(model, curves);
        return Render(model, id, description);
    }

    /// <summary>Named points.</summary>
    /// <param name="id">An identifier within the page.</param>
    /// <param name="description">What it shows, for who cannot see it.</param>
    /// <param name="x">What the horizontal axis counts; it is logarithmic.</param>
    /// <param name="y">What the vertical axis counts.</param>
    /// <param name="points">The points.</param>
    public static XElement Points(string id, string description, string x, string y, IReadOnlyList<(string Name, double X, double Y)> points)
    {
        var model = Plot(x, y, logarithmicY: false, logarithmicX: true);
        foreach (var (point, index) in points.Select((point, index) => (point, index)))
        {
            var series = new ScatterSeries
            {
                Title = point.Name, MarkerType = (MarkerType)((int)MarkerType.Circle + index % 4), MarkerSize = 6, MarkerFill = Line(index),
            };
            series.Points.Add(new(point.X, point.Y));
            model.Series.Add(series);
        }
        return Render(model, id, description);
    }

    private static void AddLines(PlotModel model, IReadOnlyList<Curve> curves)
    {
        foreach (var (index, curve) in curves.Index())
        {
            var line = new LineSeries
            {
                Title = curve.Name, Color = Line(index), LineStyle = Dashes[(index + index / LineColors) % Dashes.Length], StrokeThickness = 2,
                MarkerType = curve.Points.Count < 20 ? MarkerType.Circle : MarkerType.None, MarkerSize = 3, MarkerFill = Line(index),
            };
            line.Points.AddRange(curve.Points.Where(point => point.Y is { } y && double.IsFinite(y)).Select(point => new DataPoint(point.X, point.Y!.Value)));
            model.Series.Add(line);
        }
    }

    private static PlotModel Plot(string x, string y, bool logarithmicY, bool logarithmicX)
    {
        var model = new PlotModel
        {
            TextColor = Ink, PlotAreaBorderColor = Grid, Background = OxyColors.Transparent, DefaultFont = Font, DefaultFontSize = 13,
            Culture = CultureInfo.InvariantCulture, Padding = new(8, 8, Room, 8),
        };
        model.Axes.Add(Axis(logarithmicX, AxisPosition.Bottom, x));
        model.Axes.Add(Axis(logarithmicY, AxisPosition.Left, y));
        return model;
    }

    private static Axis Axis(bool isLogarithmic, AxisPosition position, string title)
    {
        Axis axis = isLogarithmic ? new LogarithmicAxis() : new LinearAxis();
        (axis.Position, axis.Title, axis.TextColor, axis.TitleColor) = (position, title, Ink, Ink);
        (axis.TicklineColor, axis.MinorTicklineColor, axis.AxislineColor) = (Grid, Grid, Grid);
        (axis.AxisTitleDistance, axis.MinimumMajorStep) = (28, position == AxisPosition.Bottom && !isLogarithmic ? 1 : 0);
        (axis.MajorGridlineStyle, axis.MajorGridlineColor, axis.MinimumPadding, axis.MaximumPadding) = (LineStyle.Solid, Grid, 0.04, 0.04);
        return axis;
    }

    private static OxyColor Line(int index) => OxyColor.FromRgb(3, 3, (byte)(1 + index % LineColors));

    private static XElement Render(PlotModel model, string id, string description)
    {
        var isBelow = model.Series.Max(series => series.Title?.Length) > MostBeside;
        var height = Height + (isBelow ? model.Series.Count * LegendLine : 0);
        if (model.Series.Count > 1)
            model.Legends.Add(new Legend
            {
                LegendPosition = isBelow ? LegendPosition.BottomLeft : LegendPosition.RightTop, LegendPlacement = LegendPlacement.Outside, LegendTextColor = Ink, LegendLineSpacing = 4,
            });
        var svg = XElement.Parse(new SvgExporter { Width = Width, Height = height, IsDocument = false }.ExportToString(model));
        foreach (var attribute in svg.Descendants().Attributes().ToArray())
            switch (attribute.Name.LocalName)
            {
                case "fill" or "stroke" when Color().IsMatch(attribute.Value): // as an attribute, it could not name a variable
                    attribute.Parent!.SetAttributeValue("style", $"{(string?)attribute.Parent.Attribute("style")};{attribute.Name}:{Variables(attribute.Value)}".TrimStart(';'));
                    attribute.Remove();
                    break;
                case "style":
                    attribute.Value = Variables(attribute.Value);
                    break;
                case "font-family":
                    attribute.Value = Fonts;
                    break;
                case "id": // identifiers belong to the page, which has several charts
                    attribute.Value = $"{id}-{attribute.Value}";
                    break;
                // The words beside the plot may be wider than they were measured.
                case "clip-path" when attribute.Parent!.Elements(Svg + "text").Any():
                    attribute.Remove();
                    break;
                case "clip-path":
                    attribute.Value = attribute.Value.Replace("#", $"#{id}-", StringComparison.Ordinal);
                    break;
            }
        svg.Attributes().Where(attribute => attribute.Name.LocalName is "width" or "height").Remove();
        svg.SetAttributeValue("viewBox", string.Create(CultureInfo.InvariantCulture, $"0 0 {Width} {height}"));
        svg.SetAttributeValue("role", "img");
        svg.SetAttributeValue("aria-labelledby", id);
        svg.AddFirst(new XElement(Svg + "title", new XAttribute("id", id), description));
        return svg;
    }

    private static string Variables(string style) => Color().Replace(style, match => match.Groups[1].Value switch
    {
        "1,1,1" => "var(--ink)",
        "2,2,2" => "var(--grid)",
        var line => $"var(--line{line.Split(',')[2]})",
    });

    // "1,1,1", "2,2,2" and "3,3,i" are the stand-ins from above.
    [GeneratedRegex(@"rgb\((1,1,1|2,2,2|3,3,\d)\)")]
    private static partial Regex Color();
}
