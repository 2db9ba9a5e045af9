using System.Runtime.InteropServices;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Tests.Preparation;

public sealed class StandardisationTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Fit_OfATable_GivesEachFeatureItsMeanAndDeviation()
    {
        using var set = Table([1, 1000, 7, 3, 3000, 7, 5, 8000, 7], 3);

        var fitted = Standardisation.Fit(set, 0, CancellationToken.None);

        Assert.Equal([3, 4000, 7], fitted.Mean);
        Assert.All(
            new[] { Math.Sqrt(8.0 / 3), Math.Sqrt(26_000_000.0 / 3), 7e6 }.Zip(fitted.Std), pair => Assert.Equal(pair.First, pair.Second, pair.First * 1e-6));
    }

    [Fact]
    public void Fit_OfAFeatureThatNeverVaries_KeepsItNextToZeroWhateverItIsElsewhere()
    {
        using var set = Table([-1, 0, 7, 1, 0, 7], 3);
        using var other = Table([1, 1, 9], 3);

        var fitted = Standardisation.Fit(set, 0, CancellationToken.None);
        var read = new float[3];
        new SampleReader(other, fitted, Augmentation.None, seed: 0).Read([0], view: 0, read);

        Assert.Equal([1, 2], Standardisation.ConstantChannels(fitted));
        Assert.Equal(1, read[0], 1e-6);
        Assert.All(read[1..], value => Assert.InRange(Math.Abs(value), 0, 2e-6));
    }

    [Fact]
    public void Fit_OfValuesFarFromZero_KeepsTheirDeviation()
    {
        using var set = Table([.. Enumerable.Range(0, 1000).Select(i => 1_000_000f + i % 2)], 1);

        var fitted = Standardisation.Fit(set, 0, CancellationToken.None);

        Assert.Equal((1_000_000.5, 0.5), (fitted.Mean[0], Math.Round(fitted.Std[0], 6)));
    }

    [Fact]
    public void Fit_WithoutAnAxis_GivesOneMeanForAll()
    {
        using var set = Table([0, 100, 200, 300], 2);

        var fitted = Standardisation.Fit(set, null, CancellationToken.None);

        Assert.Equal([150.0], fitted.Mean);
        Assert.Single(fitted.Std);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Fit_OfImages_RunsAlongTheAxisOfChannels(int axis)
    {
        // Value = 100 × its index along the axis, in every sample.
        int[] shape = [2, 3, 2];
        var inner = shape.Skip(axis + 1).Aggregate(1, (product, size) => product * size);
        var values = Enumerable.Range(0, 24).Select(i => 100f * (i / inner % shape[axis])).ToArray();
        using var set = Floats(values, 2, 2, 3, 2);

        var fitted = Standardisation.Fit(set, axis, CancellationToken.None);

        Assert.Equal(Enumerable.Range(0, shape[axis]).Select(i => 100.0 * i), fitted.Mean);
        Assert.Equal((axis, 1e6), (fitted.ChannelAxis, fitted.Std[0]));
    }

    /// <summary>Columns in other units are the same to a student, and one that needs no logarithm has none beside one that does.</summary>
    [Fact]
    public void Fit_OfFarValuesInOtherUnits_GivesTheSameValues()
    {
        var random = new Random(5);
        float[] values = [.. Enumerable.Range(0, 4000).Select(i => i % 2 == 0 ? MathF.Exp(8 * random.NextSingle()) : random.NextSingle())];
        using var set = Table(values, 2);
        using var other = Table([.. values.Select((value, i) => i % 2 == 0 ? 1000 * value + 50_000 : value)], 2);

        var (fitted, otherFitted) = (Standardisation.Fit(set, 0, CancellationToken.None), Standardisation.Fit(other, 0, CancellationToken.None));

        Assert.Equal([true, false], fitted.Log!.Unit.Select(unit => unit > 0));
        Assert.Equal(Read(set, fitted), Read(other, otherFitted), (a, b) => Math.Abs(a - b) < 1e-3);
        Assert.InRange(Read(set, fitted).Where((_, i) => i % 2 == 0).Max(Math.Abs), 1, 4);
    }

    [Fact]
    public void Fit_OfStandardValues_LeavesThem()
    {
        using var set = Table([-1, 1, 1, -1, -1, -1, 1, 1], 2);

        Assert.Same(Preprocessing.None, Standardisation.Fit(set, 0, CancellationToken.None));
    }

    [Fact]
    public void Fit_OfAValueThatIsNoNumber_NamesTheSample()
    {
        using var set = Table([1, 2, 3, float.NaN], 2);

        var error = Assert.Throws<InputException>(() => Standardisation.Fit(set, 0, CancellationToken.None));

        Assert.Contains("sample 1, value 1", error.Message);
    }

    private static float[] Read(TransferSet set, Preprocessing preprocessing)
    {
        var read = new float[set.Count * set.SampleElements];
        SampleReader.Of(set, preprocessing).Read([.. Enumerable.Range(0, (int)set.Count)], view: 0, read);
        return read;
    }

    private TransferSet Table(float[] values, int features) => Floats(values, values.Length / features, features);

    private TransferSet Floats(float[] values, params int[] shape)
    {
        var header = $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({string.Concat(shape.Select(size => $"{size}, "))}), }}".PadRight(117) + "\n";
        byte[] bytes = [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0, .. System.Text.Encoding.ASCII.GetBytes(header), .. MemoryMarshal.AsBytes<float>(values)];
        return TransferSet.Open(new() { Samples = folder.Write($"{Guid.NewGuid():N}.npy", bytes) });
    }
}
