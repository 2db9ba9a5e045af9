using System.Runtime.InteropServices;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Safetensors;
using OnnxKd.TeacherRunner.Preparation;
using OnnxKd.TeacherRunner.Preparation.Audio;

namespace OnnxKd.TeacherRunner.Tests.Preparation;

public sealed class AudioPreparationTests : IDisposable
{
    private const int Rate = 8000;

    private readonly TemporaryFolder folder = new();

    [Fact]
    public void Run_Waves_AreCutOrFilledUp()
    {
        Save("a.wav", WavFile.Encode(Rate, 1, [0, 16384, -32768, 32767, 1]));
        Save("b.wav", WavFile.Encode(Rate, 1, [-16384]));

        var result = Run(Waves(3));

        Near.Equal([0, 0.5, -1, -0.5, 0, 0], Floats(result), 1e-7);
        Assert.Equal([3, 1], Lengths(result));
    }

    [Fact]
    public void Run_Stereo_BecomesTheMean()
    {
        Save("a.wav", WavFile.Encode(Rate, 2, [16384, 0, -16384, -8192]));

        Near.Equal([0.25, -0.375], Floats(Run(Waves(2))), 1e-7);
    }

    [Fact]
    public void Run_HigherRate_IsResampledToTheSameTone()
    {
        Save("a.wav", WavFile.Encode(Rate * 2, 1, WavFile.Tone(Rate * 2, 440, Rate * 2)));

        var wave = Floats(Run(Waves(Rate)));

        // By correlation with sine and cosine, away from the filter's beginning and end: the tone keeps its height and strength.
        double Strength(double hertz)
        {
            double sine = 0, cosine = 0;
            for (var i = 1000; i < 7000; i++)
            {
                sine += wave[i] * Math.Sin(2 * Math.PI * hertz * i / Rate);
                cosine += wave[i] * Math.Cos(2 * Math.PI * hertz * i / Rate);
            }
            return 2 * Math.Sqrt(sine * sine + cosine * cosine) / 6000;
        }

        Assert.Equal(0.5, Strength(440), 0.03);
        Assert.InRange(Strength(880), 0, 0.01);
    }

    [Fact]
    public void Run_LogMel_IsWhatTheFormulaSays()
    {
        const int bands = 6, window = 50, hop = 20, samples = 200;
        var noise = new Random(3);
        short[] sound = [.. Enumerable.Range(0, 150).Select(_ => (short)noise.Next(-20_000, 20_000))];
        Save("a.wav", WavFile.Encode(Rate, 1, sound));

        var result = Run(Waves(samples) with { Mels = bands, Window = window, Hop = hop });

        Assert.Equal([bands, 8], result.Set.Shape); // 1 + (200 − 50) ÷ 20
        Assert.Equal([8], Lengths(result)); // 150 ÷ 20, rounded up
        double[] wave = [.. sound.Select(value => value / 32768.0), .. new double[samples - sound.Length]];
        var expected = new double[bands * 8];
        for (var frame = 0; frame < 8; frame++)
        {
            var power = Enumerable.Range(0, window / 2 + 1).Select(bin =>
            {
                var sum = System.Numerics.Complex.Zero;
                for (var i = 0; i < window; i++)
                    sum += wave[frame * hop + i] * Math.Pow(Math.Sin(Math.PI * i / window), 2)
                        * System.Numerics.Complex.FromPolarCoordinates(1, -2 * Math.PI * bin * i / window);
                return sum.Magnitude * sum.Magnitude;
            }).ToArray();
            for (var band = 0; band < bands; band++)
                expected[band * 8 + frame] = Math.Log(Math.Max(1e-10, power.Select((value, bin) => value * Triangle(band, bin)).Sum()));
        }
        Near.Equal(expected, Floats(result), 1e-4);

        static double Triangle(int band, int bin)
        {
            double Corner(int i) => 700 * (Math.Pow(10, i * Math.Log10(1 + 4000 / 700.0) / (bands + 1)) - 1);
            var hertz = bin * (double)Rate / window;
            return hertz <= Corner(band + 1)
                ? Math.Max(0, (hertz - Corner(band)) / (Corner(band + 1) - Corner(band)))
                : Math.Max(0, (Corner(band + 2) - hertz) / (Corner(band + 2) - Corner(band + 1)));
        }
    }

