using System.CommandLine;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Pipeline.Reports;
using OnnxKd.Pipeline.Reports.Page;
using OnnxKd.Pipeline.Sweeps;
using OnnxKd.Pipeline.Terminal;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd report FOLDER...</c>: the comparison of a run, or of several.</summary>
internal sealed class ReportCommand : ExampleCommand
{
    private const string DefaultName = "report.html";

    private readonly Argument<string[]> folders = new("FOLDER")
    {
        Description = "The folder of a run or of a sweep, for example runs/mnist; several are shown side by side, as are all runs in a folder of them.", Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<bool> markdown = new("--markdown") { Description = "Write Markdown." };

    private readonly Option<string?> output = new("--output", "-o")
    {
        Description = "Write a page. Of several runs it is written in any case: report.html beside the first one's folder.", HelpName = "FILE",
    };

    /// <summary>Declares the command.</summary>
    public ReportCommand()
        : base(
            "report",
            "Shows the comparison of a run or a sweep again, or of several runs side by side; of a run that is not finished what is there.",
            "onnxkd report runs/mnist",
            "onnxkd report runs/mnist --markdown",
            "onnxkd report runs/my-sweep -o sweep.html",
            "onnxkd report runs/seed-1 runs/seed-2 runs/seed-3 -o seeds.html")
    {
        Add(folders);
        Add(markdown);
        Add(output);
        Does((parsed, stdout, stderr, _) => Run(
            parsed.GetValue(folders)!, parsed.GetValue(output), parsed.GetValue(markdown), GlobalOptions.Style(parsed), stdout, stderr));
    }

    /// <summary>Runs it.</summary>
    /// <exception cref="InputException">A folder holds no run, or the runs were measured on different data.</exception>
    /// <exception cref="CheckFailedException">Figures were changed since.</exception>
    public static void Run(IReadOnlyList<string> folders, string? output, bool markdown, OutputStyle style, TextWriter stdout, TextWriter stderr)
    {
        if (folders is [var only] && !RunFolder.IsOne(only) && SweepFolder.Find(only) is { } sweep)
        {
            if (output is not null)
                Write(output, SweepPage.Write(sweep), stderr);
            if (markdown)
                stdout.Write(SweepReport.Markdown(sweep.Metrics));
            else
                SweepReport.Write(sweep.Metrics, stdout, style);
            return;
        }

        RunFolder[] runs = [.. folders.SelectMany(folder => RunsOf(folder, folders.Count == 1, stderr))];
        if (runs is [{ IsFinished: true, Metrics: { } metrics }])
        {
            if (File.Exists(Path.Combine(runs[0].Folder, SweepMetrics.FileName)))
                stderr.WriteLine($"the folder holds a sweep of that name too: {Path.Combine(runs[0].Folder, SweepReport.PageFile)}");
            if (output is not null)
                Write(output, PageOf(runs[0]), stderr);
            if (markdown)
                stdout.Write(Report.Markdown(metrics));
            else
                Report.Write(metrics, stdout, style);
            return;
        }

        var comparison = RunComparison.Of(runs);
        if (output is not null || runs.Length > 1)
            Write(output ?? DefaultFile(runs[0].Folder), RunsPage.Write(comparison, runs), stderr);
        if (markdown)
            stdout.Write(Report.Markdown(comparison));
        else
            Report.Write(comparison, stdout, style);
    }

    /// <summary>The runs that a folder stands for: itself, the settings of its sweep, or those in it.</summary>
    private static IReadOnlyList<RunFolder> RunsOf(string folder, bool isAlone, TextWriter stderr) =>
        RunFolder.IsOne(folder) ? [SweepFolder.FindSetting(folder) ?? RunFolder.Read(folder)]
        : SweepFolder.Find(folder) is { } sweep ? sweep.ReadRuns()
        : isAlone && RunsWithin.Find(folder, stderr.WriteLine) is { Count: > 0 } runs ? runs
        : [RunFolder.Read(folder)];

    /// <summary>The page of a finished run, drawn again where its file is gone: then without the pictures of samples.</summary>
    private static string PageOf(RunFolder run)
    {
        var file = Path.Combine(run.Folder, DefaultName);
        return File.Exists(file) ? File.ReadAllText(file)
            : run.Details is null ? RunsPage.Write(RunComparison.Of([run]), [run])
            : HtmlReport.Write(run.Story!);
    }

    private static string DefaultFile(string folder)
    {
        var file = Path.Combine(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)))!, DefaultName);
        return !File.Exists(file) || File.ReadAllText(file).Contains(PageFrame.Generator, StringComparison.Ordinal) ? file : throw new InputException(
            "There is another file where the page would be written.", file, "no page of onnxkd", remedy: "name a file for it: -o FILE");
    }

    private static void Write(string file, string page, TextWriter stderr)
    {
        AtomicFile.WriteAllText(file, page);
        stderr.WriteLine($"page: {file}");
    }
}
