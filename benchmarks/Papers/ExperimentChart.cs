using OnnxKd.StudentTrainer.Training;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace OnnxKd.Benchmarks.Papers;

/// <summary>An experiment as a picture: learning curves, values along an axis, or bars beside those of the paper.</summary>
internal static class ExperimentChart
{
    private const double Width = 720;
    private const double Height = 320;

    private static readonly OxyColor[] colours =
        [OxyColor.Parse("#1f77b4"), OxyColor.Parse("#d62728"), OxyColor.Parse("#2ca02c"), OxyColor.Parse("#9467bd")];

    private static readonly OxyColor ofPaper = OxyColor.Parse("#999999");

    /// <summary>Draws it.</summary>
    /// <param name="experiment">The experiment.</param>
    /// <param name="records">The folder of all records.</param>
    /// <param name="seeds">How many seeds count.</param>
    /// <returns>SVG; <c>null</c>: nothing of it was run.</returns>
    public static string? Draw(Experiment experiment, string records, int seeds)
    {
        var model = new PlotModel { Title = experiment.Title, TitleFontSize = 14, Background = OxyColors.White };
        var isDrawn = experiment.Curves.Count > 0 ? AddCurves(model, experiment, records)
            : experiment.Axis.Length > 0 ? AddSeries(model, experiment, records, seeds)
            : AddBars(model, experiment, records, seeds);
        model.Legends.Add(new Legend { LegendPosition = LegendPosition.RightTop, LegendPlacement = LegendPlacement.Outside });
        return isDrawn ? new SvgExporter { Width = Width, Height = Height }.ExportToString(model) : null;
    }

    private static bool AddCurves(PlotModel model, Experiment experiment, string records)
    {
        AddAxes(model, "epoch", "validation errors");
        foreach (var (curve, index) in experiment.Curves.Select((curve, index) => (curve, index)))
        {
            var file = Path.Combine(curve.Run.Folder(records, 1), curve.Events);
            if (curve.Run.IsFinished(records, 1) && File.Exists(file))
                AddLine(model, curve.Name, index, EpochEvent.Read(file).Where(epoch => epoch.Errors is not null).Select(epoch => ((double)epoch.Epoch, (double)epoch.Errors!.Value)));
        }
        return model.Series.Count > 0;
    }

    private static bool AddSeries(PlotModel model, Experiment experiment, string records, int seeds)
    {
        AddAxes(model, experiment.Axis, "errors");
        var points = experiment.Lines.Where(line => line.Series is not null)
            .Select(line => (line.Series, line.X, Values: line.Values(records, seeds))).Where(point => point.Values.Length > 0).ToArray();
        foreach (var (series, index) in points.GroupBy(point => point.Series).Select((series, index) => (series, index)))
            AddLine(model, series.Key!, index, series.Select(point => (point.X, point.Values.Average())));
        return points.Length > 0;
    }

    private static bool AddBars(PlotModel model, Experiment experiment, string records, int seeds)
    {
        var bars = experiment.Lines.Select(line => (line, Values: line.Values(records, seeds))).ToArray();
        if (bars.All(bar => bar.Values.Length == 0))
            return false;
        var labels = new CategoryAxis { Position = AxisPosition.Left, StartPosition = 1, EndPosition = 0 };
        labels.Labels.AddRange(bars.Select(bar => bar.line.Label));
        model.Axes.Add(labels);
        model.Axes.Add(new LinearAxis { Position = AxisPosition.Bottom, Title = "errors", Minimum = 0, MaximumPadding = 0.1 });
        Add("here", colours[0], bar => bar.Values.Length == 0 ? null : bar.Values.Average());
        if (bars.Any(bar => bar.line.Paper is not null))
            Add("paper", ofPaper, bar => bar.Line.Paper);
        return true;

        void Add(string title, OxyColor colour, Func<(PaperLine Line, double[] Values), double?> value)
        {
            var series = new BarSeries { Title = title, FillColor = colour, LabelPlacement = LabelPlacement.Outside, LabelFormatString = "{0:0}" };
            for (var i = 0; i < bars.Length; i++)
                if (value(bars[i]) is { } known)
                    series.Items.Add(new BarItem(known, i));
            model.Series.Add(series);
        }
    }

    private static void AddAxes(PlotModel model, string x, string y)
    {
        model.Axes.Add(new LinearAxis { Position = AxisPosition.Bottom, Title = x, MajorGridlineStyle = LineStyle.Dot });
        model.Axes.Add(new LinearAxis { Position = AxisPosition.Left, Title = y, MajorGridlineStyle = LineStyle.Dot });
    }

    private static void AddLine(PlotModel model, string title, int index, IEnumerable<(double X, double Y)> points)
    {
        var colour = colours[index % colours.Length];
        var line = new LineSeries { Title = title, Color = colour, MarkerType = MarkerType.Circle, MarkerSize = 3, MarkerFill = colour };
        line.Points.AddRange(points.OrderBy(point => point.X).Select(point => new DataPoint(point.X, point.Y)));
        model.Series.Add(line);
    }
}
