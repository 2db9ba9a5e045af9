using OnnxKd.Core.Errors;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Preparation.Steps;
using OnnxKd.Core.Safetensors;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Tests.Preparation;

/// <summary>A class per pixel goes where its pixel goes. Samples show their own labels, so that a view shows what they must be.</summary>
public sealed class LabelViewsTests : IDisposable
{
    private const int Samples = 20;
    private const int Height = 6;
    private const int Width = 8;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<AugmentationStep> WholePixels => new()
    {
        new ShiftStep(3, Fill: -1), new FlipStep(0.5, 0.5), new CutMixStep(1),
    };

    [Theory]
    [MemberData(nameof(WholePixels))]
    public void Read_WholePixelsMoved_MovesLabelsWithThem(AugmentationStep step)
    {
        using var set = Set(Distinct);
        var (values, labels) = Read(set, new(step));

        Assert.Equal(values, labels);
        Assert.NotEqual(values, Read(set, Augmentation.None).Values);
    }

    /// <summary>Left half 0, right half 1: the nearest pixel is where the value between pixels rounds to.</summary>
    public static TheoryData<AugmentationStep> BetweenPixels => new()
    {
        new CropStep(new(0.3, 0.9), new(0.8, 1.2)), new ScaleStep(new(0.6, 1.6), Fill: -1), new RotationStep(40, Fill: -1),
    };

    [Theory]
    [MemberData(nameof(BetweenPixels))]
    public void Read_BetweenPixels_TakesTheNearestLabel(AugmentationStep step)
    {
        using var set = Set((_, _, x) => x < Width / 2 ? 0 : 1);
        var (values, labels) = Read(set, new(step));
        using var ones = Set((_, _, _) => 1);
        var (inside, _) = Read(ones, new(step));
        var decided = 0;
        for (var i = 0; i < values.Length; i++)
        {
            if (inside[i] == -1 || (inside[i] == 1 && Math.Abs(values[i] - 0.5) > 1e-3))
            {
                Assert.Equal(MathF.Round(values[i]), labels[i]);
                decided++;
            }
        }
        Assert.InRange(decided, values.Length * 2 / 3, values.Length);
        Assert.Contains(1f, labels);
    }

    [Fact]
    public void Read_StepsThatMoveNothingBetween_StayInStep()
    {
        using var set = Set((row, y, x) => (row + y + x) % 3);
        var (values, labels) = Read(set, new(
            new FlipStep(0.5), new NoiseStep(0.01), new ColourStep(Brightness: 0.01), new ShiftStep(2, Fill: -1), new NoiseStep(0.01)));

        Assert.Equal(values.Select(value => MathF.Round(value)), labels);
    }

    [Fact]
    public void Read_UnknownLabels_StayUnknown()
    {
        using var set = Set((_, _, x) => x == 0 ? -1 : 5);
        var (values, labels) = Read(set, new(new FlipStep(0.5)));

        Assert.Equal(values, labels);
    }

    [Fact]
    public void Read_MixedSamples_GivesBothLabelsAndTheirShares()
    {
        using var set = Set(Distinct);
        var reader = new SampleReader(set, Preprocessing.None, new(new FlipStep(0.5), new MixupStep(1)), seed: 3);
        var (values, own) = (new float[Samples * Height * Width], new long[Samples * Height * Width]);
        var (partners, shares) = (new long[own.Length], new float[own.Length]);
        reader.Read(Rows, 2, values, new() { Classes = own, Partners = partners, Shares = shares });

        Assert.True(reader.MixesLabels);
        for (var i = 0; i < values.Length; i++)
            Assert.Equal(values[i], shares[i] * own[i] + (1 - shares[i]) * partners[i], 1e-2);
        Assert.InRange(shares.Distinct().Count(), Samples / 2, Samples);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Read_OneLabelPerSample_IsMixedInTheSharesOfThePair(bool cutMix)
    {
        var path = folder["set.safetensors"];
        SafetensorsWriter.Write(
            path,
            [
                SafetensorsTensor.From("samples", new float[Samples * 16], Samples, 4, 4),
                SafetensorsTensor.From("labels", Rows.Select(row => row + 100).ToArray(), Samples),
            ]);
        using var set = TransferSet.Open(new() { Samples = path, Labels = path });
        var reader = new SampleReader(set, Preprocessing.None, new(cutMix ? new CutMixStep(1, 0.7) : new MixupStep(1, 0.7)), seed: 3);
        var (own, partners, shares) = (new long[Samples], new long[Samples], new float[Samples]);
        reader.Read(Rows, 1, new float[Samples * 16], new() { Classes = own, Partners = partners, Shares = shares });

        for (var i = 0; i < Samples; i++)
        {
            var pair = reader.PairOf(i, 1);
            Assert.Equal((100 + i, pair.Lambda), (own[i], shares[i]));
            if (pair.Lambda < 1)
                Assert.Equal(100 + pair.Partner, partners[i]);
        }
        Assert.Contains(shares, share => share < 1);
    }

    [Fact]
    public void RequireLabelsFollow_LabelsOfOtherPlaces_AreRefusedWherePixelsMove()
    {
        using var set = Set((_, y, _) => y, labelShape: [Height]);
        Reader(new(new NoiseStep(1))).RequireLabelsFollow();

        var error = Assert.Throws<InputException>(() => Reader(new(new ShiftStep(1))).RequireLabelsFollow());

        Assert.Contains("labels [6] of samples [6, 8]", error.Message);

        SampleReader Reader(Augmentation augmentation) => new(set, Preprocessing.None, augmentation, 0);
    }

    private static long[] Rows => [.. Enumerable.Range(0, Samples).Select(row => (long)row)];

    private static int Distinct(int row, int y, int x) => row * Height * Width + y * Width + x;

    private static (float[] Values, float[] Labels) Read(TransferSet set, Augmentation augmentation)
    {
        var reader = new SampleReader(set, Preprocessing.None, augmentation, seed: 1);
        var (values, labels) = (new float[Samples * Height * Width], new long[Samples * Height * Width]);
        reader.RequireLabelsFollow();
        reader.Read(Rows, 5, values, new() { Classes = labels });
        Assert.False(reader.MixesLabels);
        return (values, [.. labels.Select(label => (float)label)]);
    }

    private TransferSet Set(Func<int, int, int, int> label, long[]? labelShape = null)
    {
        var maps = from row in Enumerable.Range(0, Samples) from y in Enumerable.Range(0, Height) from x in Enumerable.Range(0, Width)
                   select label(row, y, x);
        var labels = maps.Where((_, i) => labelShape is null || i % Width == 0).Select(value => (long)value).ToArray();
        var path = folder["set.safetensors"];
        SafetensorsWriter.Write(
            path,
            [
                SafetensorsTensor.From("samples", maps.Select(value => (float)value).ToArray(), Samples, Height, Width),
                SafetensorsTensor.From("labels", labels, [Samples, .. labelShape ?? [Height, Width]]),
            ]);
        return TransferSet.Open(new() { Samples = path, Labels = path });
    }
}
