using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Preparation.Steps;
using OnnxKd.Core.TransferSets;
using OnnxKd.StudentTrainer.Batches;
using OnnxKd.StudentTrainer.Signals;
using OnnxKd.StudentTrainer.Tests.Support;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Batches;

/// <summary>Batches against what the reader and the cache give row by row.</summary>
public sealed class BatchSourceTests : IDisposable
{
    private const int Samples = 150;
    private const int Side = 32; // so that a batch is worth several threads
    private const int Classes = 6;

    private readonly DisposeScope scope = torch.NewDisposeScope();
    private readonly TemporaryFolder folder = new();
    private readonly Augmentation mixed = new(new MixupStep(1));
    private readonly TransferSet set;
    private readonly LogitCache cache;

    public BatchSourceTests()
    {
        set = Sets.Create(
            folder, "set", Numbers.Uniform(1, Samples * Side * Side), [Side, Side], [.. Enumerable.Range(0, Samples).Select(i => i % Classes)]);
        cache = Sets.Cache(folder, set, [(Sets.Logits("logits", [Classes], new Int8()), Numbers.Uniform(2, Samples * Classes, -9, 9))]);
    }

    public void Dispose()
    {
        scope.Dispose();
        cache.Dispose();
        set.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(5, false)]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(5, true)]
    public void Read_OnAnyNumberOfThreads_GivesEachRowItsOwn(int threads, bool isAhead)
    {
        using var some = new Threads(threads);
        if (!isAhead)
            set.HoldIfSmall();
        long[] order = [.. Enumerable.Range(0, Samples).Select(i => i * 7L % Samples)];
        using var source = Open(mixed, batchSize: 64, isAhead);
        var first = 0;
        foreach (var prepared in source.Read(order))
        {
            using var inner = torch.NewDisposeScope();
            var batch = prepared.ToDevice();
            var rows = order[first..(first + prepared.Rows.Length)];
            Assert.Equal(rows, prepared.Rows.ToArray());
            for (var i = 0; i < rows.Length; i++)
                RequireRow(rows[i], batch, i);
            first += rows.Length;
        }

        Assert.Equal(Samples, first);
    }

    /// <summary>The file loses its end: of the parts that fail, each on a thread of its own, the first one's error is told.</summary>
    [Fact]
    public void Read_OfAFileThatHasBecomeShorter_TellsOfTheFirstMissingRow()
    {
        using var some = new Threads(4);
        using var source = Open(Augmentation.None, Samples, isAhead: true);
        var path = folder["set.safetensors"];
        using (var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            file.SetLength(file.Length / 2);
        var error = Assert.Throws<Core.Errors.InputException>(() => source.Read(Enumerable.Range(0, Samples).Select(i => (long)i).ToArray()).First());
        Assert.Contains($"{path}, byte {new FileInfo(path).Length}", error.Message);
    }

    private BatchSource Open(Augmentation augmentation, int batchSize, bool isAhead) => new(
        Reader(augmentation), new(LabelPositions: 1, cache, [StreamForm.Of(cache.Stream())]), [Side, Side], batchSize, torch.CPU, isAhead);

    private SampleReader Reader(Augmentation augmentation) => new(set, new() { Scale = 0.5 }, augmentation, 9);

    private void RequireRow(long row, Batch batch, int index)
    {
        var sample = new float[Side * Side];
        var (own, partner, share) = (new long[1], new long[1], new float[1]);
        Reader(mixed).Read([row], 0, sample, new() { Classes = own, Partners = partner, Shares = share });
        Assert.Equal(sample, batch.Samples[index].data<float>().ToArray());
        Assert.Equal(own[0], batch.Labels!.Classes[index].item<long>());
        Assert.Equal(partner[0], batch.Labels.Partners![index].item<long>());
        Assert.Equal(share[0], batch.Labels.Shares![index].item<float>());

        var logits = new float[Classes];
        cache.Read(cache.Stream(), [row], 0, logits);
        Assert.Equal(logits, ((TargetScores)batch.Streams["logits"]).Logits[index].data<float>().ToArray());
    }
}
