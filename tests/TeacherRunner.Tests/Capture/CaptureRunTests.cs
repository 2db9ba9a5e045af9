using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Preparation.Steps;
using OnnxKd.TeacherRunner.Capture;

namespace OnnxKd.TeacherRunner.Tests.Capture;

/// <summary>How a capture goes: in parts, on threads, stopped and gone on with.</summary>
public sealed class CaptureRunTests : CaptureTests
{
    [Fact]
    public void Capture_InParts_GivesTheCacheOfOneCapture()
    {
        var options = Options(Save("teacher.onnx", teacher.Graph().Output("logits")));
        Capture("whole", options);

        var results = new[] { 2, 0, 1 }.Select(i => Capture("parts", options with { Part = new(i, 3) })).ToArray();

        Assert.Equal([false, false, true], results.Select(result => result.IsComplete));
        Assert.Equal(Count, results.Sum(result => result.Captured));
        Assert.Equal(DigestOf("whole"), DigestOf("parts"));
    }

    [Fact]
    public void Capture_BatchSizeAuto_IsChosenOnceAndKeptByEveryPart()
    {
        var options = Options(Save("teacher.onnx", teacher.Graph().Output("logits"))) with { BatchSize = null };
        var first = Capture("cache", options with { Part = new(0, 2) });
        var second = Capture("cache", options with { Part = new(1, 2) });

        Assert.InRange(first.BatchSize, 1, Count);
        Assert.Equal(first.BatchSize, second.BatchSize);
        Near.Equal(teacher.Logits(samples), ReadAll("cache", view: 0), 2e-6);
    }

    [Fact]
    public void Capture_BeforeItStarts_TellsWhatItWillTake()
    {
        var options = Options(Save("teacher.onnx", teacher.Graph().Output("logits")));
        var estimates = new List<CaptureEstimate>();
        CacheCapture.Capture(set, options, temp["cache"], null, CancellationToken.None, estimates.Add);
        CacheCapture.Capture(set, options, temp["cache"], null, CancellationToken.None, estimates.Add); // nothing left to do

        var estimate = Assert.Single(estimates);
        Assert.Equal((Count, 3 * 4 + 8, Count * 20L), (estimate.Rows, estimate.BytesPerRow, estimate.Bytes));
        Assert.True(estimate.RowsPerSecond > 0 && estimate.FreeBytes > 0);
    }

    [Fact]
    public void Estimate_DiskWithoutRoom_SaysHowMuchIsMissing()
    {
        var estimate = new CaptureEstimate([], Rows: 1_000_000, BytesPerRow: 5000, FreeBytes: 4_000_000_000, RowsPerSecond: 1, BatchSize: 1);
        var message = Assert.Throws<InputException>(() => estimate.RequireRoom("cache")).Message;
        Assert.Contains("4 GB free", message);
        Assert.Contains("5.2 GB", message);
        (estimate with { FreeBytes = 6_000_000_000 }).RequireRoom("cache");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(6)]
    public void Capture_BrokenOffAfterSomeBatches_GoesOnAndGivesTheSameCache(int batches)
    {
        var options = Options(Save("teacher.onnx", teacher.Graph().Output("logits")));
        Capture("whole", options);

        var stored = 0.0;
        Assert.Throws<IOException>(() => Capture("broken", options, report: p =>
        {
            stored = p.Done;
            if (p.Done >= batches * Batch)
                throw new IOException("pulled the plug");
        }));
        var result = Capture("broken", options);

        Assert.Equal((Count, Count - (long)stored), (result.Rows, result.Captured));
        Assert.Equal(DigestOf("whole"), DigestOf("broken"));
    }

    [Fact]
    public void Capture_Cancelled_KeepsWhatIsStoredAndGoesOn()
    {
        const int views = 20;
        var options = Options(Save("teacher.onnx", teacher.Graph().Output("logits"))) with { Augmentation = new(new NoiseStep(0.1)), Views = views };
        Capture("whole", options);
        using var source = new CancellationTokenSource();

        Assert.ThrowsAny<OperationCanceledException>(() => Capture("cancelled", options, report: p =>
        {
            if (p.Done >= 2 * Batch)
                source.Cancel();
        }, source.Token));
        var result = Capture("cancelled", options);

        // Batches that were whole by then are kept as well: a few, as only a few are under way.
        Assert.InRange(result.Captured, views * Count - 20 * Batch, views * Count - 2 * Batch);
        Assert.Equal(DigestOf("whole"), DigestOf("cancelled"));
    }

    [Fact]
    public void Capture_TeacherWithAFixedBatch_RunsWholeBatchesAndPadsOnlyTheLast()
    {
        var stored = new List<double>();
        var options = Options(Save("teacher.onnx", teacher.Graph(batch: 20).Output("logits"))); // asks for 8

        Capture("cache", options, report: p => stored.Add(p.Done));

        Assert.Equal([0.0, 20, 40, 50], stored);
        Near.Equal(teacher.Logits(samples), ReadAll("cache", view: 0), 2e-6);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(16)]
    public void Capture_OnSeveralThreads_GivesTheBytesOfOne(int threads)
    {
        var options = Options(Save("teacher.onnx", teacher.Graph().Output("logits"))) with
        {
            Augmentation = new(new NoiseStep(0.1)), Views = 20, Storage = new TopK(2, [1, 4]), Seed = 3,
        };

        Capture("one", options);
        Capture("several", options with { Threads = threads });

        Assert.Equal(DigestOf("one"), DigestOf("several"));
    }

    [Fact]
    public void Capture_FinishedCache_CapturesNothing()
    {
        var options = Options(Save("teacher.onnx", teacher.Graph().Output("logits")));
        Capture("cache", options);
        Assert.Equal(0, Capture("cache", options).Captured);
    }
}
