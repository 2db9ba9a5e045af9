using OnnxKd.Core.Errors;
using OnnxKd.Core.Preparation;
using OnnxKd.TeacherRunner.Deployment;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.Pipeline.Measuring;

/// <summary>Times a model with several numbers of threads and samples, each for a moment; <c>onnxkd benchmark</c> does it thoroughly.</summary>
internal static class LatencyMap
{
    private const int FewestRuns = 3;

    // What one point may take, and what it may be expected to take.
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(0.25);
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(2);

    private static readonly int[] Batches = [1, 8, 64];

    /// <summary>Times a model.</summary>
    /// <param name="role">The model's role.</param>
    /// <param name="options">The model.</param>
    /// <param name="reader">Reads samples as it takes them.</param>
    /// <param name="device">Where it runs.</param>
    /// <param name="known">How long a sample takes, in milliseconds.</param>
    /// <param name="token">Stops it.</param>
    /// <returns>Nothing for a model that cannot be timed like this, or takes too long for that.</returns>
    public static IReadOnlyList<LatencyPoint> Measure(
        string role, TeacherOptions options, SampleReader reader, string device, double known, CancellationToken token)
    {
        try
        {
            using var tried = ModelSession.Open(options.Model, device, brief: true);
            int[] batches = Feeds(tried).FixedBatch is { } only ? [only] : Batches;
            return [.. Threads().SelectMany(threads => Points(threads, batches))];
        }
        catch (OnnxKdException)
        {
            return []; // it was measured; only this is not known
        }

        IEnumerable<LatencyPoint> Points(int threads, int[] batches)
        {
            var each = known; // the time of a sample, in milliseconds
            foreach (var batch in batches.Where(batch => each * batch * FewestRuns < Most.TotalMilliseconds))
            {
                var result = LatencyBenchmark.Run(
                    options.Model, Feeds, new() { Device = device, Threads = threads, BatchSize = batch, WarmUp = FewestRuns, Time = Moment }, token);
                each = result.Latency.MsP50 / batch;
                yield return new(role, threads, batch, result.Latency);
            }
        }

        ModelFeeds Feeds(ModelSession session) =>
            ModelFeeds.Of(session, new Dictionary<string, long>(), session.Inputs.ToDictionary(input => input.Name, input => SamplesOf(input.Name, options.Inputs, reader)), options.Model);
    }

    /// <summary>What a run feeds an input with: a constant, one of several inputs of its samples, or the samples.</summary>
    private static InputSamples SamplesOf(string input, InputFeeds feeds, SampleReader reader) =>
        feeds.Of(input) is { From: null } constant ? new(null, Constant: constant.Constant)
        : new(reader, reader.Set.SampleShape.Find(feeds.Of(input)?.From ?? InputFront.PartFor(input)));

    /// <summary>One thread, four times as many and so on, and as many as there are processors.</summary>
    private static IEnumerable<int> Threads()
    {
        for (var threads = 1; threads < Environment.ProcessorCount; threads *= 4)
            yield return threads;
        yield return Environment.ProcessorCount;
    }
}
