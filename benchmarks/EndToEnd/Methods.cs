using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using OnnxKd.Benchmarks.Support;
using OnnxKd.Pipeline.Reports;

namespace OnnxKd.Benchmarks.EndToEnd;

/// <summary>
/// The recipes of <c>recipes/methods</c>, each with some seeds, and the tables of docs/methods, from the records of all runs that were finished, here or elsewhere.
/// What has a record is not run again; one thread each.
/// </summary>
internal static partial class Methods
{
    private const string Alone = "alone";
    private const string Missing = "not yet run";

    // Its student sees less than the others, and is compared with its own baseline.
    private const string OtherInput = "cross-modal";

    // A baseline that nobody tuned is easily beaten.
    private static readonly Variant[] Softs = [new("soft", 1), new("soft", 2), new("soft"), new("soft", 8), new("soft-strong")];

    // What settings are chosen by: images that no student learns from, and not the test set.
    private static readonly string[] HeldOut = ["--set", "data.test.part=train", "--set", "data.test.rows=50000..60000"];

    /// <summary>A recipe, as it stands or at another temperature.</summary>
    private sealed record Variant(string Recipe, double? Temperature = null)
    {
        public string Name => Temperature is { } t ? $"{Recipe}-t{t}" : Recipe;

        public string[] Options => Temperature is { } t ? ["--temperature", $"{t}"] : [];
    }

    /// <summary>One run of a recipe.</summary>
    private sealed record Job(Variant Variant, int Seed, string[] Options, string Run, string Records)
    {
        private string Record => Path.Combine(CommandLine.Root, Records, Run);

        private string Metrics => Path.Combine(Record, "metrics.json");

        /// <summary>The student's; of students that teach each other the first counts. <c>null</c>: it is not finished.</summary>
        public int? Errors => Of("student") ?? Of("a");

        /// <summary>Those of the same student on labels alone, where the recipe has one.</summary>
        public int? Baseline => Of("baseline");

        private int? Of(string role) => File.Exists(Metrics) && CommandLine.Figures(File.ReadAllText(Metrics)) is var metrics
            ? CommandLine.Model(metrics, role)?.GetProperty("errors").GetInt32()
            : null;

        public void Start()
        {
            if (File.Exists(Metrics))
                return;
            CommandLine.OfThisCheckout.Run(
                ["run", $"recipes/methods/{Variant.Recipe}.yaml", "--seed", $"{Seed}", "--threads", "1", .. Options, .. Variant.Options, "--name", Run]);
            RunRecords.Keep(Path.Combine(CommandLine.Root, "runs", Run), Record);
        }
    }

    /// <summary>What was run of one method.</summary>
    /// <param name="Method">The recipe's name.</param>
    /// <param name="Page">Where it is described.</param>
    /// <param name="Errors">Test errors, one for each finished seed.</param>
    public sealed record Row(string Method, string Page, int[] Errors)
    {
        /// <summary>Their mean; <c>null</c>: none is finished.</summary>
        public double? Mean => Errors.Length == 0 ? null : Spread.Of([.. Errors]).Mean;

        /// <summary>Their standard deviation; <c>null</c>: fewer than two are finished.</summary>
        public double? Deviation => Errors.Length < 2 ? null : Spread.Of([.. Errors]).Deviation;
    }

    /// <summary>All rows; the first is the student alone, the second soft targets with the settings that did best on held-out images.</summary>
    public sealed record Result(string Student, int Samples, int Epochs, IReadOnlyList<Row> Rows);

    /// <summary>
    /// Options: <c>--quick</c>, half the samples and epochs and one seed, which writes no tables; <c>--seeds</c>; <c>--student NAME,KEY=VALUE,...</c>,
    /// a built-in one with its options; <c>--only NAME,...</c>, some recipes, and no tables; <c>--at-once</c>, how many at the same time; <c>--finished</c>, which runs nothing and
    /// takes what is there.
    /// </summary>
    public static object Run(Arguments arguments)
    {
        var (quick, finished) = (arguments.Flag("quick"), arguments.Flag("finished"));
        var seeds = arguments.Number("seeds", quick ? 1 : 3);
        var written = arguments.Text("student", "resnet8")!.Split(',');
        var only = arguments.Text("only", null)?.Split(',');
        var atOnce = arguments.Number("at-once", 2);
        arguments.RefuseTheRest();
        var (samples, epochs) = quick ? (2_500, 5) : (5_000, 10);
        var size = quick ? new[] { "--set", $"data.transfer.rows=0..{samples}", "--epochs", $"{epochs}" } : [];
        var student = written[0];
        string[] other = student == "resnet8"
            ? []
            : [.. written[1..].Prepend($"architecture={student}").SelectMany(option => new[] { "--set", $"student.{option}" })];
        var prefix = $"methods-{(quick ? "quick-" : "")}{(other.Length > 0 ? $"{student}-" : "")}";

