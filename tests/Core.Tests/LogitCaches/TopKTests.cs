using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Tensors;
using static OnnxKd.Core.Tests.LogitCaches.StoredRows;

namespace OnnxKd.Core.Tests.LogitCaches;

public sealed class TopKTests
{
    private const int Classes = 50;

    [Fact]
    public void TopK_OfAllClasses_IsExactlyFloat16()
    {
        var values = Random(3 * Classes, 10);

        var topK = RoundTrip(new TopK(Classes, [1, 4]), [3, Classes], values);

        Assert.Equal(RoundTrip(new Float16(), [3, Classes], values), topK);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(49)]
    public void TopK_KeptAndTail_AreThoseOfAPlainSort(int k)
    {
        double[] temperatures = [0.5, 1, 4];
        var values = Random(2 * Classes, 5);
        values[20] = values[30];
        var stream = Stream(new TopK(k, temperatures), [2, Classes]);
        var stored = new byte[stream.BytesPerRow];

        Assert.Equal(-1, stream.Storage.Encode(stream, default, values, stored));

        for (var position = 0; position < 2; position++)
        {
            var all = values.AsSpan(position * Classes, Classes).ToArray();
            var order = Enumerable.Range(0, Classes).OrderByDescending(c => all[c]).ThenBy(c => c).ToArray();
            for (var i = 0; i < k; i++)
            {
                Assert.Equal(order[i], BitConverter.ToUInt16(stored, (position * k + i) * 2));
                Assert.Equal((Half)all[order[i]], BitConverter.ToHalf(stored, 4 * k + (position * k + i) * 2));
            }
            for (var t = 0; t < 3; t++)
            {
                var expected = Math.Log(order[k..].Sum(c => Math.Exp(all[c] / temperatures[t])));
                Assert.Equal(expected, BitConverter.ToSingle(stored, 8 * k + (position * 3 + t) * 4), 1e-5 * (1 + Math.Abs(expected)));
            }
        }
    }

    [Theory]
    [InlineData(8)] // shorter than the kept classes and a vector
    [InlineData(1_000)]
    [InlineData(1_003)]
    public void TopK_OfValuesInFallingRisingOrEqualOrder_KeepsTheLargestFirst(int classes)
    {
        float[][] orders =
        [
            [.. Enumerable.Range(0, classes).Select(c => (float)c)], [.. Enumerable.Range(0, classes).Select(c => -(float)c)], new float[classes],
        ];
        foreach (var values in orders)
        {
            var stream = Stream(new TopK(7, []), [classes]);
            var stored = new byte[stream.BytesPerRow];

            Assert.Equal(-1, stream.Storage.Encode(stream, default, values, stored));

            var expected = Enumerable.Range(0, classes).OrderByDescending(c => values[c]).ThenBy(c => c).Take(7);
            Assert.Equal(expected, Enumerable.Range(0, 7).Select(i => (int)BitConverter.ToUInt16(stored, 2 * i)));
        }
    }

    [Fact]
    public void TopK_WhereverTheValuesLie_HasTheSameBytes()
    {
        var stream = Stream(new TopK(3, [1, 4]), [1_003]);
        var values = Random(1_003, 5);
        var shelf = new float[2_000];
        byte[]? first = null;
        for (var start = 0; start < 64; start++)
        {
            var stored = new byte[stream.BytesPerRow];
            values.CopyTo(shelf, start);

            stream.Storage.Encode(stream, default, shelf.AsSpan(start, values.Length), stored);

            Assert.Equal(first ??= stored, stored);
        }
    }

    [Fact]
    public void TopK_Decoded_HasTheTeachersProbabilitiesOfTheKeptClasses()
    {
        var values = Random(Classes, 3);

        var decoded = RoundTrip(new TopK(5, [1, 4]), [Classes], values);

        var (expected, found) = (Softmax(values), Softmax(decoded));
        var kept = Enumerable.Range(0, Classes).OrderByDescending(c => values[c]).Take(5).ToArray();
        Assert.All(kept, c => Assert.Equal(expected[c], found[c], 2e-3));
        Assert.Single(Enumerable.Range(0, Classes).Except(kept).Select(c => decoded[c]).Distinct());
    }

    [Fact]
    public void TopK_WithoutTail_LeavesTheDroppedNothing()
    {
        var found = Softmax(RoundTrip(new TopK(3, []), [4], [1, 2, 3, 4]));

        Assert.Equal([0, 0.0900, 0.2447, 0.6652], found.Select(p => Math.Round(p, 4)));
    }

    [Fact]
    public void TopK_ManyClasses_HasWideIds()
    {
        var values = new float[70_000];
        values[69_999] = 2;
        var stream = Stream(new TopK(1, [1]), [70_000]);

        Assert.Equal(ElementType.Int32, stream.Storage.Fields(stream)[0].Type);
        Assert.Equal(2, RoundTrip(stream.Storage, [70_000], values)[69_999]);
    }

    [Fact]
    public void Encode_PickedValues_AreStoredAsTheyAre()
    {
        var stream = Stream(new TopK(2, [1, 4]), [2, Classes]);
        var stored = new byte[stream.BytesPerRow];

        Assert.Equal(-1, stream.Storage.Encode(stream, default, [7, 49, 3.5f, -1, 0.25f, 9, 0, 1, 2, 2, -8, 1e-3f], stored));

        ushort[] ids = [7, 49, 0, 1];
        Half[] logits = [(Half)3.5, (Half)(-1), (Half)2, (Half)2];
        float[] tails = [0.25f, 9, -8, 1e-3f];
        Assert.Equal(
            [.. ids.SelectMany(BitConverter.GetBytes), .. logits.SelectMany(BitConverter.GetBytes), .. tails.SelectMany(BitConverter.GetBytes)],
            stored);
    }

    [Theory]
    [InlineData(2, 70_000, 1, 0)] // a logit too large
    [InlineData(5, float.NaN, 1, null)]
    [InlineData(4, float.NegativeInfinity, 1, null)]
    public void Encode_PickedValueThatCannotBeStored_IsFound(int at, float value, int position, int? c)
    {
        var storage = new TopK(2, [1, 4]);
        var stream = Stream(storage, [2, Classes]);
        var stored = new byte[stream.BytesPerRow];
        float[] picked = [7, 49, 3.5f, -1, 0.25f, 9, 0, 1, 2, 2, -8, 1];
        picked[6 + at] = value;

        Assert.Equal(6 + at, storage.Encode(stream, default, picked, stored));
        Assert.Equal((position, c), storage.PlaceOf(picked, 6 + at));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(Classes)]
    public void Encode_PickedClassThatDoesNotExist_Throws(int id)
    {
        var stream = Stream(new TopK(1, [1]), [Classes]);

        Assert.Throws<ArgumentException>(() => stream.Storage.Encode(stream, default, [id, 1, 1], new byte[8]));
    }
}
