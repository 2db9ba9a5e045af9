using OnnxKd.Core.Safetensors;
using OnnxKd.TeacherRunner.Preparation;
using OnnxKd.TeacherRunner.Tests.Preparation;

namespace OnnxKd.Benchmarks.Attack;

/// <summary>
/// Pictures and sounds that <c>prepare</c> decodes, one mutant in a folder each time: it is prepared, or refused by a message that names it. PNG files have
/// checksums, so that of those nothing that was changed may be prepared to other pixels.
/// </summary>
internal sealed class Sources
{
    private readonly string folder;
    private readonly string[] words;

    private Sources(string folder, params string[] words) => (this.folder, this.words) = (folder, words);

    /// <summary>Pictures of every kind that has a way of its own through the decoders.</summary>
    public static Func<Dice, AttackCase> Pictures(string folder) =>
        new Sources(folder, "images", "--resize", "8,8", "--type", "uint8").Begin([.. SmallPictures.All()]);

    /// <summary>Sounds of one channel and two, of the rate that is asked for and of a higher one.</summary>
    public static Func<Dice, AttackCase> Sounds(string folder) => new Sources(folder, "audio", "--rate", "8000", "--seconds", "0.1", "--log-mel", "8").Begin(
        ("mono.wav", WavFile.Encode(8000, 1, WavFile.Tone(8000, 440, 800))), ("stereo.wav", WavFile.Encode(8000, 2, WavFile.Tone(8000, 440, 1600))),
        ("fast.wav", WavFile.Encode(44_100, 1, WavFile.Tone(44_100, 440, 4410))), ("short.wav", WavFile.Encode(8000, 1, WavFile.Tone(8000, 440, 7))));

    private Func<Dice, AttackCase> Begin(params (string Name, byte[] Bytes)[] honest)
    {
        var prepared = honest.Select(file => Prepare(file.Name, file.Bytes) is (0, { } values)
            ? values : throw new InvalidOperationException($"an honest file is refused: {file.Name}")).ToArray();
        return dice =>
        {
            var which = dice.Below(honest.Length);
            var (name, bytes) = honest[which];
            var mutant = ByteMutations.Apply(bytes, dice);
            return new(name, () => Judge(name, bytes, prepared[which], mutant));
        };
    }

    private int Judge(string name, byte[] honest, byte[] prepared, byte[] mutant)
    {
        var (code, values) = Prepare(name, mutant);
        if (code == 0 && name.EndsWith(".png", StringComparison.Ordinal) && !values!.AsSpan().SequenceEqual(prepared))
            throw new InvalidOperationException($"{name}: damage was prepared to other pixels");
        if (code != 0 && mutant.AsSpan().StartsWith(honest) && !name.EndsWith(".wav", StringComparison.Ordinal))
            throw new InvalidOperationException($"{name}: what follows its end is no part of it, and it was refused");
        return code;
    }

    /// <summary>The exit code, and the samples where it is 0.</summary>
    private (int Code, byte[]? Samples) Prepare(string name, byte[] bytes)
    {
        var (sources, output) = (Path.Combine(folder, "sources"), Path.Combine(folder, "prepared"));
        foreach (var old in new[] { sources, output }.Where(Directory.Exists))
            Directory.Delete(old, recursive: true);
        Directory.CreateDirectory(sources);
        File.WriteAllBytes(Path.Combine(sources, name), bytes);
        var (code, _, errors) = InProcess.Run(["prepare", .. words, sources, "-o", output, "--unlabelled", "--threads", "1"]);
        if (code == 1 || code != 0 && !errors.Contains(name, StringComparison.Ordinal))
            throw new InvalidOperationException($"{name}: exit code {code}, and its message: {errors}");
        if (code != 0)
            return (code, null);
        using var file = SafetensorsFile.Open(Path.Combine(output, PreparedSet.SamplesFile));
        return (code, file.Bytes(PreparedSet.SamplesTensor).ToArray());
    }
}
