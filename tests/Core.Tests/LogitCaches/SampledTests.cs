using OnnxKd.Core.LogitCaches;
using static OnnxKd.Core.Tests.LogitCaches.StoredRows;

namespace OnnxKd.Core.Tests.LogitCaches;

public sealed class SampledTests
{
    private const int Positions = 2;
    private const int Classes = 50;

    /// <summary>Pearson's statistic over 20,000 rows of 5 draws; the 99.9th percentile for 9 degrees of freedom is 27.9.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Sampled_Frequencies_FitTheTeachersDistribution(double temperature)
    {
        const int Rows = 20_000;
        var values = Random(10, 2);
        var stream = Stream(new Sampled(5, temperature), [10]);
        var stored = new byte[15];
        var drawn = new long[10];
        for (var id = 0; id < Rows; id++)
        {
            Assert.Equal(-1, stream.Storage.Encode(stream, new(7, id, 0), values, stored));
            for (var i = 0; i < 5; i++)
                drawn[BitConverter.ToUInt16(stored, 2 * i)] += stored[10 + i];
        }

        var expected = Softmax([.. values.Select(v => v / (float)temperature)]).Select(p => p * Rows * 5).ToArray();
        Assert.Equal(Rows * 5, drawn.Sum());
        Assert.InRange(drawn.Zip(expected, (n, e) => (n - e) * (n - e) / e).Sum(), 0, 27.9);
    }

    [Fact]
    public void Sampled_Draws_DependOnSeedSampleAndViewAlone()
    {
        var values = Random(Positions * Classes, 1);
        var stream = Stream(new Sampled(300, 1), [Positions, Classes]);

        byte[] Encode(RowKey key)
        {
            var stored = new byte[stream.BytesPerRow];
            stream.Storage.Encode(stream, key, values, stored);
            return stored;
        }

        Assert.Equal(Encode(new(1, 2, 3)), Encode(new(1, 2, 3)));
        Assert.All<RowKey>([new(0, 2, 3), new(1, 0, 3), new(1, 2, 0)], key => Assert.NotEqual(Encode(new(1, 2, 3)), Encode(key)));
    }

    [Fact]
    public void Sampled_Decoded_IsTheLogarithmOfTheFrequencies()
    {
        var values = Random(Classes, 2);
        var stream = Stream(new Sampled(20, 2), [Classes]);
        var stored = new byte[60];
        stream.Storage.Encode(stream, new(1, 2, 3), values, stored);
        var decoded = new float[Classes];

        stream.Storage.Decode(stream, stored, decoded);

        var counts = new int[Classes];
        for (var i = 0; i < 20; i++)
            counts[BitConverter.ToUInt16(stored, 2 * i)] += stored[40 + i];
        var softened = Softmax([.. decoded.Select(v => v / 2)]);
        Assert.All(Enumerable.Range(0, Classes).Where(c => counts[c] > 0), c => Assert.Equal(counts[c] / 20.5, softened[c], 1e-6));
        Assert.Equal(0.5 / 20.5, Enumerable.Range(0, Classes).Where(c => counts[c] == 0).Sum(c => softened[c]), 1e-6);
    }
}
