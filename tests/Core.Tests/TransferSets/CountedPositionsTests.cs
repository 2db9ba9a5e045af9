using OnnxKd.Core.Errors;
using OnnxKd.Core.Safetensors;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Tests.TransferSets;

/// <summary>Lengths of samples, and the positions of an output that they cover.</summary>
public sealed class CountedPositionsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    // 10 columns and 4 frames: a frame for every 2.5 columns.
    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    [InlineData(5, 2)]
    [InlineData(6, 3)]
    [InlineData(8, 4)]
    [InlineData(10, 4)]
    public void Of_Length_IsTheFramesThatItReaches(int length, int frames)
    {
        using var set = Open([10, length], [2, 3, 10]);

        var counted = new CountedPositions(set, [4, 7]);

        Assert.Equal((4, frames), (counted.Of(0), counted.Of(1)));
        Assert.Equal(4, new CountedPositions(set, [1, 4, 7]).Of(0));
        Assert.Equal(1, new CountedPositions(set, [7]).Of(1));
    }

    [Fact]
    public void Of_NamedAxis_CountsAlongIt()
    {
        using var set = Open([3, 4], [2, 4, 10], axis: 0);
        using var fromTheEnd = Open([3, 4], [2, 4, 10], axis: -2);

        Assert.Equal((6, 8), (new CountedPositions(set, [8, 2]).Of(0), new CountedPositions(fromTheEnd, [8, 2]).Of(1)));
    }

    [Fact]
    public void Of_PartOfASet_BelongsToItsRows()
    {
        using var set = TransferSet.Open(Options([1, 2, 3], [3, 4]) with { First = 1 });

        Assert.Equal((2, 3), (new CountedPositions(set, [4, 2]).Of(0), new CountedPositions(set, [4, 2]).Of(1)));
    }

    [Fact]
    public void Keep_Values_LeavesPaddingOut()
    {
        using var set = Open([4, 1, 2], [3, 4]);
        float[] values = [.. Enumerable.Range(0, 16).Select(i => (float)i)];

        Assert.Equal([0, 1, 8, 9, 10, 11], new CountedPositions(set, [4, 2]).Keep<float>(1, values, 2).ToArray());
    }

    [Fact]
    public void Keep_WithoutLengths_IsEverything()
    {
        using var set = TransferSet.Open(Options([1], [1, 4]) with { Lengths = null });
        float[] values = [1, 2, 3, 4];

        Assert.Equal(values, new CountedPositions(set, [2, 2]).Keep<float>(0, values, 2).ToArray());
        Assert.Null(set.LengthsDigest);
    }

    [Fact]
    public void LengthsDigest_OfOtherLengthsOrAnotherAxis_Differs()
    {
        using var set = Open([3, 4], [2, 4, 5]);
        using var other = Open([3, 3], [2, 4, 5]);
        using var axis = Open([3, 4], [2, 4, 5], axis: 0);

        Assert.Equal(3, new[] { set.LengthsDigest, other.LengthsDigest, axis.LengthsDigest }.Distinct().Count());
        Assert.Single(new[] { set.SamplesDigest, other.SamplesDigest, axis.SamplesDigest }.Distinct());
    }

    [Fact]
    public void Pixels_WithLengths_AreRefused()
    {
        using var set = Open([3, 4], [2, 4]);

        Assert.Contains("one axis of frames", Assert.Throws<InputException>(() => new CountedPositions(set, [2, 4, 7])).Message);
    }

    [Theory]
    [InlineData("length of sample 1", 5, -1)]
    [InlineData("0 to 4, the size of the padded axis", 5, -1)]
    [InlineData("length of sample 1", -1, -1)]
    [InlineData("axis 2 of samples [3, 4]", 4, 2)]
    [InlineData("axis -3 of samples [3, 4]", 4, -3)]
    public void Open_LengthsThatDoNotFit_SaysWhatIsWrong(string message, long length, int axis) =>
        Assert.Contains(message, Assert.Throws<InputException>(() => Open([4, length], [2, 3, 4], axis)).Message);

    [Fact]
    public void Open_LengthsOfAnotherNumber_SaysBothNumbers() =>
        Assert.Contains("2 samples, 3 lengths", Assert.Throws<InputException>(() => Open([1, 2, 3], [2, 4])).Message);

    [Fact]
    public void Open_KeyWithoutFile_IsRefused() => Assert.Contains(
        "set lengths to the file",
        Assert.Throws<InputException>(() => Open(Options([1], [1, 4]) with { Lengths = null, LengthsKey = "lengths" })).Message);

    [Fact]
    public void Open_CsvWithLabelsAndLengths_KeepsBothOutOfTheSamples()
    {
        var path = folder.Write("set.csv", "a,length,b,label\n1,2,3,0\n4,1,6,1\n"u8.ToArray());

        using var set = TransferSet.Open(new() { Samples = path, Labels = path, Lengths = path });

        Assert.Equal([1, 3, 4, 6], TestSets.Read(set, 0, 1));
        Assert.Equal([0, 1], set.Labels.ToArray());
        Assert.Equal((2, 1), (new CountedPositions(set, [2, 5]).Of(0), new CountedPositions(set, [2, 5]).Of(1)));
    }

    private static TransferSet Open(TransferSetOptions options) => TransferSet.Open(options);

    private TransferSet Open(long[] lengths, long[] shape, int axis = -1) => Open(Options(lengths, shape) with { LengthsAxis = axis });

    private TransferSetOptions Options(long[] lengths, long[] shape)
    {
        var path = folder[$"{Guid.NewGuid():N}.safetensors"];
        SafetensorsWriter.Write(
            path,
            [
                SafetensorsTensor.From("samples", new float[shape.Aggregate(1L, (product, size) => product * size)], shape),
                SafetensorsTensor.From("lengths", lengths, lengths.Length),
            ]);
        return new() { Samples = path, Lengths = path };
    }
}
