using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using OnnxKd.Benchmarks.Support;

namespace OnnxKd.Benchmarks.Training;

/// <summary>The same training in eager PyTorch (train_step.py), in a process of its own that waits while ours works.</summary>
internal sealed class Peer : IDisposable
{
    // Not the first python3 of the PATH: Debian's PyTorch is found by Debian's Python.
    private const string Python = "/usr/bin/python3";

    private readonly Process process;

    /// <summary>Starts it.</summary>
    public Peer(string network, string file, int batchSize, int threads)
    {
        var script = Path.Combine(AppContext.BaseDirectory, "train_step.py");
        string[] arguments = [script, network, file, Text(batchSize), Text(threads)];
        process = Process.Start(new ProcessStartInfo(Python, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
    }

    /// <summary>The first batch's logits in evaluation mode.</summary>
    public float[] Logits() => Ask("logits").Deserialize<float[]>()!;

    /// <summary>Makes training steps.</summary>
    /// <returns>Their seconds, and the loss of the last one.</returns>
    public (double Seconds, double Loss) Run(int steps)
    {
        var answer = Ask($"run {Text(steps)}");
        return (answer.GetProperty("seconds").GetDouble(), answer.GetProperty("loss").GetDouble());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        process.StandardInput.Close(); // the end of its input ends it
        process.WaitForExit();
        process.Dispose();
    }

    private JsonElement Ask(string command)
    {
        process.StandardInput.WriteLine(command);
        process.StandardInput.Flush();
        var answer = process.StandardOutput.ReadLine() ?? throw new UsageException("the PyTorch side ended; its message stands above");
        return JsonDocument.Parse(answer).RootElement;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
