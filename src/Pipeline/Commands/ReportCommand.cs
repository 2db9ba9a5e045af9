using System.CommandLine;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Reports;
using OnnxKd.Pipeline.Stages;
using OnnxKd.Pipeline.Terminal;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd report FOLDER</c>: the comparison of a finished run.</summary>
internal sealed class ReportCommand : ExampleCommand
{
    private readonly Argument<string> folder = new("FOLDER") { Description = "The folder of a run, for example runs/mnist." };

    private readonly Option<bool> markdown = new("--markdown") { Description = "Write Markdown." };

    /// <summary>Declares the command.</summary>
    public ReportCommand()
        : base("report", "Shows the comparison of a finished run again.", "onnxkd report runs/mnist", "onnxkd report runs/mnist --markdown")
    {
        Add(folder);
        Add(markdown);
        Does((parsed, stdout, _, _) => Run(parsed.GetValue(folder)!, parsed.GetValue(markdown), GlobalOptions.Style(parsed), stdout));
    }

    /// <summary>Runs it.</summary>
    /// <exception cref="InputException">The folder holds no finished run.</exception>
    /// <exception cref="CheckFailedException">The figures were changed since.</exception>
    public static void Run(string folder, bool markdown, OutputStyle style, TextWriter stdout)
    {
        var path = Path.Combine(folder, RunMetrics.FileName);
        if (!File.Exists(path))
            throw new InputException(
                "A folder holds no finished run.", folder, $"no {RunMetrics.FileName}",
                remedy: "finish it with 'onnxkd run', or name the folder of another run");
        Publisher.RequireOurs(path);
        var metrics = CanonicalJson.Deserialize<RunMetrics>(InputFile.ReadAllBytes(path, "A run's figures"), path);
        if (markdown)
            stdout.Write(Report.Markdown(metrics));
        else
            Report.Write(metrics, stdout, style);
    }
}
