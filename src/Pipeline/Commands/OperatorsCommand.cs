using System.CommandLine;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Terminal;
using OnnxKd.StudentTrainer.Conformance;
using OnnxKd.StudentTrainer.Operators;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd operators</c>: what a student may use, and how it does on ONNX's own tests.</summary>
internal sealed class OperatorsCommand : ExampleCommand
{
    private readonly Option<string?> conformance = new("--conformance")
    {
        Description = "Run ONNX's own tests in this folder ('onnxkd data fetch onnx-tests' fetches them).",
    };

    private readonly Option<string?> filter = new("--filter") { Description = "Only the tests whose names contain this." };

    private readonly Option<bool> gradients = new("--gradients")
    {
        Description = "Check gradients too, against central differences in float64.",
    };

    /// <summary>Declares the command.</summary>
    public OperatorsCommand()
        : base(
            "operators",
            "Lists the operators that a student may use, or runs ONNX's own tests of them.",
            "onnxkd operators",
            "onnxkd operators --conformance data/onnx-tests --gradients")
    {
        Add(conformance);
        Add(filter);
        Add(gradients);
        Does((parsed, stdout, _, token) =>
        {
            var style = GlobalOptions.Style(parsed);
            if (parsed.GetValue(conformance) is { } folder)
                RunTests(folder, parsed.GetValue(filter), parsed.GetValue(gradients), style, stdout, token);
            else
                List(style, stdout);
        });
    }

    /// <summary>Lists the operators.</summary>
    public static void List(OutputStyle style, TextWriter stdout) =>
        stdout.Write(style.Json ? CanonicalJson.Serialize(OperatorReference.All) : OperatorReference.Markdown());

    /// <summary>Runs ONNX's tests.</summary>
    /// <exception cref="InputException">The folder holds none.</exception>
    /// <exception cref="CheckFailedException">A test failed.</exception>
    public static void RunTests(
        string folder, string? filter, bool gradients, OutputStyle style, TextWriter stdout, CancellationToken token)
    {
        var report = ConformanceSuite.Run(folder, filter, gradients, token);
        if (style.Json)
            stdout.Write(CanonicalJson.Serialize(report));
        else
            Write(report, stdout);
        var failures = report.Failed.Count + (report.Gradients?.Failed.Count ?? 0);
        if (failures > 0)
            throw new CheckFailedException("Operators fail ONNX's own tests.", folder, $"{failures} failures", "none");
    }

    private static void Write(ConformanceReport report, TextWriter stdout)
    {
        stdout.WriteLine($"{report.Passed} of {report.Total} tests passed, {report.Excluded.Count} excluded, {report.Failed.Count} failed");
        foreach (var (name, group) in report.Groups)
            stdout.WriteLine($"  {name}: {group.Passed} of {group.Total}");
        List("excluded", report.Excluded);
        List("failed", report.Failed);
        stdout.WriteLine($"{report.OutOfScope.Values.Sum()} tests do not count: they use other operators or types");
        if (report.Gradients is not { } gradients)
            return;
        stdout.WriteLine($"gradients: {gradients.Passed} of {gradients.Total} tests agree");
        List("differ", gradients.Failed);

        void List(string title, IReadOnlyDictionary<string, string> tests)
        {
            foreach (var (name, reason) in tests)
                stdout.WriteLine($"  {title}: {name}: {reason}");
        }
    }
}
