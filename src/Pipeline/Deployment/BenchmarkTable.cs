using System.Globalization;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Reports;
using OnnxKd.Pipeline.Terminal;
using OnnxKd.TeacherRunner.Deployment;
using Spectre.Console;

namespace OnnxKd.Pipeline.Deployment;

/// <summary>What one model gave with one number of threads and one batch size.</summary>
/// <param name="Model">The model's file.</param>
/// <param name="FileBytes">Its size.</param>
/// <param name="Result">What was measured.</param>
internal sealed record BenchmarkEntry(string Model, long FileBytes, BenchmarkResult Result);

/// <summary>All that <c>onnxkd benchmark</c> measured.</summary>
/// <param name="Processors">Processors of the machine.</param>
/// <param name="OnnxRuntime">The version of ONNX Runtime.</param>
/// <param name="Measurements">In the order of models, threads and batches.</param>
internal sealed record BenchmarkTable(int Processors, string OnnxRuntime, IReadOnlyList<BenchmarkEntry> Measurements)
{
    private static readonly string[] Columns =
        ["model", "threads", "batch", "runs", "p50", "p95", "p99", "samples/s", "peak memory", "load", "file size"];

    /// <summary>Writes it: one JSON document, or a table.</summary>
    public void Write(TextWriter output, OutputStyle style)
    {
        if (style.Json)
        {
            output.Write(CanonicalJson.Serialize(this));
            return;
        }
        var table = new Table { Border = Tables.Border(style) };
        table.AddColumn(Columns[0]);
        foreach (var name in Columns[1..])
            table.AddColumn(new TableColumn(name).RightAligned());
        foreach (var (model, bytes, result) in Measurements)
            table.AddRow(Cells(model, bytes, result).Select(cell => new Text(cell)));
        Tables.Render(table, output, style.Terminal);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"ONNX Runtime {OnnxRuntime}, {Measurements[0].Result.Provider}, {Processors} processors; each line measured in a process of its own; peak memory: beyond that of the empty process"));
    }

    private static string[] Cells(string model, long bytes, BenchmarkResult result) =>
    [
        Printable.Escape(model), Show(result.Threads, "0"), Show(result.BatchSize, "#,0"), Show(result.Latency.Runs, "#,0"),
        Show(result.Latency.MsP50, "0.000 ms"), Show(result.Latency.MsP95, "0.000 ms"), Show(result.Latency.MsP99, "0.000 ms"),
        Show(result.SamplesPerSecond, result.SamplesPerSecond < 100 ? "0.00" : "#,0"), Show(result.PeakMemoryBytes / 1e6, "#,0.0 MB"), Show(result.LoadMs, "#,0 ms"),
        FigureTable.FileSize(bytes),
    ];

    private static string Show(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
