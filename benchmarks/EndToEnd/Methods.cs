using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using OnnxKd.Benchmarks.Support;

namespace OnnxKd.Benchmarks.EndToEnd;

/// <summary>
/// The recipes of <c>recipes/methods</c>, each with some seeds, and the tables of docs/methods. Runs stay in <c>runs/</c>, so a finished
/// one is not run again; one thread each, two at a time.
/// </summary>
internal static partial class Methods
{
    private const string Alone = "alone";
    private const string Soft = "soft";
    private const string Missing = "not yet run";

    // A baseline that nobody tuned is easily beaten.
    private static readonly double[] Temperatures = [1, 2, 4, 8];

    /// <summary>What was run of one method.</summary>
    /// <param name="Method">The recipe's name.</param>
    /// <param name="Page">Where it is described.</param>
    /// <param name="Errors">Test errors, one for each finished seed.</param>
    public sealed record Row(string Method, string Page, int[] Errors)
    {
        /// <summary>Their mean; <c>null</c>: none is finished.</summary>
        public double? Mean => Errors.Length == 0 ? null : Errors.Average();

        /// <summary>Their standard deviation; <c>null</c>: fewer than two are finished.</summary>
        public double? Deviation => Errors.Length < 2 ? null : Math.Sqrt(Errors.Sum(e => (e - Mean!.Value) * (e - Mean.Value)) / (Errors.Length - 1));
    }

    /// <summary>All rows; the first is the student alone, the second soft targets at the best of some temperatures.</summary>
    public sealed record Result(string Student, int Samples, int Epochs, IReadOnlyList<Row> Rows);

    /// <summary>
    /// Options: <c>--quick</c>, half the samples and epochs and one seed; <c>--seeds</c>; <c>--student NAME,KEY=VALUE,...</c>, a built-in one with
    /// its options; <c>--only NAME,...</c>, some recipes; <c>--finished</c>, which runs nothing and takes what is there.
    /// </summary>
    public static object Run(Arguments arguments)
    {
        var (quick, finished) = (arguments.Flag("quick"), arguments.Flag("finished"));
        var seeds = arguments.Number("seeds", quick ? 1 : 3);
        var written = arguments.Text("student", "resnet8")!.Split(',');
        var only = arguments.Text("only", null)?.Split(',');
        arguments.RefuseTheRest();
        var (samples, epochs) = quick ? (5_000, 10) : (10_000, 20);
        var size = quick ? new[] { "--set", $"data.transfer.rows=0..{samples}", "--epochs", $"{epochs}" } : [];
        var student = written[0];
        string[] other = student == "resnet8"
            ? []
            : [.. written[1..].Prepend($"architecture={student}").SelectMany(option => new[] { "--set", $"student.{option}" })];
        var prefix = $"methods-{(quick ? "quick-" : "")}{(other.Length > 0 ? $"{student}-" : "")}";

        var names = Directory.GetFiles(Path.Combine(CommandLine.Root, "recipes", "methods"), "*.yaml").Select(file => Path.GetFileNameWithoutExtension(file))
            .Where(name => name is not "teacher" && (only is null || name is Alone || IsSoft(name) || only.Contains(name))).Order(StringComparer.Ordinal).ToArray();
        var jobs = names.SelectMany(name => Variants(name).SelectMany(variant => Enumerable.Range(1, seeds).Select(seed =>
            (Name: name, Variant: variant.Suffix, Run: $"{prefix}{name}{variant.Suffix}-{seed}", Arguments: (string[])
                ["run", $"recipes/methods/{name}.yaml", "--seed", $"{seed}", "--threads", "1", .. size, .. other, .. variant.Options])))).ToArray();
        if (!finished)
            Parallel.ForEach(jobs, new() { MaxDegreeOfParallelism = 2 }, job => CommandLine.OfThisCheckout.Run([.. job.Arguments, "--name", job.Run]));

        var rows = jobs.GroupBy(job => (job.Name, job.Variant)).Select(group =>
            new Row(group.Key.Name + group.Key.Variant, PageOf(group.Key.Name), [.. group.Select(job => Errors(job.Run)).OfType<int>()])).ToList();
        var soft = rows.Where(row => IsSoft(row.Method)).MinBy(row => row.Mean ?? double.MaxValue)!;
        var result = new Result(
            student, samples, epochs,
            [rows.Single(row => row.Method == Alone), soft, .. rows.Where(row => row.Method != Alone && row != soft)]);
        var name = $"{(quick ? "quick-" : "")}{student}";
        Write("README.md", name, Table(result, result.Rows));
        foreach (var page in result.Rows.GroupBy(row => row.Page).Where(page => page.Key != "README.md"))
            Write(page.Key, name, Table(result, [.. page]));
        return result;
    }

    /// <summary>Soft targets at every temperature; of other methods the recipe as it stands.</summary>
    private static IEnumerable<(string Suffix, string[] Options)> Variants(string name) => name != Soft
        ? [("", [])]
        : Temperatures.Select(t => t == 4 ? ("", Array.Empty<string>()) : ($"-t{t}", ["--temperature", $"{t}"]));

    /// <summary>Whether a row is one of those that soft targets are tuned by: temperatures, and a larger weight.</summary>
    private static bool IsSoft(string method) =>
        method is Soft or $"{Soft}-strong" || method.StartsWith($"{Soft}-t", StringComparison.Ordinal);

    private static int? Errors(string run)
    {
        var path = Path.Combine(CommandLine.Root, "runs", run, "metrics.json");
        if (!File.Exists(path))
            return null;
        var metrics = CommandLine.Figures(File.ReadAllText(path));
        // Of students that teach each other the first counts.
        return (CommandLine.Model(metrics, "student") ?? CommandLine.Model(metrics, "a"))?.GetProperty("errors").GetInt32();
    }

    private static string PageOf(string name) =>
        Page().Match(File.ReadAllText(Path.Combine(CommandLine.Root, "recipes", "methods", $"{name}.yaml"))).Groups[1].Value;

    private static string Table(Result result, IEnumerable<Row> rows)
    {
        var (alone, soft) = (result.Rows[0].Mean, result.Rows[1].Mean);
        var text = new StringBuilder("| recipe | errors of 10,000 | seeds | against alone | against tuned soft targets |\n|---|---|---|---|---|\n");
        foreach (var row in rows)
        {
            var note = row == result.Rows[1] ? " (the best soft targets)" : "";
            text.Append(CultureInfo.InvariantCulture, $"| [{row.Method}]({row.Page}){note} | {Errors(row)} | {row.Errors.Length} | {Against(row, alone)} | {Against(row, soft)} |\n");
        }

        return text.ToString();
    }

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