    [Fact]
    public void Run_FilesThatCannotBeUsed_AreNamedWithTheReason()
    {
        var good = WavFile.Encode(Rate, 1, [1, 2, 3]);
        Save("yes/1.wav", good);
        Save("yes/2.wav", good[..^2]);
        Save("yes/3.wav", good[..40]);
        Save("yes/4.wav", "no sound at all"u8.ToArray());
        Save("no/5.wav", WavFile.Encode(Rate, 3, [1, 2, 3]));
        Save("no/6.wav", WavFile.Encode(Rate / 2, 1, [1, 2, 3]));
        Save("no/7.wav", WavFile.Encode(Rate, 1, []));

        var result = AudioPreparation.Run(folder["in"], Waves(2), new(folder["out"], SkipCorrupt: true, Threads: 1), null, default);

        Assert.Equal(1, result.Set.Samples);
        Assert.Equal(["no", "yes"], result.Set.Classes!);
        string[] reasons = ["too many channels", "lower rate", "no sound", "cut off", "cut off", "not WAV"];
        Assert.All(result.Skipped.Zip(reasons), pair => Assert.Contains(pair.Second, pair.First.Reason));
        Assert.Equal(6, result.Skipped.Count);
        Assert.Contains("no/5.wav", Assert.Throws<InputException>(() => Run(Waves(2))).Message);
    }

    [Theory]
    [InlineData("another kind", 20, 2)] // ADPCM
    [InlineData("another kind", 34, 12)]
    [InlineData("contradicts itself", 25, 0x5f)] // the rate
    [InlineData("contradicts itself", 30, 1)] // bytes a second
    [InlineData("contradicts itself", 32, 4)] // bytes at a time
    public void Run_ByteOfHeaderChanged_NamesWhatIsWrong(string message, int at, byte value)
    {
        var file = WavFile.Encode(Rate, 1, [1, 2, 3]);
        file[at] = value;
        Save("a.wav", file);

        var error = Assert.Throws<InputException>(() => Run(Waves(2))).Message;
        Assert.Contains(message, error);
        Assert.Contains("a.wav", error);
    }

    [Fact]
    public void Run_MutantsOfWaves_ArePreparedOrNamedOneByOne()
    {
        (string Name, byte[] File)[] waves =
        [
            ("mono", WavFile.Encode(Rate, 1, WavFile.Tone(Rate, 440, 300))),
            ("stereo", WavFile.Encode(Rate, 2, WavFile.Tone(Rate, 440, 300))),
            ("faster", WavFile.Encode(Rate * 3, 1, WavFile.Tone(Rate * 3, 440, 300))),
        ];
        foreach (var (name, whole) in waves)
            for (ulong number = 0; number < 220; number++)
                Save($"{name}{number:d3}.wav", Mutants.Make(whole, number).File);

        var result = AudioPreparation.Run(folder["in"], Waves(400), new(folder["out"], SkipCorrupt: true, Threads: 2), null, default);

        Assert.Equal(660, result.Set.Samples + result.Set.Skipped);
        Assert.InRange(result.Set.Samples, 100, 560);
        Assert.All(result.Skipped, skipped => Assert.Contains(skipped.Source, skipped.Reason));
        Assert.All(Floats(result), value => Assert.InRange(value, -1.5f, 1.5f)); // the filter overshoots
    }

    public void Dispose() => folder.Dispose();

    private static AudioOptions Waves(int samples) => new() { Rate = Rate, Seconds = samples / (double)Rate };

    private PreparationResult Run(AudioOptions audio) =>
        AudioPreparation.Run(folder["in"], audio, new(folder["out"], Threads: 1), null, default);

    private void Save(string name, byte[] content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(folder[$"in/{name}"])!);
        File.WriteAllBytes(folder[$"in/{name}"], content);
    }

    private static float[] Floats(PreparationResult result)
    {
        using var file = SafetensorsFile.Open(Path.Combine(result.Folder, "samples.safetensors"));
        return file.ToFloats("samples");
    }

    private static long[] Lengths(PreparationResult result)
    {
        using var file = SafetensorsFile.Open(Path.Combine(result.Folder, "samples.safetensors"));
        return MemoryMarshal.Cast<byte, long>(file.Bytes("lengths")).ToArray();
    }
}