        var records = quick ? "runs/records" : "docs/methods/records";
        Job[] tunings = [.. Softs.Select(soft => new Job(soft, 1, [.. HeldOut, .. size, .. other], $"{prefix}tuning-{soft.Name}", records))];
        RunAll(tunings);
        var tuned = tunings.MinBy(tuning => tuning.Errors ?? int.MaxValue)!.Variant;
        Job[] jobs =
        [
            .. from seed in Enumerable.Range(1, seeds)
               from variant in Recipes(only).Append(tuned).Distinct()
               select new Job(variant, seed, [.. size, .. other], $"{prefix}{variant.Name}-{seed}", records),
        ];
        RunAll(jobs);
        Job[] others =
        [
            .. from seed in Enumerable.Range(1, only?.Contains(OtherInput) == false ? 0 : seeds)
               select new Job(new(OtherInput), seed, [.. size, .. other], $"{prefix}{OtherInput}-{seed}", records),
        ];
        RunAll(others);

        var rows = jobs.GroupBy(job => job.Variant).ToDictionary(
            group => group.Key, group => new Row(group.Key.Name, PageOf(group.Key.Recipe), [.. group.Select(job => job.Errors).OfType<int>()]));
        var (alone, soft) = (rows[new(Alone)], rows[tuned]);
        var result = new Result(student, samples, epochs, [alone, soft, .. rows.Values.Where(row => row != alone && row != soft)]);
        Row[] less = [OfOthers("on the labels alone", job => job.Baseline), OfOthers(OtherInput, job => job.Errors)];
        if (quick || only is not null)
            return result;
        Write("README.md", student, Table(result, result.Rows));
        foreach (var page in result.Rows.GroupBy(row => row.Page).Where(page => page.Key != "README.md"))
            Write(page.Key, student, Table(result, [.. page]));
        if (less.All(row => row.Mean is not null))
            Write(PageOf(OtherInput), student, TableOf(less));
        return result;

        Row OfOthers(string name, Func<Job, int?> errors) => new(name, PageOf(OtherInput), [.. others.Select(errors).OfType<int>()]);

        void RunAll(IEnumerable<Job> all)
        {
            if (!finished)
                Parallel.ForEach(Partitioner.Create(all, EnumerablePartitionerOptions.NoBuffering), new() { MaxDegreeOfParallelism = atOnce }, job => job.Start());
        }
    }

    private static IEnumerable<Variant> Recipes(string[]? only) =>
        from file in Directory.GetFiles(Path.Combine(CommandLine.Root, "recipes", "methods"), "*.yaml").Order(StringComparer.Ordinal)
        let name = Path.GetFileNameWithoutExtension(file)
        where name is not ("teacher" or OtherInput) && (only is null || name is Alone || only.Contains(name))
        select new Variant(name);

    private static string PageOf(string name) =>
        Page().Match(File.ReadAllText(Path.Combine(CommandLine.Root, "recipes", "methods", $"{name}.yaml"))).Groups[1].Value;

    private static string Table(Result result, IEnumerable<Row> rows)
    {
        var (alone, soft) = (result.Rows[0].Mean, result.Rows[1].Mean);
        var text = new StringBuilder("| recipe | errors of 10,000 | seeds | against alone | against tuned soft targets |\n|---|---|---|---|---|\n");
        foreach (var row in rows)
        {
            var note = row == result.Rows[1] ? " (tuned soft targets)" : "";
            text.Append(CultureInfo.InvariantCulture, $"| [{row.Method}]({row.Page}){note} | {Errors(row)} | {row.Errors.Length} | {Against(row, alone)} | {Against(row, soft)} |\n");
        }

        return text.ToString();
    }

    /// <summary>A table of two models that are compared with nothing else.</summary>
    private static string TableOf(Row[] rows) => "| model | errors of 10,000 | seeds | against labels alone |\n|---|---|---|---|\n"
        + string.Concat(rows.Select(row => string.Create(CultureInfo.InvariantCulture, $"| {row.Method} | {Errors(row)} | {row.Errors.Length} | {Against(row, rows[0].Mean)} |\n")));

    private static string Errors(Row row) => row.Mean is not { } mean ? Missing
        : row.Deviation is { } deviation ? FormattableString.Invariant($"{mean:F0} ± {deviation:F0}") : FormattableString.Invariant($"{mean:F0}");

    private static string Against(Row row, double? other) =>
        row.Mean is { } mean && other is { } than ? FormattableString.Invariant($"{mean - than:+0;−0;0}") : "";

    /// <summary>Replaces a page's table between its marks; a page without them has none.</summary>
    private static void Write(string page, string name, string table)
    {
        var (path, start) = (Path.Combine(CommandLine.Root, "docs", "methods", page), $"<!-- methods: {name} -->\n");
        var text = File.ReadAllText(path);
        var at = text.IndexOf(start, StringComparison.Ordinal);
        if (at < 0)
            return;
        var end = text.IndexOf("<!-- end -->", at, StringComparison.Ordinal);
        File.WriteAllText(path, $"{text[..(at + start.Length)]}{table}{text[end..]}");
    }

    [GeneratedRegex(@"docs/methods/([\w-]+\.md)")]
    private static partial Regex Page();
}
