using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;
using OnnxKd.StudentTrainer.Batches;
using OnnxKd.StudentTrainer.Signals;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.StudentTrainer.Tests.Support;
using TorchSharp;
using BFloat16 = OnnxKd.Core.LogitCaches.BFloat16;

namespace OnnxKd.StudentTrainer.Tests.Signals;

/// <summary>Targets read from caches on disk, as they are stored, against the same caches decoded.</summary>
public sealed class StreamFormTests : IDisposable
{
    private const int Samples = 7;

    private readonly DisposeScope scope = torch.NewDisposeScope();
    private readonly TemporaryFolder folder = new();
    private readonly List<BatchSource> sources = []; // which targets lie in

    public void Dispose()
    {
        sources.ForEach(source => source.Dispose());
        scope.Dispose();
        folder.Dispose();
    }

    public static TheoryData<StreamStorage, int[]> Dense => new()
    {
        { new Float32(), [5] }, { new Float16(), [3, 5] }, { new BFloat16(), [2, 2, 5] }, { new Int8(), [5] }, { new Int8(), [3, 5] },
    };

    [Theory]
    [MemberData(nameof(Dense))]
    public void Batch_OfDenseStorage_IsWhatTheCacheDecodes(StreamStorage storage, int[] shape)
    {
        var stream = Sets.Logits("logits", shape, storage);
        var values = Numbers.Uniform(1, Samples * stream.Values, -9, 9);
        using var set = Set(Samples);
        using var cache = Sets.Cache(folder, set, [(stream, values)]);
        long[] rows = [4, 1, 6];
        var decoded = new float[rows.Length * stream.Values];
        cache.Read(stream, rows, 0, decoded);

        var logits = Read(cache, set, rows).Logits;
        Assert.Equal([rows.Length * stream.Positions, 5], logits.shape);
        Assert.Equal(decoded, logits.to(torch.float32).data<float>().ToArray());
        if (storage is Float16 or BFloat16)
            Assert.Equal(2, logits.element_size());
    }

    /// <summary>Class indices above 32,767 are negative as the signed 16-bit integers that they travel as.</summary>
    [Theory]
    [InlineData(40, 3)]
    [InlineData(40_000, 3)]
    [InlineData(70_000, 3)]
    public void Batch_OfTopK_HasDivergenceOfTheLogits(int classes, int k)
    {
        var values = Numbers.Uniform(2, 2 * classes, -2, 2);
        foreach (var (place, at) in new[] { 0, classes - 1, classes / 2 }.Select((place, i) => (place, i)))
            (values[place], values[classes + place]) = (6 + at, 9 - at);
        using var set = Set(2);
        using var cache = Sets.Cache(folder, set, [(Sets.Logits("logits", [classes], new TopK(k, [1, 2.5])), values)]);
        var targets = Read(cache, set, [1, 0]);
        var student = torch.tensor(Numbers.Uniform(3, 2 * classes, -2, 2), [2, classes]).to(torch.float64);

        double expected = 0;
        for (var row = 0; row < 2; row++)
        {
            var p = Softmax(values.AsSpan((1 - row) * classes, classes), 2.5);
            var q = Softmax(student[row].to(torch.float32).data<float>().ToArray(), 2.5);
            int[] kept = [0, classes - 1, classes / 2];
            expected += kept.Sum(id => p[id] * Math.Log(p[id] / q[id]));
            var (p0, q0) = (1 - kept.Sum(id => p[id]), 1 - kept.Sum(id => q[id]));
            expected += p0 * Math.Log(p0 / q0);
        }
        Assert.Equal(expected, targets.Divergence(student, 2.5).item<double>(), 4);
        Assert.Equal([0L, classes / 2], targets.Top.data<long>().ToArray());
    }

