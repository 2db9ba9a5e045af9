using OnnxKd.Core.LogitCaches;
using static OnnxKd.Core.Tests.LogitCaches.StoredRows;

namespace OnnxKd.Core.Tests.LogitCaches;

public sealed class DenseStorageTests
{
    private const int Classes = 50;

    [Fact]
    public void Float16_Values_AreNearestHalves()
    {
        float[] values = [1, -2.5f, 1 + 1f / 2048, 1 + 3f / 2048, 65519, 1e-8f];

        Assert.Equal([1, -2.5f, 1, 1 + 4f / 2048, 65504, 0], RoundTrip(new Float16(), [6], values));
    }

    [Fact]
    public void BFloat16_Values_AreNearestUpperHalves()
    {
        float[] values = [1, -2.5f, 1 + 1f / 256, 1 + 3f / 256, 3.3895e38f, 0];

        Assert.Equal([1, -2.5f, 1, 1 + 4f / 256, BitConverter.UInt32BitsToSingle(0x7F7F0000), 0], RoundTrip(new BFloat16(), [6], values));
    }

    [Fact]
    public void Int8_EachPosition_HasItsOwnScaleAndHalfAStepOfError()
    {
        var values = Random(3 * Classes, 20);
        values.AsSpan(Classes, Classes).Clear();

        var decoded = RoundTrip(new Int8(), [3, Classes], values);

        for (var position = 0; position < 3; position++)
        {
            var range = (position * Classes)..((position + 1) * Classes);
            var step = values[range].Max(Math.Abs) / 127;
            Assert.All(values[range].Zip(decoded[range]), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, step * 0.5001f));
        }
        Assert.Equal(new float[Classes], decoded[Classes..(2 * Classes)]);
    }

    /// <summary>Of a price beside a share, and of boxes beside scores, one scale leaves nothing of the smaller.</summary>
    [Theory]
    [InlineData(StreamKind.Value, 2, false)]
    [InlineData(StreamKind.Detection, 7, false)]
    [InlineData(StreamKind.Value, 1, true)]
    [InlineData(StreamKind.Embedding, 16, true)]
    [InlineData(StreamKind.Logit, 10, true)]
    public void Int8_OfColumnsWithUnitsOfTheirOwn_IsRefused(StreamKind kind, int columns, bool isTaken) =>
        Assert.Equal(isTaken, new Int8().Problem(Stream(new Int8(), [columns]) with { Kind = kind }) is null);
}
