using System.Buffers.Binary;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;
using SkiaSharp;

namespace OnnxKd.Pipeline.Reports;

/// <summary>Samples as people see or hear them: pictures as PNG, sounds as WAV.</summary>
internal static class SampleForms
{
    private const int SmallestSide = 4;
    private const int LargestSide = 112;
    private const double MostSeconds = 2;

    /// <summary>A picture; <c>null</c>: samples of this shape are none.</summary>
    /// <param name="values">A sample as it is stored; bytes are brightness, other values are stretched from black to white.</param>
    /// <param name="shape">[height, width], with 1 or 3 channels before or after them, and axes of length 1 anywhere.</param>
    /// <param name="type">How it is stored.</param>
    public static byte[]? Picture(ReadOnlySpan<float> values, IReadOnlyList<int> shape, ElementType type)
    {
        if (type is not (ElementType.UInt8 or ElementType.Float16 or ElementType.BFloat16 or ElementType.Float32 or ElementType.Float64))
            return null;
        int[] sizes = [.. shape.Where(size => size != 1)];
        var (height, width, channels, isLast) = sizes switch
        {
            [3, var h, var w] => (h, w, 3, false),
            [var h, var w, 3] => (h, w, 3, true),
            [var h, var w] => (h, w, 1, false),
            _ => default,
        };
        if (Math.Min(height, width) < SmallestSide)
            return null;
        var (low, high) = type == ElementType.UInt8 ? (0f, 255f) : Range(values);
        var pixels = new SKColor[height * width];
        for (var i = 0; i < pixels.Length; i++)
            pixels[i] = new(Byte(values, 0, i), Byte(values, channels / 2, i), Byte(values, channels - 1, i));
        using var bitmap = new SKBitmap(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque) { Pixels = pixels };
        using var shown = Smaller(bitmap);
        using var png = (shown ?? bitmap).Encode(SKEncodedImageFormat.Png, 100);
        return png.ToArray();

        byte Byte(ReadOnlySpan<float> from, int channel, int pixel)
        {
            var value = from[isLast ? pixel * channels + channel : channel * pixels.Length + pixel];
            return (byte)Math.Clamp(MathF.Round((value - low) / (high - low) * 255), 0, 255);
        }
    }

    /// <summary>Some samples all over a set; none, if they are no pictures.</summary>
    public static IReadOnlyList<byte[]> Pictures(TransferSet set, int most)
    {
        var count = Math.Min(set.Count, most);
        return [.. Enumerable.Range(0, (int)count).Select(i => Read(i * set.Count / count)).OfType<byte[]>()];

        byte[]? Read(long row)
        {
            var values = new float[set.SampleElements];
            set.Read([row], values);
            return Picture(values, set.SampleShape, set.Type);
        }
    }

    /// <summary>A mono sound of 16 bits, cut after some seconds.</summary>
    /// <param name="wave">From −1 to 1.</param>
    /// <param name="rate">Values per second.</param>
    public static byte[] Sound(ReadOnlySpan<float> wave, int rate)
    {
        const int header = 44;
        var count = (int)Math.Min(wave.Length, rate * MostSeconds);
        var wav = new byte[header + 2 * count];
        "RIFF"u8.CopyTo(wav);
        Number(4, wav.Length - 8);
        "WAVEfmt "u8.CopyTo(wav.AsSpan(8));
        Number(16, 16);
        Number(20, 1 | 1 << 16); // PCM, one channel
        Number(24, rate);
        Number(28, 2 * rate);
        Number(32, 2 | 16 << 16); // bytes of a value, bits
        "data"u8.CopyTo(wav.AsSpan(36));
        Number(40, 2 * count);
        for (var i = 0; i < count; i++)
            BinaryPrimitives.WriteInt16LittleEndian(wav.AsSpan(header + 2 * i), (short)MathF.Round(Math.Clamp(wave[i], -1, 1) * short.MaxValue));
        return wav;

        void Number(int at, int value) => BinaryPrimitives.WriteInt32LittleEndian(wav.AsSpan(at), value);
    }

    private static SKBitmap? Smaller(SKBitmap bitmap)
    {
        var factor = (double)LargestSide / Math.Max(bitmap.Width, bitmap.Height);
        if (factor >= 1)
            return null;
        var size = new SKSizeI(Math.Max(1, (int)(bitmap.Width * factor)), Math.Max(1, (int)(bitmap.Height * factor)));
        return bitmap.Resize(size, new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear));
    }

    private static (float Low, float High) Range(ReadOnlySpan<float> values)
    {
        var (low, high) = (float.MaxValue, float.MinValue);
        foreach (var value in values)
            if (float.IsFinite(value))
                (low, high) = (Math.Min(low, value), Math.Max(high, value));
        return low < high ? (low, high) : (low, low + 1);
    }
}
