using OnnxKd.Core.Randomness;

namespace OnnxKd.Core.Tests.Randomness;

public class CounterRandomTests
{
    /// <summary>The known-answer vectors that the Random123 library ships for philox4x32, 10 rounds.</summary>
    [Theory]
    [InlineData(0u, 0u, 0u, 0u, 0u, 0u, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8)]
    [InlineData(~0u, ~0u, ~0u, ~0u, ~0u, ~0u, 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd)]
    [InlineData(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1)]
    public void Philox_KnownVectors_AreReproduced(
        uint c0, uint c1, uint c2, uint c3, uint k0, uint k1, uint r0, uint r1, uint r2, uint r3) =>
        Assert.Equal(new Words(r0, r1, r2, r3), Philox.Block(new(c0, c1, c2, c3), k0, k1));

    [Fact]
    public void Stream_Words_AreBlocksOfTheDocumentedCounter()
    {
        var random = new CounterRandom(0x1122334455667788, RandomPurpose.Augmentation, 0x99AABBCCDDEEFF00, 0x12345678);
        var first = Philox.Block(new(0xDDEEFF00, 0x99AABBCC, 0x12345678, 3u << 27), 0x55667788, 0x11223344);
        var second = Philox.Block(new(0xDDEEFF00, 0x99AABBCC, 0x12345678, (3u << 27) + 1), 0x55667788, 0x11223344);

        uint[] drawn = [.. Enumerable.Range(0, 8).Select(_ => random.NextUInt32())];

        Assert.Equal([first.A, first.B, first.C, first.D, second.A, second.B, second.C, second.D], drawn);
    }

    [Fact]
    public void Stream_AnyPartOfTheKeyChanged_GivesOtherNumbers()
    {
        var streams = new List<CounterRandom>();
        for (var bit = 0; bit < 64; bit++)
        {
            streams.Add(new(1ul << bit, RandomPurpose.Shuffle));
            streams.Add(new(0, RandomPurpose.Shuffle, 1ul << bit));
        }
        for (var bit = 0; bit < 32; bit++)
            streams.Add(new(0, RandomPurpose.Shuffle, 0, 1u << bit));
        streams.AddRange(Enum.GetValues<RandomPurpose>().Select(purpose => new CounterRandom(0, purpose)));

        Assert.Equal(streams.Count, streams.Select(s => s.NextUInt64()).Distinct().Count());
    }

    [Fact]
    public void NextInt32_SmallRange_IsUniform()
    {
        const int Draws = 70_000;
        var random = new CounterRandom(7, RandomPurpose.Verification);
        var counts = new int[7];
        for (var i = 0; i < Draws; i++)
            counts[random.NextInt32(-3, 4) + 3]++;

        // Chi-squared with 6 degrees of freedom: above 22.5 once in a thousand.
        Assert.True(counts.Sum(c => Math.Pow(c - Draws / 7.0, 2) / (Draws / 7.0)) < 22.5);
    }

    [Theory]
    [InlineData(int.MinValue, int.MaxValue)]
    [InlineData(int.MaxValue - 1, int.MaxValue)]
    [InlineData(-5, -4)]
    public void NextInt32_ExtremeRanges_StayInside(int minimum, int end)
    {
        var random = new CounterRandom(1, RandomPurpose.Verification);
        for (var i = 0; i < 1000; i++)
            Assert.InRange(random.NextInt32(minimum, end), minimum, end - 1);
    }

    [Fact]
    public void NextInt32_EmptyRange_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new CounterRandom(1, RandomPurpose.Verification).NextInt32(3, 3));

    [Fact]
    public void NextSingle_ManyDraws_FillTheUnitInterval()
    {
        var random = new CounterRandom(3, RandomPurpose.Dropout);
        var draws = Enumerable.Range(0, 100_000).Select(_ => random.NextSingle()).ToArray();

        Assert.InRange(draws.Min(), 0, 1e-4);
        Assert.InRange(draws.Max(), 1 - 1e-4, 0.99999995);
        Assert.Equal(0.5, draws.Average(), 0.005);
    }

    [Fact]
    public void NextGaussian_ManyDraws_HaveTheMomentsOfTheNormalDistribution()
    {
        const int Draws = 200_000;
        var random = new CounterRandom(5, RandomPurpose.Initialisation);
        var draws = Enumerable.Range(0, Draws).Select(_ => random.NextGaussian()).ToArray();

        // Five standard errors each.
        Assert.Equal(0, draws.Average(), 5 / Math.Sqrt(Draws));
        Assert.Equal(1, draws.Average(z => z * z), 5 * Math.Sqrt(2.0 / Draws));
        Assert.Equal(3, draws.Average(z => z * z * z * z), 5 * Math.Sqrt(96.0 / Draws));
    }

    [Fact]
    public void Shuffle_EveryOrder_IsEquallyLikely()
    {
        const int Rounds = 24_000;
        var counts = new Dictionary<string, int>();
        for (uint round = 0; round < Rounds; round++)
        {
            long[] values = [0, 1, 2, 3];
            new CounterRandom(11, RandomPurpose.Shuffle, 0, round).Shuffle(values);
            var order = string.Join("", values);
            counts[order] = counts.GetValueOrDefault(order) + 1;
        }

        Assert.Equal(24, counts.Count);
        // Chi-squared with 23 degrees of freedom: above 49.7 once in a thousand.
        Assert.True(counts.Values.Sum(c => Math.Pow(c - 1000, 2) / 1000) < 49.7);
    }

    [Fact]
    public void Constructor_PurposeAbove31_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new CounterRandom(0, (RandomPurpose)32));
}
