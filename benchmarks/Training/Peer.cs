using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using OnnxKd.Benchmarks.Support;

namespace OnnxKd.Benchmarks.Training;

/// <summary>The same work in eager PyTorch, in a process of its own that waits while ours works.</summary>
internal sealed class Peer : IDisposable
{
    private readonly Process process;

    /// <summary>Not the first python3 of the PATH: Debian's PyTorch is found by Debian's Python.</summary>
    public static string Python { get; } = Environment.GetEnvironmentVariable("ONNXKD_PYTHON") ?? "/usr/bin/python3";

    /// <summary>Starts it.</summary>
    /// <param name="script">A script of this folder; its header says which commands it answers.</param>
    /// <param name="arguments">Its arguments.</param>
    public Peer(string script, params object[] arguments)
    {
        string[] words = [Path.Combine(AppContext.BaseDirectory, script), .. arguments.Select(Text)];
        process = Process.Start(new ProcessStartInfo(Python, words) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
    }

    /// <summary>The first batch's logits in evaluation mode.</summary>
    public float[] Logits() => Ask("logits").Deserialize<float[]>()!;

    /// <summary>Does the work a number of times.</summary>
    /// <returns>The seconds it took, and the last loss.</returns>
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

    private static string Text(object value) => Convert.ToString(value, CultureInfo.InvariantCulture)!;
}
