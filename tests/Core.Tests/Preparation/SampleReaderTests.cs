using OnnxKd.Core.Errors;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Preparation.Steps;
using OnnxKd.Core.Randomness;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Tests.Preparation;

public sealed class SampleReaderTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Read_OneMeanForAll_FollowsTheFormula()
    {
        using var set = Bytes(2, 3);
        var reader = new SampleReader(set, new() { Scale = 1 / 255.0, Mean = [0.5], Std = [0.25] }, Augmentation.None, seed: 0);
        var values = new float[6];

        reader.Read([1, 0], 0, values);

        Assert.All(new[] { 3, 4, 5, 0, 1, 2 }.Zip(values), pair => Assert.Equal((pair.First / 255.0 - 0.5) / 0.25, pair.Second, 1e-6));
    }

    [Theory]
    [InlineData(0, new[] { 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1 })]
    [InlineData(1, new[] { 0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2 })]
    [InlineData(2, new[] { 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1 })]
    public void Read_MeanPerChannel_RunsAlongTheAxis(int axis, int[] channels)
    {
        using var set = Bytes(1, 2, 3, 2);
        double[] mean = [1, 2, 4];
        double[] std = [2, 5, 8];
        var size = channels.Max() + 1;
        var preprocessing = new Preprocessing { Mean = mean[..size], Std = std[..size], ChannelAxis = axis };
        var reader = new SampleReader(set, preprocessing, Augmentation.None, seed: 0);
        var values = new float[12];

        reader.Read([0], 0, values);

        for (var i = 0; i < 12; i++)
            Assert.Equal((i - mean[channels[i]]) / std[channels[i]], values[i], 1e-6);
    }

    [Fact]
    public void Read_WithoutPreprocessing_GivesStoredValues()
    {
        using var set = Bytes(1, 4);
        var values = new float[4];

        new SampleReader(set, Preprocessing.None, Augmentation.None, seed: 0).Read([0], 0, values);

        Assert.Equal([0, 1, 2, 3], values);
    }

    [Fact]
    public void Read_Shifted_MovesEveryPlaneAsDrawnAndFillsWithStoredZero()
    {
        const int Height = 5;
        const int Width = 4;
        using var set = Bytes(40, 2, Height, Width);
        var reader = new SampleReader(set, new() { Mean = [7] }, new(new ShiftStep(2)), seed: 9);
        var values = new float[2 * Height * Width];
        var shifts = new HashSet<(int, int)>();
        for (var row = 0; row < 40; row++)
        {
            var random = new CounterRandom(9, RandomPurpose.Augmentation, (ulong)row, 3);
            var (down, right) = (random.NextInt32(-2, 3), random.NextInt32(-2, 3));
            shifts.Add((down, right));

            reader.Read([row], 3, values);

            for (var i = 0; i < values.Length; i++)
            {
                var (plane, y, x) = (i / (Height * Width), i / Width % Height - down, i % Width - right);
                var inside = y is >= 0 and < Height && x is >= 0 and < Width;
                var stored = inside ? Stored(row * values.Length + (plane * Height + y) * Width + x) : 0;
                Assert.Equal(stored - 7f, values[i]);
            }
        }
        Assert.True(shifts.Count > 12, "The draws hardly vary.");
    }

    [Fact]
    public void Read_SameIdInAnotherOrderOrPart_GivesTheSameView()
    {
        using var whole = Bytes(8, 3, 3);
        using var part = TransferSet.Open(new() { Samples = whole.Name, First = 5 });
        var augmentation = new Augmentation(new ShiftStep(1));
        var (all, one) = (new float[72], new float[9]);

        new SampleReader(whole, Preprocessing.None, augmentation, seed: 1).Read([7, 6, 5, 4, 3, 2, 1, 0], 2, all);
        new SampleReader(part, Preprocessing.None, augmentation, seed: 1).Read([1], 2, one);

        Assert.Equal(all[9..18], one);
    }

    [Fact]
    public void Read_ManyViews_HaveEveryShiftEquallyOften()
    {
        const int Views = 2500;
        using var set = Bytes(1, 5, 5);
        var reader = new SampleReader(set, Preprocessing.None, new(new ShiftStep(2)), seed: 4);
        var counts = new Dictionary<string, int>();
        var values = new float[25];
        for (uint view = 0; view < Views; view++)
        {
            reader.Read([0], view, values);
            var key = string.Join(' ', values);
            counts[key] = counts.GetValueOrDefault(key) + 1;
        }

        Assert.Equal(25, counts.Count);
        // Chi-squared with 24 degrees of freedom: above 51.2 once in a thousand.
        Assert.True(counts.Values.Sum(c => Math.Pow(c - 100, 2) / 100) < 51.2);
    }

    public static TheoryData<string, Preprocessing, Augmentation> Misfits => new()
    {
        { "preprocessing.scale", new() { Scale = 0 }, Augmentation.None },
        { "preprocessing.scale", new() { Scale = double.NaN }, Augmentation.None },
        { "preprocessing.std", new() { Std = [0] }, Augmentation.None },
        { "preprocessing.std", new() { Std = [1, 1, 1] }, Augmentation.None },
        { "preprocessing.std", new() { Std = [] }, Augmentation.None },
        { "preprocessing.mean", new() { Mean = [1, 1, 1] }, Augmentation.None },
        { "preprocessing.mean", new() { Mean = [double.PositiveInfinity] }, Augmentation.None },
        { "preprocessing.channel_axis", new() { ChannelAxis = 3 }, Augmentation.None },
        { "preprocessing.channel_axis", new() { ChannelAxis = -1 }, Augmentation.None },
        { "augmentation.shift", Preprocessing.None, new(new ShiftStep(-1)) },
        { "augmentation.shift", Preprocessing.None, new(new ShiftStep(4)) },
    };

    [Theory]
    [MemberData(nameof(Misfits))]
    public void Constructor_OptionsThatDoNotFit_NameTheOption(string option, Preprocessing preprocessing, Augmentation augmentation)
    {
        using var set = Bytes(1, 2, 4, 5);

        var error = Assert.Throws<InputException>(() => new SampleReader(set, preprocessing, augmentation, seed: 0));
        Assert.Contains(option, error.Message);
    }

    [Fact]
    public void Constructor_ShiftOfFlatSamples_IsRefused()
    {
        using var set = Bytes(1, 20);

        Assert.Throws<InputException>(() => new SampleReader(set, Preprocessing.None, new(new ShiftStep(1)), seed: 0));
    }

    [Fact]
    public void Preprocessing_EqualValues_AreEqual()
    {
        Assert.Equal(new Preprocessing { Mean = [1, 2] }, new Preprocessing { Mean = [1, 2] });
        Assert.NotEqual(new Preprocessing { Mean = [1, 2] }, new Preprocessing { Mean = [1, 3] });
        Assert.Equal(new Preprocessing { Mean = [1, 2] }.GetHashCode(), new Preprocessing { Mean = [1, 2] }.GetHashCode());
    }

    private static byte Stored(int index) => ViewSets.Stored(index);

    private TransferSet Bytes(params int[] shape) => ViewSets.Bytes(folder, shape);
}
