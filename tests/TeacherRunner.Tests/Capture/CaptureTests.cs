using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Progress;
using OnnxKd.Core.TransferSets;
using OnnxKd.TeacherRunner.Capture;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.TeacherRunner.Tests.Capture;

/// <summary>A set, a linear teacher of it, and captures of it.</summary>
public abstract class CaptureTests : IDisposable
{
    private protected const int Count = 50, Batch = 8;

    private protected readonly TemporaryFolder temp = new();
    private protected readonly LinearTeacher teacher = new(features: 12, classes: 3, seed: 1);
    private protected readonly float[] samples;
    private protected readonly TransferSet set;

    private protected CaptureTests()
    {
        samples = teacher.Samples(Count);
        set = OpenSet("set.npy", samples, Count, 3, 4);
    }

    public void Dispose()
    {
        set.Dispose();
        temp.Dispose();
    }

    private protected static CaptureOptions Options(string model) => new()
    {
        Teachers = [new() { Model = model }],
        Device = "cpu",
        Threads = 1,
        BatchSize = Batch,
    };

    private protected CaptureResult Capture(string folder, CaptureOptions options, Action<StageProgress>? report = null, CancellationToken token = default) =>
        CacheCapture.Capture(set, options, temp[folder], report is null ? null : new Direct(report), token);

    private protected float[] ReadAll(string folder, int view, string? name = null)
    {
        using var cache = LogitCache.Open(temp[folder]);
        var stream = cache.Stream(name);
        var logits = new float[Count * stream.Values];
        cache.Read(stream, Enumerable.Range(0, Count).Select(i => (long)i).ToArray(), view, logits);
        return logits;
    }

    private protected string DigestOf(string folder)
    {
        using var cache = LogitCache.Open(temp[folder]);
        return cache.Digest;
    }

    private protected string Save(string name, GraphBuilder graph)
    {
        graph.Build().Save(temp[name]);
        return temp[name];
    }

    private protected TransferSet OpenSet(string name, float[] values, params int[] shape)
    {
        Npy.Write(temp[name], values, shape);
        return TransferSet.Open(new() { Samples = temp[name] });
    }

    private protected static double Softmax(double[] logits, int index) =>
        Math.Exp(logits[index]) / logits.Skip(index / 3 * 3).Take(3).Sum(Math.Exp);

    /// <summary>Reports on the reporting thread, unlike <see cref="Progress{T}"/>.</summary>
    private sealed class Direct(Action<StageProgress> report) : IProgress<StageProgress>
    {
        public void Report(StageProgress value) => report(value);
    }
}
