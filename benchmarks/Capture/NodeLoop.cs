using System.Diagnostics;
using System.Text.Json;
using OnnxKd.Benchmarks.EndToEnd;
using OnnxKd.Benchmarks.Support;

namespace OnnxKd.Benchmarks.Capture;

/// <summary>The same job in onnxruntime-node (capture_loop.js), in a process of its own that waits while ours works.</summary>
internal sealed class NodeLoop : IDisposable
{
    private readonly Process process;
    private readonly string results;

    /// <summary>Starts it, and lets it open its session.</summary>
    /// <param name="model">The teacher.</param>
    /// <param name="images">The file of images.</param>
    /// <param name="headerBytes">What stands before them.</param>
    /// <param name="batchSize">Rows per batch.</param>
    /// <param name="sample">The shape that the teacher takes.</param>
    /// <param name="results">Where it writes what the teacher gives.</param>
    public NodeLoop(string model, string images, int headerBytes, int batchSize, long[] sample, string results)
    {
        this.results = results;
        var peers = Path.Combine(CommandLine.OfThisCheckout.Checkout, "benchmarks");
        string[] arguments =
        [
            Path.Combine(peers, "Capture", "capture_loop.js"), model, images, $"{headerBytes}", $"{batchSize}", $"{Environment.ProcessorCount}",
            .. sample.Select(length => $"{length}"),
        ];
        process = Process.Start(new ProcessStartInfo("node", arguments) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
    }

    /// <summary>Captures rows.</summary>
    /// <returns>The seconds it took.</returns>
    public double Run(int first, int count)
    {
        process.StandardInput.WriteLine($"run {first} {count} {results}");
        process.StandardInput.Flush();
        var answer = process.StandardOutput.ReadLine() ?? throw new UsageException("onnxruntime-node ended; its message stands above");
        return JsonDocument.Parse(answer).RootElement.GetProperty("seconds").GetDouble();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        process.StandardInput.Close(); // the end of its input ends it
        process.WaitForExit();
        process.Dispose();
    }
}
