using OnnxKd.Core.Preparation;
using OnnxKd.Core.Preparation.Steps;
using OnnxKd.Core.Randomness;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Tests.Preparation.Steps;

/// <summary>Views that are mixed from two samples.</summary>
public sealed class PairStepTests : IDisposable
{
    private const int Samples = 50;
    private const int Elements = 2 * 6 * 8;

    private readonly TemporaryFolder folder = new();
    private readonly TransferSet set;

    public PairStepTests() => set = ViewSets.Bytes(folder, Samples, 2, 6, 8);

    public void Dispose()
    {
        set.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void Mixup_OfOtherSteps_IsTheWeightedSumOfBothViews()
    {
        var mixed = Reader(new FlipStep(0.5), new NoiseStep(4), new MixupStep(0.4));
        var plain = Reader(new FlipStep(0.5), new NoiseStep(4));
        var partners = new HashSet<long>();
        for (var row = 0; row < Samples; row++)
        {
            var pair = mixed.PairOf(row, 7);
            partners.Add(pair.Partner);
            var (own, other) = (Read(plain, row, 7), Read(plain, pair.Partner, 7));

            var found = Read(mixed, row, 7);

            for (var i = 0; i < Elements; i++)
                Assert.Equal(pair.Lambda * (double)own[i] + (1 - (double)pair.Lambda) * other[i], found[i], 1e-4);
        }
        Assert.True(partners.Count > Samples / 3, "The partners hardly vary.");
    }

    [Fact]
    public void CutMix_TakesOneRectangleWhoseShareIsTheLabels()
    {
        var mixed = Reader(new ShiftStep(1), new CutMixStep(1));
        var plain = Reader(new ShiftStep(1));
        var seen = new HashSet<float>();
        for (var row = 0; row < Samples; row++)
        {
            var pair = mixed.PairOf(row, 2);
            seen.Add(pair.Lambda);
            var (own, other, found) = (Read(plain, row, 2), Read(plain, pair.Partner, 2), Read(mixed, row, 2));
            var region = Region(row, 2);

            for (var i = 0; i < Elements; i++)
            {
                var (y, x) = (i / 8 % 6, i % 8);
                var inside = y >= region.Top && y < region.Bottom && x >= region.Left && x < region.Right;
                Assert.Equal(inside ? other[i] : own[i], found[i]);
            }
            Assert.Equal(1 - region.Height * region.Width / 48.0, pair.Lambda, 1e-7);
        }
        Assert.True(seen.Count > 10, "The rectangles hardly vary.");

        Region Region(long row, uint view)
        {
            var random = new CounterRandom(3, RandomPurpose.Pairs, (ulong)row, view);
            random.NextSingle();
            random.NextUInt64();
            return new CutMixStep(1).Draw(SampleLayout.Of([2, 6, 8], 0), ref random).Region;
        }
    }

    [Fact]
    public void CutMix_ManyDraws_LeaveTheShareThatLambdaSays()
    {
        var layout = SampleLayout.Of([1000, 1000], 0);
        var kept = Enumerable.Range(0, 20_000).Select(i =>
        {
            var random = StepRun.Stream(i);
            return (double)new CutMixStep(1).Draw(layout, ref random).Lambda;
        }).ToArray();

        // λ uniform; a side s of the unit square, its centre uniform, keeps s − s²/4 of a line on average: E[(s − s²/4)²] over s² uniform.
        var expected = 1 - (1 / 2.0 - 2 / 5.0 / 2 + 1 / 16.0 / 3);
        Assert.Equal(expected, kept.Average(), 0.01);
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(0.4)]
    [InlineData(1)]
    [InlineData(5)]
    public void Beta_ManyDraws_HasItsMoments(double alpha)
    {
        const int Count = 40_000;
        var draws = Enumerable.Range(0, Count).Select(i =>
        {
            var random = StepRun.Stream(i);
            return random.NextBeta(alpha);
        }).ToArray();

        // Beta(α, α): mean 1/2, variance 1/(4(2α + 1)), fourth central moment 3/(16(2α + 1)(2α + 3)); four standard errors.
        var variance = 1 / (4 * (2 * alpha + 1));
        var fourth = 3 / (16 * (2 * alpha + 1) * (2 * alpha + 3));
        Assert.All(draws, draw => Assert.InRange(draw, 0, 1));
        Assert.Equal(0.5, draws.Average(), 4 * Math.Sqrt(variance / Count));
        Assert.Equal(variance, draws.Average(x => Math.Pow(x - 0.5, 2)), 4 * Math.Sqrt((fourth - variance * variance) / Count));
        Assert.Equal(fourth, draws.Average(x => Math.Pow(x - 0.5, 4)), 0.05 * fourth);
    }

    [Fact]
    public void Beta_TinyAlpha_IsNoughtOrOne()
    {
        for (var i = 0; i < 1000; i++)
        {
            var random = StepRun.Stream(i);
            var draw = random.NextBeta(1e-6);
            Assert.True(draw is < 1e-6 or > 1 - 1e-6);
        }
    }

    [Fact]
    public void PairOf_WithProbability_MixesAsOftenAsThat()
    {
        var reader = Reader(new MixupStep(1, 0.4));
        var mixed = Enumerable.Range(0, 4000).Count(view => reader.PairOf(7, (uint)view) != new SamplePair(7, 1));

        Assert.InRange(mixed, 1600 - 124, 1600 + 124); // four standard deviations
    }

    [Fact]
    public void PairOf_WithoutPairs_IsTheSampleItself() =>
        Assert.Equal(new(4, 1), Reader(new ShiftStep(1)).PairOf(4, 9));

    [Fact]
    public void PairOf_ManyViews_ChoosesEveryPartnerEquallyOften()
    {
        var reader = Reader(new MixupStep(1));
        var counts = new int[Samples];
        for (uint view = 0; view < 5000; view++)
            counts[reader.PairOf(7, view).Partner]++;

        // Chi-squared with 49 degrees of freedom: above 85.4 once in a thousand.
        Assert.True(counts.Sum(c => Math.Pow(c - 100, 2) / 100) < 85.4);
    }

    private static float[] Read(SampleReader reader, long row, uint view)
    {
        var values = new float[Elements];
        reader.Read([row], view, values);
        return values;
    }

    private SampleReader Reader(params AugmentationStep[] steps) => new(set, Preprocessing.None, new(steps), seed: 3);
}
