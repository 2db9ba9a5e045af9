namespace OnnxKd.Benchmarks.Papers;

/// <summary>How figures are written.</summary>
internal enum PaperUnit
{
    /// <summary>Errors, with their share of the test samples.</summary>
    Errors,

    /// <summary>A share, as percent.</summary>
    Share,
}

/// <summary>A figure to reach.</summary>
/// <param name="Value">The figure.</param>
/// <param name="IsLeast">Whether more is better.</param>
internal sealed record PaperGoal(double Value, bool IsLeast = false)
{
    /// <summary>Whether a figure reaches it.</summary>
    public bool IsMet(double found) => IsLeast ? found >= Value : found <= Value;
}

/// <summary>A line of an experiment's table.</summary>
/// <param name="Label">What it is.</param>
/// <param name="Paper">The paper's figure, in the same unit; <c>null</c>: it has none.</param>
/// <param name="Run">Where ours comes from.</param>
/// <param name="Value">Takes it out of a run's figures; <c>null</c>: these have none.</param>
/// <param name="Setting">The folder of one setting of a sweep.</param>
internal sealed record PaperLine(string Label, double? Paper, PaperRun Run, Func<PaperFigures, double?> Value, string Setting = "")
{
    /// <summary>How it is written.</summary>
    public PaperUnit Unit { get; init; }

    /// <summary>What it is to reach, as a mean over seeds; <c>null</c>: it shows what it shows.</summary>
    public PaperGoal? Goal { get; init; }

    /// <summary>The curve of the chart that it is a point of; <c>null</c>: charts show it as a bar, if they show bars.</summary>
    public string? Series { get; init; }

    /// <summary>Where on the curve.</summary>
    public double X { get; init; }

    /// <summary>The value of each finished seed.</summary>
    public double[] Values(string records, int seeds) =>
        [.. Enumerable.Range(1, seeds).Select(seed => Run.Figures(records, seed, Setting)).OfType<PaperFigures>().Select(Value).OfType<double>()];
}

/// <summary>A learning curve that a chart shows.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Run">The run.</param>
/// <param name="Events">Its file of epochs, within the run's folder.</param>
internal sealed record PaperCurve(string Name, PaperRun Run, string Events);

/// <summary>An experiment of a paper.</summary>
/// <param name="Name">What <c>--only</c> and the marks of the page call it.</param>
/// <param name="Title">The chart's title.</param>
/// <param name="Lines">Its figures.</param>
internal sealed record Experiment(string Name, string Title, IReadOnlyList<PaperLine> Lines)
{
    /// <summary>What the chart's curves run over; empty: the chart has bars.</summary>
    public string Axis { get; init; } = "";

    /// <summary>Learning curves, which the chart then shows.</summary>
    public IReadOnlyList<PaperCurve> Curves { get; init; } = [];

    /// <summary>What is to be run.</summary>
    public IEnumerable<PaperRun> Runs => Lines.Select(line => line.Run).Distinct();

    /// <summary>Whether anything of it was run.</summary>
    /// <param name="records">The folder of all records.</param>
    /// <param name="seeds">How many seeds count.</param>
    public bool HasRecords(string records, int seeds) => Runs.Any(run => Enumerable.Range(1, seeds).Any(seed => run.IsFinished(records, seed)));
}
