using System.CommandLine;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Pipeline.Reports;
using OnnxKd.Pipeline.Reports.Page;
using OnnxKd.Pipeline.Terminal;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd report FOLDER...</c>: the comparison of a run, or of several.</summary>
internal sealed class ReportCommand : ExampleCommand
{
    private const string DefaultName = "report.html";

    private readonly Argument<string[]> folders = new("FOLDER")
    {
        Description = "The folder of a run, for example runs/mnist; several are shown side by side.", Arity = ArgumentArity.OneOrMore,
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
            "Shows the comparison of a run again, or of several runs side by side; of a run that is not finished what is there.",
            "onnxkd report runs/mnist",
            "onnxkd report runs/mnist --markdown",
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
        RunFolder[] runs = [.. folders.Select(RunFolder.Read)];
        if (runs is [{ IsFinished: true, Metrics: { } metrics }])
        {
            if (output is not null)
                Write(output, File.ReadAllText(Path.Combine(folders[0], DefaultName)), stderr);
            if (markdown)
                stdout.Write(Report.Markdown(metrics));
            else
                Report.Write(metrics, stdout, style);
            return;
        }

        var comparison = RunComparison.Of(runs);
        if (output is not null || runs.Length > 1)
            Write(output ?? DefaultFile(folders[0]), RunsPage.Write(comparison, runs), stderr);
        if (markdown)
            stdout.Write(Report.Markdown(comparison));
        else
            Report.Write(comparison, stdout, style);
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
