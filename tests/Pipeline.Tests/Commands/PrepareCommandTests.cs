using System.Text.Json;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Commands;

public sealed class PrepareCommandTests : IDisposable
{
    // One red pixel (255, 0, 0): the smallest PNG there is, as bytes.
    private static readonly byte[] redPixel = Convert.FromBase64String(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC");

    private readonly TemporaryFolder folder = new();

    public PrepareCommandTests()
    {
        Directory.CreateDirectory(folder["in/red"]);
        File.WriteAllBytes(folder["in/red/1.png"], redPixel);
    }

    [Fact]
    public void Images_WithJson_PrintsWhatWasMade()
    {
        var result = Cli.Done(
            "prepare", "images", folder["in"], "-o", folder["out"], "--crop", "1", "--mean", "0.5", "--std", "1/2", "--json");

        var set = JsonDocument.Parse(result.Output).RootElement.GetProperty("set");
        Assert.Equal((1, 0), (set.GetProperty("samples").GetInt32(), set.GetProperty("skipped").GetInt32()));
        Assert.Equal("red", set.GetProperty("classes")[0].GetString());
        using var samples = TransferSet.Open(
            new() { Samples = folder["out/samples.safetensors"], Labels = folder["out/samples.safetensors"] });
        var pixel = new float[3];
        samples.Read([0], pixel);
        Assert.Equal([1, -1, -1], pixel);
    }

    [Fact]
    public void Images_WithoutClasses_AreReadByARecipe()
    {
        Cli.Done("prepare", "images", folder["in"], "-o", folder["out"], "--crop", "1", "--unlabelled");
        var plan = Cli.Done("plan", "--runs", folder.Path, "--samples", folder["out/samples.safetensors"], "--labels", folder.Write("labels.csv", "0\n"), "--architecture", "mlp", "--epochs", "1").Output;
        Assert.Contains("train", plan);
    }

    [Fact]
    public void Images_Stopped_SaysThatItGoesOnAndDoes()
    {
        string[] line = ["prepare", "images", folder["in"], "-o", folder["out"], "--crop", "1"];
        var stopped = Cli.Run(new CancellationToken(canceled: true), line);

        Assert.Equal(130, stopped.ExitCode);
        Assert.Contains("the same command goes on from there", stopped.Error);
        Cli.Done(line);
        Assert.DoesNotContain(Directory.GetFiles(folder["out"]), file => Path.GetExtension(file) == ".partial");
    }

    [Fact]
    public void Images_SkippedOnes_AreNamedAtTheEnd()
    {
        File.WriteAllText(folder["in/red/2.png"], "no image");

        var result = Cli.Done("prepare", "images", folder["in"], "-o", folder["out"], "--crop", "1", "--skip-corrupt");

        Assert.Contains("skipped: 1", result.Output);
        Assert.Contains("red/2.png", result.Output);
    }

    [Theory]
    [InlineData("--resize", "0,3")]
    [InlineData("--resize", "wide")]
    [InlineData("--crop", "1,2,3")]
    [InlineData("--mean", "1,2")]
    [InlineData("--std", "0")]
    [InlineData("--scale", "a/b")]
    [InlineData("--type", "int64")]
    [InlineData("--layout", "whc")]
    [InlineData("--interpolation", "area")]
    [InlineData("--channels", "2")]
    [InlineData("--threads", "-1")]
    public void Images_WrongOption_IsNamed(string option, string value)
    {
        var error = Cli.Fails(2, "prepare", "images", folder["in"], "-o", folder["out"], "--resize", "4", option, value);

        Assert.Contains(option, error);
    }

    [Fact]
    public void Images_NoSize_SaysWhatIsMissing() =>
        Assert.Contains("--resize", Cli.Fails(2, "prepare", "images", folder["in"], "-o", folder["out"]));

    [Fact]
    public void Images_NoFolder_SaysSo() =>
        Assert.Contains("missing", Cli.Fails(2, "prepare", "images", folder["no"], "-o", folder["out"], "--crop", "1"));

    [Fact]
    public void Images_DamagedFile_IsNamedWithoutOutput()
    {
        File.WriteAllBytes(folder["in/red/0.png"], redPixel[..^20]);

        Assert.Contains("0.png", Cli.Fails(2, "prepare", "images", folder["in"], "-o", folder["out"], "--crop", "1"));
        Assert.False(File.Exists(folder["out/samples.safetensors"]));
    }

    [Fact]
    public void RenderedText_WithOptions_WritesBothSets()
    {
        var words = folder.Write("words.txt", "one two three");

        Cli.Done(
            "prepare", "rendered-text", "-o", folder["out"], "--words", words, "--count", "4", "--held-out-count", "2", "--turned",
            "--width", "192", "--length", "2,12", "--random-share", "1/2", "--seed", "7");

        foreach (var (file, count) in new[] { ("out", 4), ("out/held-out", 2) })
        {
            using var set = TransferSet.Open(
                new() { Samples = folder[$"{file}/samples.safetensors"], Labels = folder[$"{file}/samples.safetensors"] });
            Assert.Equal(count, set.Count);
            Assert.Equal([3, 48, 192], set.SampleShape);
        }
    }

    [Theory]
    [InlineData("--length", "5")]
    [InlineData("--size", "40,20")]
    [InlineData("--padding", "256")]
    [InlineData("--font", "no-such-font")]
    [InlineData("--alphabet", "no-such-file")]
    [InlineData("--words", "no-such-file")]
    [InlineData("--width", "20")]
    [InlineData("--blur", "-1")]
    public void RenderedText_WrongOption_IsNamed(string option, string value)
    {
        var error = Cli.Fails(2, "prepare", "rendered-text", "-o", folder["out"], "--count", "1", option, value);

        Assert.Contains(value == "no-such-font" || value == "no-such-file" ? value : option, error);
    }

    [Fact]
    public void Text_WithTokenizer_WritesIdsAndLabels()
    {
        folder.Write("tokenizer/vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nhello\n");
        folder.Write("text.txt", "Hello\nhello hello\n");
        folder.Write("labels.txt", "b\na\n");

        Cli.Done(
            "prepare", "text", folder["text.txt"], "-o", folder["out"], "--tokenizer", folder["tokenizer"], "--lower-case", "--length", "4",
            "--labels", folder["labels.txt"]);

        using var set = TransferSet.Open(new() { Samples = folder["out/samples.safetensors"], Labels = folder["out/samples.safetensors"] });
        var ids = new float[8];
        set.Read([0, 1], ids);
        Assert.Equal([2, 5, 3, 0, 2, 5, 5, 3], ids);
        Assert.Equal([1, 0], set.Labels.ToArray());
    }

    [Fact]
    public void Text_WithClassesOfAnotherSet_HasItsLabels()
    {
        folder.Write("tokenizer/vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nhello\n");
        folder.Write("text.txt", "Hello\nhello hello\n");
        folder.Write("labels.txt", "b\na\n");
        string[] line = ["prepare", "text", folder["text.txt"], "-o", folder["out"], "--tokenizer", folder["tokenizer"], "--length", "4", "--labels", folder["labels.txt"], "--classes"];

        Cli.Done([.. line, folder.Write("classes.txt", "c\nb\na\n")]);

        using var set = TransferSet.Open(new() { Samples = folder["out/samples.safetensors"], Labels = folder["out/samples.safetensors"] });
        Assert.Equal([1, 2], set.Labels.ToArray());
        Assert.Contains("labels.txt:2", Cli.Fails(2, [.. line, folder.Write("classes.txt", "c\nb\n")]));
    }

    /// <summary>A test set that lacks a class would call the next one by its number.</summary>
    [Fact]
    public void Images_OfSetsWithOtherClasses_AreRefusedUntilTheyArePreparedWithTheSame()
    {
        foreach (var name in new[] { "train/cat", "train/red", "test/red" })
        {
            Directory.CreateDirectory(folder[name]);
            File.WriteAllBytes(folder[$"{name}/1.png"], redPixel);
        }

        Cli.Done("prepare", "images", folder["train"], "-o", folder["a"], "--crop", "1");
        Cli.Done("prepare", "images", folder["test"], "-o", folder["b"], "--crop", "1");
        string[] plan =
        [
            "plan", "--runs", folder.Path, "--samples", folder["a/samples.safetensors"], "--labels", folder["a/samples.safetensors"],
            "--test-samples", folder["b/samples.safetensors"], "--test-labels", folder["b/samples.safetensors"], "--architecture", "mlp", "--epochs", "1",
        ];

        Assert.Contains($"--classes {folder["a"]}", Cli.Fails(2, plan));
        Cli.Done("prepare", "images", folder["test"], "-o", folder["b"], "--crop", "1", "--classes", folder["a"]);
        Cli.Done(plan);
        using var set = TransferSet.Open(new() { Samples = folder["b/samples.safetensors"], Labels = folder["b/samples.safetensors"] });
        Assert.Equal([1], set.Labels.ToArray());
    }

    [Fact]
    public void Audio_LogMel_HasTheShapeThatWasAskedFor()
    {
        byte[] wav = [.. "RIFF"u8, 38, 0, 0, 0, .. "WAVEfmt "u8, 16, 0, 0, 0, 1, 0, 1, 0, 0x40, 0x1f, 0, 0, 0x80, 0x3e, 0, 0, 2, 0, 16, 0,
            .. "data"u8, 2, 0, 0, 0, 0, 64]; // 8000 Hz, mono, 16 bits, one sample
        Directory.CreateDirectory(folder["sound"]);
        File.WriteAllBytes(folder["sound/a.wav"], wav);

        var result = Cli.Done(
            "prepare", "audio", folder["sound"], "-o", folder["out"], "--rate", "8000", "--seconds", "1/2", "--log-mel", "20", "--json");

        var shape = JsonDocument.Parse(result.Output).RootElement.GetProperty("set").GetProperty("shape");
        Assert.Equal([20, 48], shape.EnumerateArray().Select(size => size.GetInt32())); // 1 + (4000 − 200) ÷ 80
    }

    [Theory]
    [InlineData("audio", "--rate", "10")]
    [InlineData("audio", "--seconds", "0")]
    [InlineData("audio", "--hop", "5")]
    [InlineData("audio", "--log-mel", "0")]
    [InlineData("text", "--length", "2")]
    [InlineData("text", "--pad-id", "-1")]
    public void OtherKinds_WrongOption_IsNamed(string kind, string option, string value)
    {
        string[] tokenizer = kind == "text" ? ["--tokenizer", folder["in"]] : [];

        Assert.Contains(option, Cli.Fails(2, ["prepare", kind, folder["in"], "-o", folder["out"], option, value, .. tokenizer]));
    }

    public void Dispose() => folder.Dispose();
}
