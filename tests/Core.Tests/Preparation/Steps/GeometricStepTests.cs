using OnnxKd.Core.Preparation.Steps;

namespace OnnxKd.Core.Tests.Preparation.Steps;

/// <summary>Steps that move pixels, against pictures worked out by hand and against plain formulas in double precision.</summary>
public class GeometricStepTests
{
    private const double Tolerance = 1e-3; // of values up to 255: a few roundings of 32-bit floats

    [Theory]
    [InlineData(1, 0, new[] { 3f, 2, 1, 6, 5, 4 })]
    [InlineData(0, 1, new[] { 4f, 5, 6, 1, 2, 3 })]
    [InlineData(1, 1, new[] { 6f, 5, 4, 3, 2, 1 })]
    [InlineData(0, 0, new[] { 1f, 2, 3, 4, 5, 6 })]
    public void Flip_Certain_Mirrors(double horizontal, double vertical, float[] expected)
    {
        var step = new FlipStep(horizontal, vertical);

        Assert.Equal(expected, StepRun.Apply(step, [1, 2, 3, 4, 5, 6], [2, 3]));
        Assert.Equal([.. expected, .. expected.Select(v => v + 6)], StepRun.Apply(step, [.. Enumerable.Range(1, 12)], [2, 2, 3]));
    }

    [Fact]
    public void Flip_WithProbability_HappensAsOftenAsThat()
    {
        var flips = Enumerable.Range(0, 4000)
            .Select(view => StepRun.Apply(new FlipStep(0.25, 0.5), [1, 2, 3, 4], [2, 2], view: (uint)view)).ToArray();

        // Four standard deviations.
        Assert.InRange(flips.Count(f => f[0] is 2 or 4), 1000 - 110, 1000 + 110);
        Assert.InRange(flips.Count(f => f[0] is 3 or 4), 2000 - 127, 2000 + 127);
    }

    [Fact]
    public void Shift_WithFill_EntersTheValue()
    {
        var random = StepRun.Stream(view: 5);
        var (down, right) = (random.NextInt32(-1, 2), random.NextInt32(-1, 2));

        var found = StepRun.Apply(new ShiftStep(1, Fill: 9), [1, 2, 3, 4, 5, 6, 7, 8, 0], [3, 3], view: 5);

        for (var i = 0; i < 9; i++)
        {
            var (y, x) = (i / 3 - down, i % 3 - right);
            Assert.Equal(y is >= 0 and < 3 && x is >= 0 and < 3 ? (y * 3 + x + 1) % 9 : 9, found[i]);
        }
    }

    [Fact]
    public void Rotation_ByTheDrawnAngle_FollowsTheFormula()
    {
        const int Height = 9;
        const int Width = 14;
        var sample = StepRun.Noise(Height, Width);
        for (uint view = 0; view < 20; view++)
        {
            var random = StepRun.Stream(view: view);
            var angle = StepRun.Uniform(ref random, -170, 170) * Math.PI / 180;

            var found = StepRun.Apply(new RotationStep(170, Fill: 30), sample, [Height, Width], view: view);

            // Where a pixel comes from: turned clockwise about the centre, y growing downwards.
            RequireMoved(sample, found, Height, Width, 30, (y, x) => (
                y * Math.Cos(angle) + x * Math.Sin(angle),
                -y * Math.Sin(angle) + x * Math.Cos(angle)));
        }
    }

    [Fact]
    public void Rotation_Positive_IsCounterClockwise()
    {
        var view = Enumerable.Range(0, 100_000).Select(v => (uint)v).First(v => StepRun.Stream(view: v).NextSingle() > 0.999f);

        // A right angle, nearly: the right column becomes the top row.
        var found = StepRun.Apply(new RotationStep(90), [1, 2, 3, 4, 5, 6, 7, 8, 9], [3, 3], view: view);

        Assert.Equal([3, 6, 9, 2, 5, 8, 1, 4, 7], found.Select(v => MathF.Round(v)));
    }

    [Fact]
    public void Scale_ByTheDrawnFactor_FollowsTheFormula()
    {
        const int Height = 8;
        const int Width = 11;
        var sample = StepRun.Noise(Height, Width);
        for (uint view = 0; view < 20; view++)
        {
            var random = StepRun.Stream(view: view);
            var factor = StepRun.Uniform(ref random, 0.5, 2);

            var found = StepRun.Apply(new ScaleStep(new(0.5, 2), Fill: 7), sample, [Height, Width], view: view);

            RequireMoved(sample, found, Height, Width, 7, (y, x) => (y / factor, x / factor));
        }
    }

    [Fact]
    public void RotationAndScale_ByNothing_ChangeNoBit()
    {
        var sample = StepRun.Noise(3, 7, 5);

        Assert.Equal(sample, StepRun.Apply(new RotationStep(0), sample, [3, 7, 5]));
        Assert.Equal(sample, StepRun.Apply(new ScaleStep(new(1, 1)), sample, [3, 7, 5]));
        Assert.Equal(sample, StepRun.Apply(new CropStep(new(1, 1), new(1, 1)), sample, [3, 7, 5]));
    }

