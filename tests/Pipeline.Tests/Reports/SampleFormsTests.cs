using System.Buffers.Binary;
using OnnxKd.Core.Tensors;
using OnnxKd.Pipeline.Reports;
using SkiaSharp;

namespace OnnxKd.Pipeline.Tests.Reports;

public class SampleFormsTests
{
    [Fact]
    public void Picture_ChannelsFirstAndLast_AreTheSamePixels()
    {
        var last = Enumerable.Range(0, 4 * 5 * 3).Select(i => (float)i).ToArray();
        var first = Enumerable.Range(0, 3).SelectMany(channel => Enumerable.Range(0, 20).Select(pixel => last[pixel * 3 + channel])).ToArray();

        using var a = SKBitmap.Decode(SampleForms.Picture(last, [4, 5, 3], ElementType.UInt8));
        using var b = SKBitmap.Decode(SampleForms.Picture(first, [1, 3, 4, 5], ElementType.UInt8));

        Assert.Equal((5, 4), (a.Width, a.Height));
        Assert.Equal(new SKColor(21, 22, 23), a.GetPixel(2, 1)); // pixel 7
        Assert.Equal(a.Pixels, b.Pixels);
    }

    [Fact]
    public void Picture_Floats_AreStretchedFromBlackToWhite()
    {
        using var picture = SKBitmap.Decode(SampleForms.Picture([-1, .. new float[14], 3], [4, 4], ElementType.Float32));

        Assert.Equal((0, 64, 255), (picture.GetPixel(0, 0).Red, picture.GetPixel(1, 0).Red, picture.GetPixel(3, 3).Red)); // (0 + 1) ÷ 4 · 255 = 63.75
    }

    [Fact]
    public void Picture_Large_IsScaledDown()
    {
        using var picture = SKBitmap.Decode(SampleForms.Picture(new float[300 * 150], [300, 150], ElementType.UInt8));

        Assert.Equal((56, 112), (picture.Width, picture.Height));
    }

    [Theory]
    [InlineData(new[] { 128 }, ElementType.Int64)] // tokens
    [InlineData(new[] { 16, 16 }, ElementType.Int64)]
    [InlineData(new[] { 4 }, ElementType.Float32)] // columns of a table
    [InlineData(new[] { 2, 100 }, ElementType.Float32)]
    public void Picture_OtherSamples_AreNone(int[] shape, ElementType type) =>
        Assert.Null(SampleForms.Picture(new float[shape.Aggregate(1, (a, b) => a * b)], shape, type));

    [Fact]
    public void Sound_Wave_IsPcmOf16BitsCutAfterTwoSeconds()
    {
        var wav = SampleForms.Sound([0.5f, -1, .. new float[4000]], rate: 1000);

        Assert.Equal("RIFF"u8, wav.AsSpan(0, 4));
        Assert.Equal((1, 1, 1000, 2000, 2, 16), (At16(20), At16(22), At32(24), At32(28), At16(32), At16(34))); // PCM, mono
        Assert.Equal((44 + 4000, 4000), (wav.Length, At32(40)));
        Assert.Equal((16384, -32767), (At16(44), At16(46))); // 0.5 · 32,767 rounded to even

        int At16(int at) => BinaryPrimitives.ReadInt16LittleEndian(wav.AsSpan(at));
        int At32(int at) => BinaryPrimitives.ReadInt32LittleEndian(wav.AsSpan(at));
    }
}
