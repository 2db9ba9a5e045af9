using System.Diagnostics;
using OnnxKd.Benchmarks.Support;
using OnnxKd.Core.Files;

namespace OnnxKd.Benchmarks.EndToEnd;

/// <summary>Seconds from the start of a process to its end, for commands that do next to nothing, in turns; medians.</summary>
internal static class StartUp
{
    private const string Recogniser = "ch_PP-OCRv4_rec_infer.onnx";

    /// <summary>The figures.</summary>
    /// <param name="Starts">Of each.</param>
    /// <param name="Model">What is inspected.</param>
    /// <param name="HelpSeconds"><c>--help</c> of the built program.</param>
    /// <param name="InspectSeconds"><c>inspect MODEL</c> of the built program.</param>
    /// <param name="LauncherHelpSeconds"><c>./onnxkd --help</c>: the launcher looks first whether anything must be set up or built.</param>
    /// <param name="LauncherInspectSeconds"><c>./onnxkd inspect MODEL</c>.</param>
    public sealed record Result(
        int Starts, string Model, double HelpSeconds, double InspectSeconds, double LauncherHelpSeconds, double LauncherInspectSeconds);

    /// <summary>Options: <c>--starts</c>; <c>--model PATH</c> (default: PP-OCR's recogniser, 10.8 MB).</summary>
    public static object Run(Arguments arguments)
    {
        var starts = arguments.Number("starts", 15);
        var root = CommandLine.OfThisCheckout.Checkout;
        var model = arguments.Text("model", Path.Combine(DataFolder.Of("pp-ocr"), Recogniser))!;
        arguments.RefuseTheRest();
        CommandLine.OfThisCheckout.Run("--help"); // sets up and builds what is missing

        string[] program = ["dotnet", Path.Combine(root, "build/app/onnxkd.dll")], launcher = [Path.Combine(root, "onnxkd")];
        string[][] commands =
            [[.. program, "--help"], [.. program, "inspect", model], [.. launcher, "--help"], [.. launcher, "inspect", model]];
        var rounds = Enumerable.Range(0, starts + 1).Select(_ => Array.ConvertAll(commands, Seconds)).ToArray()[1..]; // the first warms up
        var medians = commands.Select((_, i) => Math.Round(Output.Median(rounds.Select(round => round[i])), 3)).ToArray();
        return new Result(starts, Path.GetFileName(model), medians[0], medians[1], medians[2], medians[3]);
    }

    private static double Seconds(string[] command)
    {
        var start = Stopwatch.GetTimestamp();
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true })!;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? Stopwatch.GetElapsedTime(start).TotalSeconds
            : throw new UsageException($"{string.Join(' ', command)} ended with exit code {process.ExitCode}; its message stands above");
    }
}
