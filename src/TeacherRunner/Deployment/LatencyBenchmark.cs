using System.Diagnostics;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.TeacherRunner.Sessions;

namespace OnnxKd.TeacherRunner.Deployment;

/// <summary>How a model is timed.</summary>
public sealed record BenchmarkSettings
{
    /// <summary><c>auto</c>, <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>; default <c>cpu</c>.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Threads within an operator; default 1.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Samples of a run; default: 1, or the model's own batch where that is fixed.</summary>
    public int? BatchSize { get; init; }

    /// <summary>Runs that come first and do not count; default 20.</summary>
    public int WarmUp { get; init; } = 20;

    /// <summary>Runs that count, at most; default 200.</summary>
    public int Repeats { get; init; } = 200;

    /// <summary>After this, a slow model is not run again, once it has run three times; default 5 s.</summary>
    public TimeSpan Time { get; init; } = TimeSpan.FromSeconds(5);
}

/// <summary>What one measurement found.</summary>
/// <param name="Provider">Where it ran: <c>cpu</c> or <c>cuda</c>.</param>
/// <param name="Threads">Threads within an operator.</param>
/// <param name="BatchSize">Samples of a run.</param>
/// <param name="Latency">The time of a run.</param>
/// <param name="SamplesPerSecond">The batch over the mean time of a run.</param>
/// <param name="LoadMs">The time to open the session on the file's bytes, in milliseconds.</param>
/// <param name="PeakMemoryBytes">The most memory that the process held, less what it held, the file's bytes among it, before it opened the model.</param>
public sealed record BenchmarkResult(
    string Provider, int Threads, int BatchSize, LatencyFigures Latency, double SamplesPerSecond, double LoadMs, long PeakMemoryBytes);

/// <summary>Times a model as it would be shipped. Its memory is honest only in a process that has done nothing else.</summary>
public static class LatencyBenchmark
{
    /// <summary>Opens a model, warms it up and times it.</summary>
    /// <param name="path">The model's file.</param>
    /// <param name="feeds">Plans what it is fed with.</param>
    /// <param name="settings">How it is timed.</param>
    /// <param name="token">Stops at once, in the middle of a run.</param>
    /// <exception cref="InputException">The model does not run, or takes another batch than was asked for.</exception>
    public static BenchmarkResult Run(string path, Func<ModelSession, ModelFeeds> feeds, BenchmarkSettings settings, CancellationToken token)
    {
        var model = RunnableModel.Read(path);
        using var process = Process.GetCurrentProcess();
        var (before, start) = (process.WorkingSet64, Stopwatch.GetTimestamp());
        using var session = ModelSession.Open(model, Path.GetFileName(path), settings.Device, settings.Threads, brief: false);
        var load = Stopwatch.GetElapsedTime(start);
        var plan = feeds(session);
        using var batch = plan.Batch(0, Rows(plan, settings.BatchSize, path));
        session.Try(batch);
        var times = RunTimes.Measure(options => session.Run(batch, options).Dispose(), settings.WarmUp, settings.Repeats, settings.Time, token);
        var latency = LatencyFigures.Of(times);
        process.Refresh();
        return new(
            session.Provider, settings.Threads, batch.Rows, latency, batch.Rows * 1000 / latency.MsMean, load.TotalMilliseconds,
            Math.Max(0, process.PeakWorkingSet64 - before));
    }

    /// <summary>How many samples a run has.</summary>
    /// <param name="plan">What the model takes.</param>
    /// <param name="wanted">What was asked for; <c>null</c>: nothing.</param>
    /// <param name="path">The model, for messages.</param>
    /// <exception cref="InputException">The model takes another batch.</exception>
    public static int Rows(ModelFeeds plan, int? wanted, string path) => plan.FixedBatch is { } only && wanted is { } rows && rows != only
        ? throw new InputException(
            "The model takes one batch size only.", path, $"a batch of {rows}", $"{only}", "leave --batch-sizes out, or export the model with a free batch axis")
        : plan.FixedBatch ?? wanted ?? 1;
}
