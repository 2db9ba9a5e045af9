using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
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
}
