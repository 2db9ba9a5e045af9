using OnnxKd.Benchmarks.Support;
using static OnnxKd.Benchmarks.Support.LogLogPlot;

namespace OnnxKd.Benchmarks.EndToEnd;

/// <summary>
/// What a capture, an epoch from the cache, and the cache cost for one, ten and a hundred times a transfer set, and for 10 to 50,000
/// classes. A slope is how many decades a cost, less that of the smallest size, rises per decade of what is added to that size: 1 is linear.
/// </summary>
internal static class Scaling
{
    private const int FewestClasses = 10;

    // Below, what classes add drowns in what each row costs without them.
    private const int FirstFitted = 1000;

    private static readonly (string Name, string Unit, Func<ScalingPoint, double> Of)[] Costs =
    [
        ("capture", "s", point => point.CaptureSeconds),
        ("epoch", "s", point => point.EpochSeconds),
        ("cache", "MB", point => point.CacheBytes / 1e6),
    ];

    /// <summary>
    /// Options: <c>--rows</c> of the smallest set; <c>--class-rows</c>, the rows for each number of classes; <c>--classes A,B</c>;
    /// <c>--threads</c>; <c>--repeats</c>; <c>--out FILE.svg</c>.
    /// </summary>
    public static object Run(Arguments arguments)
    {
        var rows = arguments.Number("rows", 2000);
        var classRows = arguments.Number("class-rows", 2048);
        int[] classes = [.. arguments.Text("classes", "10,100,1000,10000,50000")!.Split(',').Select(int.Parse)];
        var (threads, repeats) = (arguments.Number("threads", 2), arguments.Number("repeats", 3));
        var file = arguments.Text("out", null);
        arguments.RefuseTheRest();
        if (classes[0] != FewestClasses || classes.Count(count => count >= FirstFitted) < 2)
            throw new UsageException($"--classes must begin with {FewestClasses} and hold two numbers of at least {FirstFitted}");

        ScalingPoint.Measure(100 * rows, FewestClasses, threads, repeats); // until .NET has compiled for good what is called often
        ScalingPoint[] byRows =
            [.. new[] { 1, 10, 100 }.Select(times => ScalingPoint.Measure(times * rows, FewestClasses, threads, repeats))];
        ScalingPoint[] byClasses = [.. classes.Select(count => ScalingPoint.Measure(classRows, count, threads, repeats))];
        if (file is not null)
            File.WriteAllText(file, Draw(
                Plot("rows (10 classes)", byRows, point => point.Rows),
                Plot($"classes ({classRows:#,0} rows)", byClasses, point => point.Classes)));

        var figures = new Dictionary<string, object?>
        {
            ["threads"] = threads, ["repeats"] = repeats, ["by_rows"] = byRows, ["by_classes"] = byClasses,
        };
        foreach (var (name, _, of) in Costs)
        {
            figures[$"rows_{name}_slope"] = Slope(byRows[0], byRows[1..], point => point.Rows, of);
            var fitted = Array.FindAll(byClasses, point => point.Classes >= FirstFitted);
            figures[$"classes_{name}_slope"] = Slope(byClasses[0], fitted, point => point.Classes, of);
        }
        foreach (var axis in (string[])["rows", "classes"])
            figures[$"{axis}_slope"] = Costs.Select(cost => (double?)figures[$"{axis}_{cost.Name}_slope"])
                .MaxBy(slope => Math.Abs(slope - 1 ?? double.MaxValue));
        return figures;
    }

    private static Panel Plot(string title, ScalingPoint[] points, Func<ScalingPoint, double> x) => new(
        title, [.. Costs.Select(cost => new Curve($"{cost.Name} ({cost.Unit})", [.. points.Select(point => (x(point), cost.Of(point)))]))]);

    /// <summary>
    /// The slope of the least-squares line through the logarithms of what points have more than the smallest one, which stands for what does
    /// not grow; <c>null</c> where that is nothing.
    /// </summary>
    private static double? Slope(ScalingPoint smallest, ScalingPoint[] points, Func<ScalingPoint, double> size, Func<ScalingPoint, double> cost)
    {
        var logarithms = Array.ConvertAll(
            points, point => (X: Math.Log(size(point) - size(smallest)), Y: Math.Log(cost(point) - cost(smallest))));
        var (meanX, meanY) = (logarithms.Average(point => point.X), logarithms.Average(point => point.Y));
        var slope = logarithms.Sum(point => (point.X - meanX) * (point.Y - meanY)) / logarithms.Sum(point => Math.Pow(point.X - meanX, 2));
        return double.IsFinite(slope) ? Math.Round(slope, 4) : null;
    }
}
