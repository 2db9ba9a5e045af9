using System.Text.Json;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Safetensors;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;
using OnnxKd.TeacherRunner.Preparation;
using OnnxKd.TeacherRunner.Preparation.Images;

namespace OnnxKd.TeacherRunner.Tests.Preparation;

public sealed class ImagePreparationTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Fact]
    public void Run_PngOfKnownPixels_GivesThemInOrderOfChannels()
    {
        byte[] pixels = [255, 0, 10, 0, 255, 20, 1, 2, 30, 3, 4, 40]; // 2 × 2, red green blue
        Save("a.png", PngFile.Encode(2, 2, 3, pixels));

        var bytes = Samples(Run(Images() with { Crop = [2], Type = ElementType.UInt8 }));

        Assert.Equal([255, 0, 1, 3, 0, 255, 2, 4, 10, 20, 30, 40], bytes);
    }

    [Fact]
    public void Run_GreyPngLaidOutLastChannel_RepeatsIt()
    {
        Save("a.png", PngFile.Encode(1, 2, 1, [7, 200]));

        var bytes = Samples(Run(Images() with { Crop = [1, 2], Type = ElementType.UInt8, Layout = ImageLayout.Hwc }));

        Assert.Equal([7, 7, 7, 200, 200, 200], bytes);
    }

    [Fact]
    public void Run_JpegOfFlatBlocks_GivesTheirValues()
    {
        Save("a.jpg", JpegFile.Encode(new byte[,] { { 0, 255 }, { 100, 17 } }));

        var bytes = Samples(Run(Images() with { Crop = [16], Type = ElementType.UInt8, Channels = 1 }));

        for (var row = 0; row < 16; row++)
            for (var column = 0; column < 16; column++)
                Assert.InRange(bytes[row * 16 + column] - new[,] { { 0, 255 }, { 100, 17 } }[row / 8, column / 8], -1, 1);
    }

    /// <summary>A camera that was held upright writes rows of a picture that lies on its side, and says so in APP1: here orientation 6 or 1, big-endian.</summary>
    [Theory]
    [InlineData(6, 1)]
    [InlineData(1, 0)]
    public void Run_JpegThatIsToBeTurned_IsNotAndIsCounted(byte orientation, long turned)
    {
        byte[] plain = JpegFile.Encode(new byte[,] { { 0, 255 } });
        byte[] exif = [.. "Exif\0\0MM\0*\0\0\0\u0008"u8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0];
        Save("a.jpg", [.. plain[..2], 0xff, 0xe1, 0, (byte)(exif.Length + 2), .. exif, .. plain[2..]]);
        Save("b.jpg", plain);

        var result = Run(Images() with { Crop = [8, 16], Type = ElementType.UInt8, Channels = 1 });

        Assert.Equal(turned, result.Turned);
        var bytes = Samples(result);
        Assert.Equal(bytes[..128], bytes[128..]);
    }

    /// <summary>A PNG of 16 bits a channel: 0x12ab is stored high byte first.</summary>
    [Fact]
    public void Run_PngOf16Bits_KeepsTheUpper8AndCountsIt()
    {
        Save("a.png", PngFile.Encode(1, 1, 1, [0x12, 0x34], bits: 16));
        Save("b.png", PngFile.Encode(1, 1, 1, [0x12]));

        var result = Run(Images() with { Crop = [1], Type = ElementType.UInt8, Channels = 1 });

        Assert.Equal([0x12, 0x12], Samples(result));
        Assert.Equal(1, result.Deep);
    }

    /// <summary>The frame header of a JPEG file says four components, as CMYK has, or a lossless picture.</summary>
    [Theory]
    [InlineData(0xc0, 4, "CMYK")]
    [InlineData(0xc3, 1, "lossless")]
    public void Run_JpegOfARareForm_IsToldAsThatAndNotAsDamaged(byte frame, byte components, string found)
    {
        var file = JpegFile.Encode(new byte[,] { { 0 } });
        var at = file.AsSpan().IndexOf([(byte)0xff, (byte)0xc0]);
        (file[at + 1], file[at + 9]) = (frame, components);
        Save("a.jpg", file);

        var error = Assert.Throws<InputException>(() => Run(Images() with { Crop = [8] })).Message;

        Assert.Contains(found, error);
        Assert.Contains("convert it to RGB", error);
        Assert.DoesNotContain("damaged", error);
    }

    [Fact]
    public void Run_Floats_AreScaledAndNormalisedPerChannel()
    {
        Save("a.png", PngFile.Encode(1, 1, 3, [51, 102, 204]));

        var result = Run(Images() with { Crop = [1], Mean = [0.1, 0.2, 0.3], Std = [0.5, 0.25, 2] });

        Near.Equal([(0.2 - 0.1) / 0.5, (0.4 - 0.2) / 0.25, (0.8 - 0.3) / 2], Floats(result), 1e-6);
    }

    [Fact]
    public void Run_CropFromMiddle_LeavesTheSmallerHalfBefore()
    {
        Save("a.png", PngFile.Encode(3, 4, 1, [.. Enumerable.Range(0, 12).Select(i => (byte)i)]));

        var bytes = Samples(Run(Images() with { Crop = [2, 1], Type = ElementType.UInt8, Channels = 1 }));

        Assert.Equal([1, 5], bytes); // one row of room: above 0; three columns of room: left 1
    }

    [Theory]
    [InlineData(Interpolation.Nearest, 12, 16, 5, 7)]
    [InlineData(Interpolation.Linear, 12, 16, 5, 7)]
    [InlineData(Interpolation.Linear, 4, 3, 9, 7)]
    [InlineData(Interpolation.Cubic, 12, 16, 5, 7)]
    public void Run_Resize_IsWhatTheFormulaSays(Interpolation interpolation, int height, int width, int newHeight, int newWidth)
    {
        var pixels = new byte[height * width];
        new Random(1).NextBytes(pixels);
        Save("a.png", PngFile.Encode(height, width, 1, pixels));

        var result = Run(Images() with { Resize = [newHeight, newWidth], Interpolation = interpolation, Channels = 1, Scale = 1 });

        var expected = ReferenceResize.Run([.. pixels.Select(p => (double)p)], height, width, newHeight, newWidth, interpolation);
        Near.Equal(expected, Floats(result), 2e-3); // float32 sums of values up to 255; the grey weights add up to 1 within 1e-7
    }

    [Fact]
    public void Run_ResizeOfShorterSide_KeepsTheRatioAndCropsASquare()
    {
        // Two halves of one colour each, twice as wide as high: the middle square has as much of both.
        var pixels = Enumerable.Range(0, 8 * 16).Select(i => (byte)(i % 16 < 8 ? 0 : 240)).ToArray();
        Save("a.png", PngFile.Encode(8, 16, 1, pixels));

        var result = Run(Images() with { Resize = [4], Interpolation = Interpolation.Nearest, Type = ElementType.UInt8, Channels = 1 });

        Assert.Equal([1, 4, 4], result.Set.Shape);
        Assert.Equal(Enumerable.Repeat<byte[]>([0, 0, 240, 240], 4).SelectMany(row => row), Samples(result));
    }

    [Fact]
    public void Run_ClassFolders_GiveLabelsIdsAndTable()
    {
        foreach (var (name, value) in new[]
            { ("dog/1.png", 3), ("cat/b.png", 2), ("cat/a.png", 1), ("cat/.hidden.png", 9), ("dog/notes.txt", 9) })
            Save(name, PngFile.Encode(1, 1, 1, [(byte)value]));

        var result = Run(Images() with { Crop = [1], Type = ElementType.UInt8, Channels = 1 });

        Assert.Equal(["cat", "dog"], result.Set.Classes!);
        Assert.Equal([1, 2, 3], Samples(result));
        using var file = SafetensorsFile.Open(folder["out/samples.safetensors"]);
        Assert.Equal([0, 0, 1], Longs(file, "labels"));
        Assert.Equal([0, 1, 2], Longs(file, "ids"));
        var lines = File.ReadAllLines(folder["out/sources.jsonl"]).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal(["cat/a.png", "cat/b.png", "dog/1.png"], lines.Select(line => line.GetProperty("source").GetString()!));
        Assert.Equal([0, 1, 2], lines.Select(line => line.GetProperty("id").GetInt32()));
        using var set = TransferSet.Open(new() { Samples = file.Path, Labels = file.Path });
        Assert.Equal([0, 0, 1], set.Labels.ToArray());
    }

    [Fact]
    public void Run_DamagedFile_EndsTheRunAndNamesIt()
    {
        Save("a.png", PngFile.Encode(1, 1, 1, [1]));
        Save("b.png", PngFile.Encode(8, 8, 1, new byte[64])[..40]);

        var error = Assert.Throws<InputException>(() => Run(Images() with { Crop = [1] }));

        Assert.Contains("b.png", error.Message);
        Assert.Contains("--skip-corrupt", error.Message);
        Assert.DoesNotContain(Directory.GetFiles(folder["out"]), file => Path.GetExtension(file) is ".safetensors" or ".json" or ".tmp");
    }

    [Fact]
    public void Run_DamagedFilesSkipped_AreCountedAndNamed()
    {
        var good = PngFile.Encode(8, 8, 1, [.. Enumerable.Range(0, 64).Select(i => (byte)i)]);
        var garbled = good.ToArray();
        garbled.AsSpan(41, 6).Fill(0x5a); // within the deflated rows
        var jpeg = JpegFile.Encode(new byte[,] { { 9 } });
        Save("a/1-good.png", good);
        Save("a/2-empty.png", []);
        Save("a/3-text.png", "not an image"u8.ToArray());
        Save("a/4-cut.jpg", jpeg[..^4]);
        Save("a/5-garbled.png", garbled);
        Save("b/6-good.jpg", jpeg);

        var result = Run(Images() with { Crop = [8], Type = ElementType.UInt8 }, skipCorrupt: true);

        Assert.Equal(["a/2-empty.png", "a/3-text.png", "a/4-cut.jpg", "a/5-garbled.png"], result.Skipped.Select(s => s.Source));
        Assert.Equal((2, 4), (result.Set.Samples, result.Set.Skipped));
        Assert.Equal(6, File.ReadAllLines(folder["out/sources.jsonl"]).Length);
        Assert.Contains("\"skipped\":\"An image is cut off.", File.ReadAllText(folder["out/sources.jsonl"]));
        using var file = SafetensorsFile.Open(folder["out/samples.safetensors"]);
        Assert.Equal([0, 1], Longs(file, "labels"));
        Assert.Equal([0, 1], Longs(file, "ids"));
    }

    [Fact]
    public void Run_ManyImagesOnDifferentNumbersOfThreads_GiveTheSameBytes()
    {
        for (var i = 0; i < 70; i++)
            Save($"{i:d3}.png", PngFile.Encode(3, 3, 1, [.. Enumerable.Repeat((byte)i, 9)]));

        byte[] Bytes(int threads, string output)
        {
            ImagePreparation.Run(folder["in"], Images() with { Resize = [2] }, new(folder[output], Threads: threads), null, default);
            return File.ReadAllBytes(folder[$"{output}/samples.safetensors"]);
        }

        Assert.Equal(Bytes(1, "one"), Bytes(3, "three"));
    }

    [Fact]
    public void Run_SavedGraph_IsSelfContainedAndDescribed()
    {
        Save("a.png", PngFile.Encode(2, 2, 3, new byte[12]));

        var result = Run(Images() with { Crop = [2] });

        var model = OnnxModel.Load(folder["out/preprocess.onnx"]);
        Assert.Equal(result.Set.PreprocessDigest, model.Digest);
        using var session = new PreparationSession(model, ElementType.Float32, [3, 2, 2]);
        Assert.Equal(Samples(result), session.Run(File.ReadAllBytes(folder["in/a.png"]), "a.png").Values);
    }

    [Fact]
    public void Run_FilesBesideFolders_AreRefusedUnlessUnlabelled()
    {
        Save("a.png", PngFile.Encode(1, 1, 1, [1]));
        Save("x/b.png", PngFile.Encode(1, 1, 1, [2]));

        Assert.Contains("--unlabelled", Assert.Throws<InputException>(() => Run(Images() with { Crop = [1] })).Message);
        Assert.Null(Run(Images() with { Crop = [1], Unlabelled = true }).Set.Classes);
    }

    [Fact]
    public void Run_IntoItsOwnSources_IsRefused()
    {
        Save("a.png", PngFile.Encode(1, 1, 1, [1]));

        Assert.Contains("-o FOLDER", Assert.Throws<InputException>(() => ImagePreparation.Run(folder["in"], Images() with { Crop = [1] }, new(folder["in"] + "/"), null, default)).Message);
        Assert.Equal(["a.png"], Directory.GetFiles(folder["in"]).Select(Path.GetFileName));
    }

    public void Dispose() => folder.Dispose();

    private static ImageOptions Images() => new();

    private PreparationResult Run(ImageOptions images, bool skipCorrupt = false) =>
        ImagePreparation.Run(folder["in"], images, new(folder["out"], skipCorrupt, Threads: 2), null, default);

    private void Save(string name, byte[] content)
    {
        var path = folder[$"in/{name}"];
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
    }

    private static byte[] Samples(PreparationResult result)
    {
        using var file = SafetensorsFile.Open(Path.Combine(result.Folder, "samples.safetensors"));
        return file.Bytes("samples").ToArray();
    }

    private static float[] Floats(PreparationResult result)
    {
        using var file = SafetensorsFile.Open(Path.Combine(result.Folder, "samples.safetensors"));
        return file.ToFloats("samples");
    }

    private static long[] Longs(SafetensorsFile file, string name) =>
        System.Runtime.InteropServices.MemoryMarshal.Cast<byte, long>(file.Bytes(name)).ToArray();
}
