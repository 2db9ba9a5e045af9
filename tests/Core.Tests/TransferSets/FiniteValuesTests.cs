using OnnxKd.Core.Errors;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Tests.TransferSets;

public sealed class FiniteValuesTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void Read_OfAValueThatIsNoNumber_NamesTheSampleByItsId(float value)
    {
        using var set = Set(first: 2, 1, 2, 3, 4, 5, 6, 7, value, 9, 10);
        var reader = new SampleReader(set, Preprocessing.None, Augmentation.None, seed: 0);

        var error = Assert.Throws<InputException>(() => reader.Read([0, 2, 1], view: 0, new float[6]));

        Assert.Contains("sample 3, value 1", error.Message);
        reader.Read([0, 2], view: 0, new float[4]);
    }

    [Fact]
    public void Require_ReadsTheWholeSet()
    {
        using var good = Set(first: 0, [.. Enumerable.Range(0, 600_000).Select(i => (float)i)]);
        using var bad = Set(first: 0, [.. Enumerable.Range(0, 600_000).Select(i => i == 599_998 ? float.NaN : i)]);

        FiniteValues.Require(good, CancellationToken.None);
        Assert.Contains("sample 299999, value 0", Assert.Throws<InputException>(() => FiniteValues.Require(bad, CancellationToken.None)).Message);
    }

    public void Dispose() => folder.Dispose();

    private TransferSet Set(long first, params float[] values)
    {
        var npy = TestSets.Npy("<f4", $"({values.Length / 2}, 2)", [.. values.SelectMany(BitConverter.GetBytes)]);
        return TransferSet.Open(new() { Samples = folder.Write($"{Guid.NewGuid():N}.npy", npy), First = first });
    }
}