    [Fact]
    public void Crop_OfTheDrawnRegion_IsItsBilinearEnlargement()
    {
        const int Height = 10;
        const int Width = 16;
        var sample = StepRun.Noise(Height, Width);
        for (uint view = 0; view < 20; view++)
        {
            var random = StepRun.Stream(view: view);
            var region = Region.Draw(ref random, SampleLayout.Of([Height, Width], 0), new(0.2, 0.9), new(0.5, 2));

            var found = StepRun.Apply(new CropStep(new(0.2, 0.9), new(0.5, 2)), sample, [Height, Width], view: view);

            for (var y = 0; y < Height; y++)
            {
                for (var x = 0; x < Width; x++)
                {
                    // Pixel centres at halves, as in every framework's resize; the region's border goes on beyond it.
                    var sourceY = Math.Clamp((y + 0.5) / Height * region.Height - 0.5, 0, region.Height - 1);
                    var sourceX = Math.Clamp((x + 0.5) / Width * region.Width - 0.5, 0, region.Width - 1);
                    var expected = Between(
                        (i, j) => sample[(region.Top + i) * Width + region.Left + j], sourceY, sourceX, region.Height, region.Width);
                    Assert.Equal(expected, found[y * Width + x], Tolerance);
                }
            }
        }
    }

    /// <summary>By hand: the left two of four columns, enlarged to four.</summary>
    [Fact]
    public void Enlarge_ByTwo_IsWorkedOutByHand()
    {
        float[] sample = [0, 4, 100, 100, 8, 12, 100, 100];

        Bilinear.Enlarge(sample, new float[8], SampleLayout.Of([2, 4], 0), new(0, 0, 2, 2));

        Assert.Equal([0, 1, 3, 4, 8, 9, 11, 12], sample);
    }

    [Fact]
    public void Region_ManyDraws_KeepScaleAndRatioAndReachEveryPlace()
    {
        var layout = SampleLayout.Of([100, 200], 0);
        var regions = Enumerable.Range(0, 5000).Select(i =>
        {
            var random = StepRun.Stream(i);
            return Region.Draw(ref random, layout, new(0.1, 0.5), new(0.5, 2));
        }).ToArray();

        Assert.All(regions, r =>
        {
            Assert.True(r.Top >= 0 && r.Left >= 0 && r.Bottom <= 100 && r.Right <= 200);
            Assert.InRange(r.Height * r.Width / 20000.0, 0.095, 0.505);
            Assert.InRange(r.Width / 200.0 / (r.Height / 100.0), 0.48, 2.08);
        });
        // Means of uniform draws, within four standard errors; larger regions of extreme ratios are drawn again, which hardly matters here.
        Assert.Equal(0.3, regions.Average(r => r.Height * r.Width / 20000.0), 0.01);
        Assert.Equal(0, regions.Average(r => Math.Log(r.Width / 200.0 / (r.Height / 100.0))), 0.03);
        Assert.Contains(regions, r => r.Top == 0);
        Assert.Contains(regions, r => r.Right == 200);
    }

    public static TheoryData<SampleStep> Every =>
    [
        new ShiftStep(2), new CropStep(new(0.3, 1), new(0.5, 2)), new FlipStep(0.5, 0.5), new RotationStep(30), new ScaleStep(new(0.5, 2)),
    ];

    [Theory]
    [MemberData(nameof(Every))]
    public void Step_OfChannelsLast_IsThatOfChannelsFirst(SampleStep step)
    {
        var sample = StepRun.Noise(3, 6, 8);
        for (uint view = 0; view < 10; view++)
            Assert.Equal(
                StepRun.ChannelsLast(StepRun.Apply(step, sample, [3, 6, 8], view: view), 3, 6, 8),
                StepRun.Apply(step, StepRun.ChannelsLast(sample, 3, 6, 8), [6, 8, 3], channelAxis: 2, view));
    }

    /// <summary>Compares with a map of places relative to the centre.</summary>
    private static void RequireMoved(
        float[] sample, float[] found, int height, int width, float fill, Func<double, double, (double Y, double X)> source)
    {
        var (centreY, centreX) = ((height - 1) / 2.0, (width - 1) / 2.0);
        for (var i = 0; i < found.Length; i++)
        {
            var (y, x) = source(i / width - centreY, i % width - centreX);
            Assert.Equal(Between((a, b) => Pixel(a, b), y + centreY, x + centreX), found[i], Tolerance);
        }

        double Pixel(int y, int x) => y >= 0 && y < height && x >= 0 && x < width ? sample[y * width + x] : fill;
    }

    private static double Between(Func<int, int, double> pixel, double y, double x, int height = int.MaxValue, int width = int.MaxValue)
    {
        var (top, left) = ((int)Math.Floor(y), (int)Math.Floor(x));
        var (bottom, right) = (Math.Min(top + 1, height - 1), Math.Min(left + 1, width - 1));
        var (v, u) = (y - top, x - left);
        return (1 - v) * ((1 - u) * pixel(top, left) + u * pixel(top, right))
            + v * ((1 - u) * pixel(bottom, left) + u * pixel(bottom, right));
    }
}
