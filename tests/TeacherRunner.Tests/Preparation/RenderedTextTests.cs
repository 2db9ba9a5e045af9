using System.Runtime.InteropServices;
using System.Text.Json;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Safetensors;
using OnnxKd.Core.Tensors;
using OnnxKd.TeacherRunner.Preparation;
using OnnxKd.TeacherRunner.Preparation.Rendering;

namespace OnnxKd.TeacherRunner.Tests.Preparation;

public sealed class RenderedTextTests : IDisposable
{
    private const int Height = 48, Width = 320;

    // Plain lines: no blur, noise or slant.
    private static readonly RenderedTextOptions plain = new() { Count = 24, HeldOutCount = 0, Blur = 0, Noise = 0, Shear = 0 };

    private readonly TemporaryFolder folder = new();

    [Fact]
    public void Run_SameSeed_GivesTheSameBytesOnAnyNumberOfThreads()
    {
        var lines = new RenderedTextOptions { Count = 40, HeldOutCount = 0 };

        byte[] Bytes(int threads, ulong seed)
        {
            var result = Run(lines with { Seed = seed }, threads: threads);
            return File.ReadAllBytes(Path.Combine(result.Folder, "samples.safetensors"));
        }

        var first = Bytes(1, 5);
        Assert.Equal(first, Bytes(3, 5));
        Assert.NotEqual(first, Bytes(1, 6));
    }

