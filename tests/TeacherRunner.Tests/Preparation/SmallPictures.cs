using SkiaSharp;

namespace OnnxKd.TeacherRunner.Tests.Preparation;

/// <summary>Small images of every kind that has a way of its own through the decoders.</summary>
internal static class SmallPictures
{
    private const int Height = 30, Width = 40;

    public static IEnumerable<(string Name, byte[] File)> All()
    {
        var pixels = new byte[Width * Height * 3];
        new Random(1).NextBytes(pixels);
        using var picture = new SKBitmap(Width, Height);
        for (var i = 0; i < Width * Height; i++)
            picture.SetPixel(i % Width, i / Width, new SKColor((byte)(i % Width * 6), (byte)(i / Width * 8), pixels[i]));
        yield return ("colour.jpg", Encode(SKEncodedImageFormat.Jpeg, 90));
        yield return ("coarse.jpg", Encode(SKEncodedImageFormat.Jpeg, 20));
        yield return ("flat.jpg", JpegFile.Encode(new byte[,] { { 0, 255, 3 }, { 100, 17, 77 } }));
        yield return ("progressive.jpg", JpegFile.Encode(new byte[,] { { 0, 255, 3 }, { 100, 17, 77 } }, isProgressive: true));
        yield return ("noise.png", PngFile.Encode(Height, Width, 3, pixels));
        yield return ("grey.png", PngFile.Encode(Height, Width, 1, pixels[..(Width * Height)]));
        yield return ("alpha.png", Encode(SKEncodedImageFormat.Png, 100));

        byte[] Encode(SKEncodedImageFormat format, int quality) => picture.Encode(format, quality).ToArray();
    }
}
