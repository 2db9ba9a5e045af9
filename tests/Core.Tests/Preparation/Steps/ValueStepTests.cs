using OnnxKd.Core.Preparation.Steps;

namespace OnnxKd.Core.Tests.Preparation.Steps;

/// <summary>Steps that change values where they are.</summary>
public class ValueStepTests
{
    [Fact]
    public void Colour_OfThreeChannels_FollowsTheFormula()
    {
        const int Pixels = 20;
        var sample = StepRun.Noise(3, 4, 5);
        for (uint view = 0; view < 20; view++)
        {
            var random = StepRun.Stream(view: view);
            var brightness = StepRun.Uniform(ref random, 0.6, 1.4);
            var contrast = StepRun.Uniform(ref random, 0, 2.5);
            var saturation = StepRun.Uniform(ref random, 0.2, 1.8);

            var found = StepRun.Apply(new ColourStep(0.4, 1.5, 0.8), sample, [3, 4, 5], view: view);

            var bright = sample.Select(v => v * brightness).ToArray();
            var mean = Enumerable.Range(0, Pixels).Average(i => Grey(bright, i));
            var contrasted = bright.Select(v => mean + (v - mean) * contrast).ToArray();
            for (var i = 0; i < found.Length; i++)
            {
                var grey = Grey(contrasted, i % Pixels);
                Assert.Equal(grey + (contrasted[i] - grey) * saturation, found[i], 1e-3);
            }
        }

        static double Grey(double[] v, int i) => 0.299 * v[i] + 0.587 * v[Pixels + i] + 0.114 * v[2 * Pixels + i];
    }

    [Theory]
    [InlineData(0.4, 0, 0)]
    [InlineData(0, 0.4, 0)]
    [InlineData(0, 0, 0.4)]
    [InlineData(0.4, 0.4, 0.4)]
    public void Colour_OfChannelsLast_IsThatOfChannelsFirst(double brightness, double contrast, double saturation)
    {
        var step = new ColourStep(brightness, contrast, saturation);
        var sample = StepRun.Noise(3, 6, 8);

        Assert.Equal(
            StepRun.ChannelsLast(StepRun.Apply(step, sample, [3, 6, 8]), 3, 6, 8),
            StepRun.Apply(step, StepRun.ChannelsLast(sample, 3, 6, 8), [6, 8, 3], channelAxis: 2));
    }

    [Fact]
    public void Colour_OfGreySample_StretchesAboutItsMean()
    {
        var random = StepRun.Stream();
        random.NextSingle();
        var contrast = StepRun.Uniform(ref random, 0.5, 1.5);

        var found = StepRun.Apply(new ColourStep(Contrast: 0.5), [10, 20, 30, 40], [2, 2]);

        Assert.All(new[] { -15, -5, 5, 15 }.Zip(found), pair => Assert.Equal(25 + pair.First * contrast, pair.Second, 1e-5));
    }

    [Fact]
    public void Noise_ManyValues_IsStandardNormalTimesStd()
    {
        const int Count = 200_001;

        var noise = StepRun.Apply(new NoiseStep(3), new float[Count], [Count]).Select(v => v / 3.0).ToArray();

        // Four standard errors each: of mean, variance, third and fourth moment.
        Assert.Equal(0, noise.Average(), 4 / Math.Sqrt(Count));
        Assert.Equal(1, noise.Average(z => z * z), 4 * Math.Sqrt(2.0 / Count));
        Assert.Equal(0, noise.Average(z => z * z * z), 4 * Math.Sqrt(15.0 / Count));
        Assert.Equal(3, noise.Average(z => z * z * z * z), 4 * Math.Sqrt(96.0 / Count));
        Assert.Equal(0, noise.Zip(noise.Skip(1)).Average(pair => pair.First * pair.Second), 4 / Math.Sqrt(Count));
    }