    [Fact]
    public void Run_Characters_LabelsEachByItsPlaceOnPaperOfTheWholeWidth()
    {
        const string Alphabet = "XOil";
        var result = Run(plain with { Characters = true, Alphabet = Alphabet, Height = 32, Width = 32, Size = new(20, 24), Padding = 9, Type = ElementType.UInt8 });

        var texts = File.ReadAllLines(Path.Combine(result.Folder, "sources.jsonl")).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("text").GetString()).ToArray();
        var (rows, labels) = (Rows(result, 3 * 32 * 32), Columns(result, "labels"));
        Assert.True(labels.Distinct().Count() > 2);
        for (var i = 0; i < rows.Length; i++)
        {
            Assert.Equal($"{Alphabet[(int)labels[i]]}", texts[i]);
            Assert.Equal(rows[i][0], rows[i][31]); // paper, up to the right edge
        }
    }

    [Theory]
    [InlineData("aa", false, null, "each once")]
    [InlineData("a", false, null, "two or more")]
    [InlineData("ab", true, null, "one of them")]
    [InlineData("ab", false, "words.txt", "--words")]
    public void Run_CharactersThatCannotBe_AreRefused(string alphabet, bool turned, string? words, string message) => Assert.Contains(
        message, Assert.Throws<InputException>(() => RenderedTextPreparation.Run(
            words, plain with { Characters = true, Alphabet = alphabet, Turned = turned }, new(folder["set"]), null, default)).Message);

    [Fact]
    public void Run_FirstLines_DoNotDependOnHowManyThereAre()
    {
        var few = Rows(Run(plain with { Count = 3 }));
        var more = Rows(Run(plain with { Count = 9 }));

        Assert.Equal(few, more[..3]);
    }

    [Fact]
    public void Run_PlainLine_HasPaperInkAndPadding()
    {
        var result = Run(plain with { Padding = 9 });

        var (rows, lengths) = (Rows(result), Columns(result, "lengths"));
        for (var i = 0; i < rows.Length; i++)
        {
            var length = (int)lengths[i];
            Assert.InRange(length, 8, Width);
            for (var channel = 0; channel < 3; channel++)
                for (var row = 0; row < Height; row++)
                {
                    var line = rows[i].AsSpan((channel * Height + row) * Width, Width);
                    Assert.False(line[length..].ContainsAnyExcept((byte)9));
                    Assert.Equal(line[0], rows[i][channel * Height * Width]); // the margin is paper
                }
            var first = rows[i].AsSpan(0, Height * Width).ToArray().Where((_, at) => at % Width < length).ToArray();
            Assert.True(first.Max() - first.Min() >= 40, $"line {i} has contrast {first.Max() - first.Min()}");
        }
    }

    [Fact]
    public void Run_Letter_IsWhereItsOutlineSays()
    {
        // A capital I of DejaVu Sans: its outline is a bar of 0 to 1493 of 2048 units, 201 to 403 across (fontforge and ttx agree).
        var result = Run(plain with { Count = 8, Alphabet = "I", Fonts = ["DejaVuSans"], Length = new(1, 1), Size = new(32, 32) });

        foreach (var row in Rows(result))
        {
            var paper = row[0];
            var inked = Enumerable.Range(0, Height * Width).Where(at => at % Width < 16 && Math.Abs(row[at] - paper) > 12).ToArray();
            var height = inked.Max(at => at / Width) - inked.Min(at => at / Width) + 1;
            var width = inked.Max(at => at % Width) - inked.Min(at => at % Width) + 1;
            Assert.InRange(height, 23, 24); // 1493 / 2048 × 32 = 23.3
            Assert.InRange(width, 3, 4); // 202 / 2048 × 32 = 3.2
        }
    }

    [Fact]
    public void Run_Noise_HasTheDeviationThatWasAskedFor()
    {
        // All lines together: their deviations are spread evenly from 0 to 20, so that the mean square is 20² ÷ 3.
        var (without, with) = (Rows(Run(plain with { Count = 80 })), Rows(Run(plain with { Count = 80, Noise = 20 })));

        var differences = without.Zip(with).SelectMany(pair => pair.First.Zip(pair.Second, (a, b) => a is > 70 and < 185 ? b - a : 0))
            .Where(difference => difference != 0).ToArray();
        Assert.Equal(0, differences.Average(), 0.3);
        Assert.Equal(400 / 3.0, differences.Average(d => d * (double)d), 40.0);
    }

    [Fact]
    public void Run_Turned_IsTheUprightLineReadBackwardsWhereLabelled1()
    {
        var upright = Run(plain with { Count = 60 });
        var turned = Run(plain with { Count = 60, Turned = true });

        var labels = Columns(turned, "labels");
        Assert.InRange(labels.Sum(), 15, 45);
        var (before, after, lengths) = (Rows(upright), Rows(turned), Columns(turned, "lengths"));
        for (var i = 0; i < 60; i++)
            for (var channel = 0; channel < 3; channel++)
                Assert.Equal(
                    Content(before[i], channel, (int)lengths[i], labels[i] == 1),
                    Content(after[i], channel, (int)lengths[i], false));

        static byte[] Content(byte[] row, int channel, int length, bool turned)
        {
            byte[] pixels = [.. row.Skip(channel * Height * Width).Take(Height * Width).Where((_, at) => at % Width < length)];
            if (turned)
                Array.Reverse(pixels);
            return pixels;
        }
    }

    [Fact]
    public void Run_Words_AreThoseOfTheListAndTextsAreKept()
    {
        Directory.CreateDirectory(folder["in"]);
        File.WriteAllText(folder["in/words.txt"], "alpha beta\ngamma \u4e2d\u6587\n"); // DejaVu Sans has no Chinese

        var result = RenderedTextPreparation.Run(
            folder["in/words.txt"], plain with { RandomShare = 0, Length = new(5, 12) }, new(folder["out"], Threads: 2), null, default)[0];

        var lines = File.ReadAllLines(Path.Combine(result.Folder, "sources.jsonl"))
            .Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal(24, lines.Length);
        Assert.All(lines, line => Assert.Matches("^(alpha|beta|gamma)( (alpha|beta|gamma))*$", line.GetProperty("text").GetString()!));
        Assert.All(lines, line => Assert.StartsWith("DejaVu", line.GetProperty("source").GetString()!));
    }

    [Fact]
    public void Run_TextThatDoesNotFit_IsKeptAsFarAsItIsDrawn()
    {
        var result = Run(plain with { Alphabet = "W", Length = new(100, 100), Fonts = ["DejaVuSans"], Size = new(40, 40) });

        var texts = File.ReadAllLines(Path.Combine(result.Folder, "sources.jsonl"))
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("text").GetString()!);
        Assert.All(texts, text => Assert.InRange(text.Length, 6, 8)); // a W is 2025 of 2048 units wide: 39.6 pixels
    }

    [Fact]
    public void Run_HeldOut_HasOtherFontsAndOtherLines()
    {
        var results = RenderedTextPreparation.Run(null, plain with { HeldOutCount = 5 }, new(folder["out"], Threads: 1), null, default);

        Assert.Equal([24L, 5], results.Select(result => result.Set.Samples));
        var sources = results.Select(result => File.ReadAllLines(Path.Combine(result.Folder, "sources.jsonl"))).ToArray();
        Assert.All(sources[1], line => Assert.Contains("-Bold", line));
        Assert.Empty(sources[0].Select(line => JsonDocument.Parse(line).RootElement.GetProperty("text").GetString())
            .Intersect(sources[1].Select(line => JsonDocument.Parse(line).RootElement.GetProperty("text").GetString())));
    }

    [Fact]
    public void Run_WithoutHeldOutAfterOneWithThem_RemovesThoseOfTheEarlierRun()
    {
        Draw(5);
        Draw(0);
        Assert.False(Directory.Exists(Path.Combine(folder["out"], "held-out")));

        Draw(5);
        File.WriteAllText(Path.Combine(folder["out"], "held-out", "notes.txt"), "mine");
        Draw(0);
        Assert.Equal(["notes.txt"], Directory.GetFiles(Path.Combine(folder["out"], "held-out")).Select(Path.GetFileName));

        void Draw(int heldOut) =>
            RenderedTextPreparation.Run(null, plain with { Count = 2, HeldOutCount = heldOut }, new(folder["out"], Threads: 1), null, default);
    }

    [Fact]
    public void Run_Floats_AreBytesScaledWithZeroPadding()
    {
        var (bytes, floats) = (Run(plain with { Count = 2 }), Run(plain with { Count = 2, Type = ElementType.Float32 }));

        using var file = SafetensorsFile.Open(Path.Combine(floats.Folder, "samples.safetensors"));
        var lengths = Columns(bytes, "lengths");
        var expected = Rows(bytes)
            .SelectMany((row, i) => row.Select((value, at) => at % Width < lengths[i] ? value / 127.5 - 1 : 0)).ToArray();
        Near.Equal(expected, file.ToFloats("samples"), 1e-6);
    }

    [Fact]
    public void Run_NoSuchFont_NamesThePackage()
    {
        var error = Assert.Throws<InputException>(() => Run(plain with { Fonts = ["wqy-microhei-of-nobody"] }));

        Assert.Contains("apt-get install fonts-wqy-microhei", error.Message);
    }

    [Fact]
    public void Run_FileThatIsNoFont_IsRefused()
    {
        Directory.CreateDirectory(folder["in"]);
        File.WriteAllText(folder["in/font.ttf"], "no font");

        Assert.Contains("font.ttf", Assert.Throws<InputException>(() => Run(plain with { Fonts = [folder["in/font.ttf"]] })).Message);
    }

    [Theory]
    [InlineData(0.4)]
    [InlineData(1.7)]
    public void Blur_Point_BecomesTheGaussCurve(double deviation)
    {
        var pixels = new float[31 * 31];
        pixels[15 * 31 + 15] = 1;

        GaussBlur.Apply(pixels, 31, deviation);

        double Weight(int distance) => Math.Exp(-distance * distance / (2 * deviation * deviation));
        var sum = Enumerable.Range(-15, 31).Sum(Weight);
        var expected = Enumerable.Range(0, 31 * 31).Select(at => Weight(at / 31 - 15) * Weight(at % 31 - 15) / (sum * sum)).ToArray();
        Near.Equal(expected, pixels, 5e-3); // the kernel ends at three deviations
        Assert.Equal(1, pixels.Sum(), 1e-4f);
    }

    public void Dispose() => folder.Dispose();

    private PreparationResult Run(RenderedTextOptions lines, int threads = 2) =>
        RenderedTextPreparation.Run(null, lines, new(folder[Guid.NewGuid().ToString("N")], Threads: threads), null, default)[0];

    private static byte[][] Rows(PreparationResult result, int size = 3 * Height * Width)
    {
        using var file = SafetensorsFile.Open(Path.Combine(result.Folder, "samples.safetensors"));
        return [.. file.Bytes("samples").ToArray().Chunk(size)];
    }

    private static long[] Columns(PreparationResult result, string name)
    {
        using var file = SafetensorsFile.Open(Path.Combine(result.Folder, "samples.safetensors"));
        return MemoryMarshal.Cast<byte, long>(file.Bytes(name)).ToArray();
    }
}
