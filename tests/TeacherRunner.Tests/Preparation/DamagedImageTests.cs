using System.Buffers.Binary;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;
using OnnxKd.TeacherRunner.Preparation;
using OnnxKd.TeacherRunner.Preparation.Images;

namespace OnnxKd.TeacherRunner.Tests.Preparation;

/// <summary>
/// The decoder of the graph ends the process at errors: that these tests end at all shows that it never meets them.
/// </summary>
public sealed class DamagedImageTests : IDisposable
{
    private const ulong MutantsPerFile = 110;
    private const long MostPixels = 1_000_000;

    private static readonly ImageOptions options = new() { Resize = [8, 8], Type = ElementType.UInt8 };

    private readonly TemporaryFolder folder = new();
    private readonly PreparationSession session = new(ImageGraph.Build(options), options.Type, options.SampleShape);

    [Fact]
    public void Require_MutantsOfImages_EndsNoProcessAndFindsEveryChangeThatChecksumsGuard()
    {
        var (prepared, refused) = (0, 0);
        foreach (var (name, whole) in SmallPictures.All())
        {
            Prepare(whole, name);
            for (ulong number = 0; number < MutantsPerFile; number++)
            {
                var (kind, file) = Mutants.Make(whole, number);
                var error = Record.Exception(() => Prepare(file, name));
                if (error is null)
                    prepared++;
                else
                    Assert.Contains(name, Assert.IsType<InputException>(error).Message);
                refused += error is null ? 0 : 1;
                if (kind == "tail" || file.AsSpan().StartsWith(whole)) // what follows the end of an image is no part of it
                    Assert.Null(error);
                else if (kind == "cut" || name.EndsWith("png") && kind != "checksummed")
                    Assert.True(error is not null, $"{name}, mutant {number} ({kind}) was taken for whole");
            }
        }
        Assert.InRange(prepared, 100, 440);
        Assert.InRange(refused, 300, 760);
    }

    [Fact]
    public void Run_MutantsSkipped_ArePreparedOrNamedOneByOne()
    {
        Directory.CreateDirectory(folder["in"]);
        foreach (var (name, whole) in SmallPictures.All())
            for (ulong number = 0; number < 22; number++)
                File.WriteAllBytes(folder[$"in/{number:d3}-{name}"], Mutants.Make(whole, number).File);

        var result = ImagePreparation.Run(folder["in"], options, new(folder["out"], SkipCorrupt: true, Threads: 2), null, default);

        Assert.Equal(Directory.GetFiles(folder["in"]).Length, result.Set.Samples + result.Set.Skipped);
        Assert.All(result.Skipped, skipped => Assert.Contains(skipped.Source, skipped.Reason));
    }

    [Theory]
    [InlineData("neither JPEG nor PNG", 5)] // a signature that is right in its first four bytes alone
    [InlineData("wrong checksum of chunk 'IHDR'", 19)]
    [InlineData("wrong checksum of chunk 'IDAT'", 46)]
    public void Require_ByteOfPngChanged_NamesWhatIsWrong(string message, int at)
    {
        var file = PngFile.Encode(4, 4, 3, new byte[48]);
        file[at] ^= 0x10;

        Assert.Contains(message, Refusal(file));
    }

    [Fact]
    public void Require_InterlacedPng_IsRefusedRatherThanMixedUp()
    {
        Assert.Contains("interlaced", Refusal(PngFile.Encode(1, 1, 1, [7], isInterlaced: true)));
    }

    [Theory]
    [InlineData("12 bits", 2, 12)] // offsets from the mark of the frame: length, bits, rows, columns, components
    [InlineData("4 components", 7, 4)]
    [InlineData("2 components", 7, 2)]
    [InlineData("0 × 8", 6, 0)]
    public void Require_JpegOfAnotherKind_SaysWhatCanBeDecoded(string message, int at, byte value)
    {
        var file = JpegFile.Encode(new byte[,] { { 9 } });
        file[file.AsSpan().IndexOf<byte>([0xff, 0xc0]) + 2 + at] = value;

        Assert.Contains(message, Refusal(file));
    }

    [Fact]
    public void Require_JpegWithASecondScan_IsRefused()
    {
        var file = JpegFile.Encode(new byte[,] { { 9 } });
        var scan = file[file.AsSpan().IndexOf<byte>([0xff, 0xda])..];

        Assert.Contains("0xda", Refusal([.. file[..^2], .. scan]));
        Prepare([.. file[..^2], 0xff, 0xfe, 0, 4, 1, 2, .. file[^2..]], "with a comment");
    }

    [Theory]
    [InlineData("jpg")]
    [InlineData("png")]
    public void Require_HugePictureInASmallFile_IsRefusedByALimitThatCanBeRaised(string kind)
    {
        var file = kind == "png" ? PngFile.Encode(1, 1, 1, [1]) : JpegFile.Encode(new byte[,] { { 9 } });
        if (kind == "png")
        {
            BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(16), 20_000);
            BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(20), 20_000);
            file = Mutants.WithChecksums(file);
        }
        else
        {
            var frame = file.AsSpan().IndexOf<byte>([0xff, 0xc0]);
            BinaryPrimitives.WriteUInt16BigEndian(file.AsSpan(frame + 5), 20_000);
            BinaryPrimitives.WriteUInt16BigEndian(file.AsSpan(frame + 7), 20_000);
        }

        var error = Refusal(file);
        Assert.Contains("20000 × 20000", error);
        Assert.Contains("--max-megapixels", error);
        ImageCheck.Require(PngFile.Encode(20, 20, 1, new byte[400]), "a.png", 400);
        Assert.Throws<InputException>(() => ImageCheck.Require(PngFile.Encode(20, 20, 1, new byte[400]), "a.png", 399));
    }

    public void Dispose()
    {
        session.Dispose();
        folder.Dispose();
    }

    private void Prepare(byte[] file, string name)
    {
        ImageCheck.Require(file, name, MostPixels);
        Assert.Equal(8 * 8 * 3, session.Run(file, name).Values.Length);
    }

    private static string Refusal(byte[] file) =>
        Assert.Throws<InputException>(() => ImageCheck.Require(file, "a file", MostPixels)).Message;
}
