using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Safetensors;
using OnnxKd.Core.TransferSets;
using OnnxKd.TeacherRunner.Capture;

namespace OnnxKd.TeacherRunner.Tests.Capture;

/// <summary>One sample of three frames of two classes.</summary>
public sealed class ReplayComparisonTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(null, false, 2 / 3.0)]
    [InlineData(3L, false, 2 / 3.0)]
    [InlineData(2L, true, 1.0)]
    public void Add_DifferenceInTheLastFrame_CountsOnlyWithinTheLength(long? length, bool passes, double agreement)
    {
        var file = folder["set.safetensors"];
        SafetensorsWriter.Write(
            file, [SafetensorsTensor.From("samples", new float[3], 1, 3), SafetensorsTensor.From("lengths", new[] { length ?? 0 }, 1)]);
        using var set = TransferSet.Open(new() { Samples = file, Lengths = length is null ? null : file });
        using var cache = Cache(set, [1, 2, 3, 4, 5, 6]);

        var comparison = new ReplayComparison(cache, cache.Streams[0], set);
        comparison.Add((0, 0), [1, 2, 3, 4, 6, 5]);
        var result = comparison.Result();

        Assert.Equal((passes, agreement), (result.Problem is null, result.Top1Agreement));
        Assert.Equal(passes ? 0 : 1, result.MaxError, 1e-6);
    }

    /// <summary>What a price may differ by is all of a share.</summary>
    [Theory]
    [InlineData(20_010f, 0.0007f, true)]
    [InlineData(20_000f, 0.0009f, false)]
    [InlineData(20_100f, 0.0007f, false)]
    public void Add_OfValues_MeasuresEachColumnByItsOwnSize(float price, float share, bool passes)
    {
        var file = folder["set.safetensors"];
        SafetensorsWriter.Write(file, [SafetensorsTensor.From("samples", new float[3], 1, 3)]);
        using var set = TransferSet.Open(new() { Samples = file });
        using var cache = Cache(set, [10_000, 0.0005f, 20_000, 0.0007f, 15_000, 0.0001f], StreamKind.Value);

        var comparison = new ReplayComparison(cache, cache.Streams[0], set);
        comparison.Add((0, 0), [10_000, 0.0005f, price, share, 15_000, 0.0001f]);

        Assert.Equal(passes, comparison.Result().Problem is null);
    }

    private LogitCache Cache(TransferSet set, float[] logits, StreamKind kind = StreamKind.Logit)
    {
        var identity = new CacheIdentity
        {
            Teachers = [new("teacher.onnx", new string('0', 64), "input", "logits", kind, 1, Preprocessing.None)],
            Combination = Combination.Single,
            Streams = [new("logits", "logits", Teacher: 0, kind, [3, 2], new Float32())],
            Provider = "cpu",
            Precision = "fp32",
            Augmentation = Augmentation.None,
            Seed = 0,
            Views = 1,
            SamplesDigest = set.SamplesDigest,
            Samples = set.Count,
        };
        using (var writer = LogitCacheWriter.OpenOrResume(folder["cache"], identity, 1))
        {
            writer.Append([logits]);
            writer.Complete();
        }
        return LogitCache.Open(folder["cache"]);
    }
}