    /// <summary>Many samples with the same logits: the mean gradient over their draws is the dense gradient.</summary>
    [Theory]
    [InlineData(5, 10, 1)]
    [InlineData(300, 20, 2)]
    [InlineData(5, 400, 3)]
    public void Batch_OfSampled_HasDenseGradientOnAverage(int classes, int draws, double temperature)
    {
        const int Count = 3000;
        var (logits, student) = (Numbers.Uniform(4, classes, -2, 2), Numbers.Uniform(5, classes, -2, 2));
        using var set = Set(Count);
        var values = Enumerable.Repeat(logits, Count).SelectMany(row => row).ToArray();
        using var cache = Sets.Cache(folder, set, [(Sets.Logits("logits", [classes], new Sampled(draws, temperature)), values)]);

        var rows = torch.tensor(Enumerable.Repeat(student, Count).SelectMany(row => row).ToArray(), [Count, classes]).to(torch.float64);
        rows.requires_grad_(true);
        var targets = Read(cache, set, [.. Enumerable.Range(0, Count).Select(row => (long)row)]);
        new SoftTerm { Temperature = temperature }.Compute(rows, targets).backward();
        var each = rows.grad!.mul(Count);
        var mean = each.mean([0]).data<double>().ToArray();
        var variance = each.sub(each.mean([0])).square().mean([0]).data<double>().ToArray();

        var (p, q) = (Softmax(logits, temperature), Softmax(student, temperature));
        for (var j = 0; j < classes; j++)
        {
            var standardError = Math.Sqrt(variance[j] / (Count - 1));
            Assert.InRange(mean[j] - temperature * (q[j] - p[j]), -5 * standardError, 5 * standardError);
        }
    }

    [Theory]
    [InlineData(40)]
    [InlineData(70_000)]
    public void Check_OfClassThatDoesNotExist_IsRefused(int classes)
    {
        foreach (var storage in new StreamStorage[] { new TopK(2, [1]), new Sampled(2, 1) })
        {
            var form = StreamForm.Of(Sets.Logits("logits", [classes], storage));
            var ids = classes < 1 << 16 ? BitConverter.GetBytes(classes * 65536) : BitConverter.GetBytes(classes);
            form.Check(0, new byte[8]);
            Assert.Contains($"class {classes}", Assert.Throws<Core.Errors.CheckFailedException>(() => form.Check(0, ids)).Message);
        }
    }

    public static TheoryData<StreamStorage> FeatureStorages => [new Float32(), new Float16(), new BFloat16(), new Int8()];

    [Theory]
    [MemberData(nameof(FeatureStorages))]
    public void Batch_OfFeatures_IsWhatTheCacheDecodesInTheTeachersShape(StreamStorage storage)
    {
        var stream = Sets.Logits("hidden", [2, 3, 4], storage) with { Kind = StreamKind.Feature };
        var values = Numbers.Uniform(1, Samples * stream.Values, -9, 9);
        using var set = Set(Samples);
        using var cache = Sets.Cache(folder, set, [(stream, values)]);
        long[] rows = [4, 1, 6];
        var decoded = new float[rows.Length * stream.Values];
        cache.Read(stream, rows, 0, decoded);

        var features = ((TargetTensor)Batch(cache, set, rows).Streams["hidden"]).Values;
        Assert.Equal([3, 2, 3, 4], features.shape);
        Assert.Equal(decoded, features.contiguous().data<float>().ToArray());
    }

    private TransferSet Set(int count) => Sets.Create(folder, $"set{count}", Numbers.Uniform(6, count), [1]);

    private TargetScores Read(LogitCache cache, TransferSet set, long[] rows) => (TargetScores)Batch(cache, set, rows).Streams["logits"];

    private Batch Batch(LogitCache cache, TransferSet set, long[] rows)
    {
        var contents = new BatchContents(null, cache, [StreamForm.Of(cache.Streams[0])]);
        var reader = new SampleReader(set, Preprocessing.None, Augmentation.None, 0);
        sources.Add(BatchSource.Open(reader, contents, [1], rows.Length, torch.CPU));
        return sources[^1].Read(rows).Single().ToDevice();
    }

    private static double[] Softmax(ReadOnlySpan<float> logits, double temperature)
    {
        var weights = Array.ConvertAll(logits.ToArray(), logit => Math.Exp(logit / temperature));
        var sum = weights.Sum();
        return Array.ConvertAll(weights, weight => weight / sum);
    }
}
