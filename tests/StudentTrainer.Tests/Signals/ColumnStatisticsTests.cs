using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Preparation;
using OnnxKd.StudentTrainer.Signals;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Signals;

public sealed class ColumnStatisticsTests : IDisposable
{
    private const int Rows = 200;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    /// <summary>Around 10,000 numbers of float16 are 8 apart, and of bfloat16 64; below 6e-5 those of float16 are all 6e-8 apart.</summary>
    [Theory]
    [InlineData("float16", 10_000, 5, false)]
    [InlineData("float16", 10_000, 50, true)]
    [InlineData("bfloat16", 10_000, 50, false)]
    [InlineData("float32", 10_000, 5, true)]
    [InlineData("float16", 1e-6, 1e-7, false)]
    [InlineData("float16", 0, 1, true)]
    [InlineData("float16", 0, 0, true)]
    public void Of_ValuesThatRoundingLeavesLittleOf_RefusesThem(string storage, float mean, float deviation, bool isTaken)
    {
        StreamStorage stored = storage switch { "float16" => new Float16(), "bfloat16" => new BFloat16(), _ => new Float32() };
        var stream = Sets.Logits("price", [1], stored) with { Kind = StreamKind.Value };
        float[] values = [.. Numbers.Uniform(1, Rows, -1, 1).Select(value => mean + value * MathF.Sqrt(3) * deviation)];
        using var set = Sets.Create(folder, "samples", new float[Rows], [1]);
        using var cache = Sets.Cache(folder, set, [(stream, values)]);

        if (isTaken)
            Assert.InRange(ColumnStatistics.Of(cache, stream).Means[0], mean - 0.2f * deviation, mean + 0.2f * deviation);
        else
            Assert.Contains("set capture.storage: float32", Assert.Throws<InputException>(() => ColumnStatistics.Of(cache, stream)).Message);
    }

    /// <summary>Of exponentials of a normal distribution with deviation 2, half lie within a factor of 4 of the middle; of the other column no logarithm makes more sense.</summary>
    [Fact]
    public void Of_AColumnOverOrdersOfMagnitude_KnowsItsLogarithm()
    {
        var stream = Sets.Logits("price", [2]) with { Kind = StreamKind.Value };
        float[] normal = [.. Numbers.Uniform(1, 12 * 2 * Rows, -0.5f, 0.5f).Chunk(12).Select(draws => draws.Sum())];
        float[] values = [.. normal.Select((z, i) => i % 2 == 0 ? MathF.Exp(2 * z) : z)];
        using var set = Sets.Create(folder, "samples", new float[Rows], [1]);
        using var cache = Sets.Cache(folder, set, [(stream, values)]);

        var found = ColumnStatistics.Of(cache, stream);

        Assert.Null(found.Scale.Log);
        var log = Assert.IsType<SymmetricLog>(found.PulledIn!.Scale.Log);
        Assert.True(log.Unit[0] > 0);
        Assert.Equal(0, log.Unit[1]);
        double[] pulled = [.. values.Where((_, i) => i % 2 == 0).Select(value => (value - log.Centre[0]) / log.Unit[0]).Select(z => Math.Sign(z) * Math.Log(1 + Math.Abs(z)))];
        Assert.Equal(pulled.Average(), found.PulledIn.Means[0], 4);
        Assert.Equal(Math.Sqrt(pulled.Average(z => z * z) - pulled.Average() * pulled.Average()), found.PulledIn.Scale.Deviations[0], 4);
        Assert.Equal((found.Means[1], found.Scale.Deviations[1]), (found.PulledIn.Means[1], found.PulledIn.Scale.Deviations[1]));
    }

    /// <summary>A heatmap is near 0 nearly everywhere, and the few values at its peak are what it shows.</summary>
    [Fact]
    public void Of_AMapOverOrdersOfMagnitude_KnowsNoLogarithm()
    {
        const int Size = 16;
        var stream = Sets.Logits("keypoint", [Size * Size, 1]) with { Kind = StreamKind.Value };
        float[] values = [.. Enumerable.Range(0, Rows).SelectMany(row => Enumerable.Range(0, Size * Size).Select(at =>
            MathF.Exp(-((at % Size - row % Size) * (at % Size - row % Size) + (at / Size - row / Size) * (at / Size - row / Size)) / 4f)))];
        using var set = Sets.Create(folder, "samples", new float[Rows], [1]);
        using var cache = Sets.Cache(folder, set, [(stream, values)]);

        Assert.Null(ColumnStatistics.Of(cache, stream).PulledIn);
    }
}