    [Fact]
    public void Noise_OfFourValues_FollowsBoxAndMuller()
    {
        var random = StepRun.Stream();
        var expected = new List<double>();
        for (var i = 0; i < 2; i++)
        {
            var radius = Math.Sqrt(-2 * Math.Log((random.NextUInt32() + 1.0) / 4294967296));
            var angle = 2 * Math.PI * random.NextUInt32() / 4294967296;
            expected.AddRange([radius * Math.Cos(angle), radius * Math.Sin(angle)]);
        }

        var found = StepRun.Apply(new NoiseStep(2), [10, 20, 30, 40], [4]);

        for (var i = 0; i < 4; i++)
            Assert.Equal(10 * (i + 1) + 2 * expected[i], found[i], 1e-5);
    }

    [Fact]
    public void Clamp_OfValuesBeyond_GivesTheBorder() =>
        Assert.Equal([0, 0, 3, 5, 5], StepRun.Apply(new ClampStep(new(0, 5)), [-1, 0, 3, 5, 9], [5]));

    [Fact]
    public void Erase_Certain_FillsTheDrawnRegionOfEveryChannel()
    {
        var sample = Enumerable.Repeat(1f, 2 * 8 * 10).ToArray();
        var random = StepRun.Stream(view: 3);
        random.NextSingle();
        var region = Region.Draw(ref random, SampleLayout.Of([8, 10], 0), new(0.1, 0.4), new(0.3, 3));

        var found = StepRun.Apply(new EraseStep(1, new(0.1, 0.4), new(0.3, 3), Fill: 5), sample, [2, 8, 10], view: 3);

        for (var i = 0; i < found.Length; i++)
        {
            var (y, x) = (i / 10 % 8, i % 10);
            var inside = y >= region.Top && y < region.Bottom && x >= region.Left && x < region.Right;
            Assert.Equal(inside ? 5 : 1, found[i]);
        }
    }

    [Fact]
    public void Erase_WithProbability_HappensAsOftenAsThat()
    {
        var step = new EraseStep(0.3, new(0.1, 0.5), new(1, 1));
        var count = Enumerable.Range(0, 4000).Count(view =>
            StepRun.Apply(step, Enumerable.Repeat(1f, 64).ToArray(), [8, 8], view: (uint)view).Contains(0));

        Assert.InRange(count, 1200 - 116, 1200 + 116); // four standard deviations
    }

    [Fact]
    public void TimeAndFrequencyMask_FillRunsAsDrawn()
    {
        const int Time = 12;
        const int Bands = 7;
        var sample = Enumerable.Repeat(1f, Time * Bands).ToArray();
        for (uint view = 0; view < 30; view++)
        {
            var times = Runs(view, 2, 4, Time);
            var bands = Runs(view, 1, 7, Bands);

            var byTime = StepRun.Apply(new TimeMaskStep(2, 4, Fill: -1), sample, [Time, Bands], view: view);
            var byBand = StepRun.Apply(new FrequencyMaskStep(1, 7), sample, [Time, Bands], view: view);

            for (var i = 0; i < sample.Length; i++)
            {
                Assert.Equal(times.Contains(i / Bands) ? -1 : 1, byTime[i]);
                Assert.Equal(bands.Contains(i % Bands) ? 0 : 1, byBand[i]);
            }
        }

        static HashSet<int> Runs(uint view, int count, int longest, int size)
        {
            var random = StepRun.Stream(view: view);
            var masked = new HashSet<int>();
            for (var i = 0; i < count; i++)
            {
                var length = random.NextInt32(0, longest + 1);
                masked.UnionWith(Enumerable.Range(random.NextInt32(0, size - length + 1), length));
            }
            return masked;
        }
    }

    [Fact]
    public void TokenMask_ReplacesAsDrawnButKeepsWhatItMust()
    {
        float[] ids = [101, .. Enumerable.Range(1000, 5000), 102, 0, 0];
        var random = StepRun.Stream(view: 2);

        var found = StepRun.Apply(new TokenMaskStep(0.15, 103, [0, 101, 102]), ids, [ids.Length], view: 2);

        for (var i = 0; i < ids.Length; i++)
        {
            var chosen = random.NextSingle() < 0.15;
            Assert.Equal(chosen && ids[i] >= 1000 ? 103 : ids[i], found[i]);
        }
        Assert.InRange(found.Count(id => id == 103), 750 - 101, 750 + 101); // four standard deviations
    }
}
