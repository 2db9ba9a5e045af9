using System.CommandLine;
using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Terminal;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd cache merge FOLDER</c>: completes a cache that was captured in parts.</summary>
internal sealed class CacheMergeCommand : ExampleCommand
{
    private readonly Argument<string> folder = new("FOLDER") { Description = "The folder of a logit cache." };

    /// <summary>Declares the command.</summary>
    public CacheMergeCommand()
        : base(
            "merge",
            "Completes a logit cache whose parts are all captured, after checking every byte; says which rows are missing otherwise.",
            "onnxkd cache merge runs/mnist/cache-1a2b3c4d")
    {
        Add(folder);
        Does((parsed, stdout, _, _) => Run(parsed.GetValue(folder)!, GlobalOptions.Style(parsed), stdout));
    }

    /// <summary>Runs it.</summary>
    /// <exception cref="CheckFailedException">Rows are missing, or a byte was changed.</exception>
    public static void Run(string folder, OutputStyle style, TextWriter stdout)
    {
        var rows = CacheMerge.Merge(folder).StoredRows;
        if (style.Json)
            stdout.Write(CanonicalJson.Serialize(new Merged(rows)));
        else
            stdout.WriteLine($"complete: {rows} rows");
    }

    private sealed record Merged(long Rows);
}
