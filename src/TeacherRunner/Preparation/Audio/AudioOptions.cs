using OnnxKd.Core.Errors;

namespace OnnxKd.TeacherRunner.Preparation.Audio;

/// <summary>How WAV files become samples: mono, one rate, one length; as a wave, or as the logarithm of a mel spectrogram.</summary>
public sealed record AudioOptions
{
    /// <summary>Sound samples per second; files of a higher rate are filtered and resampled, lower ones are refused.</summary>
    public int Rate { get; init; } = 16_000;

    /// <summary>Seconds per sample: longer files are cut, shorter ones are filled up with silence.</summary>
    public double Seconds { get; init; } = 1;

    /// <summary>Mel bands; <c>null</c>: the wave itself.</summary>
    public int? Mels { get; init; }

    /// <summary>Length of a frame, and of its Hann window, in sound samples; default 25 ms.</summary>
    public int? Window { get; init; }

    /// <summary>Sound samples from one frame to the next; default 10 ms.</summary>
    public int? Hop { get; init; }

    /// <summary>Whether folders are not classes.</summary>
    public bool Unlabelled { get; init; }

    internal int Samples => (int)Math.Round(Rate * Seconds);

    internal int WindowSamples => Window ?? Rate / 40;

    internal int HopSamples => Hop ?? Rate / 100;

    /// <summary>Frames that lie wholly within a sample.</summary>
    internal int Frames => 1 + (Samples - WindowSamples) / HopSamples;

    /// <summary>The shape of a sample: [samples], or [bands, frames].</summary>
    internal IReadOnlyList<int> SampleShape => Mels is { } bands ? [bands, Frames] : [Samples];

    /// <summary>Checks that the options make sense.</summary>
    /// <exception cref="InputException">They do not.</exception>
    internal void Validate()
    {
        Require(Rate is >= 1000 and <= 384_000, "--rate", $"{Rate}", "a number from 1000 to 384000");
        Require(
            Seconds > 0 && Seconds * Rate is >= 1 and <= 1 << 28, "--seconds", $"{Seconds}",
            "a number above 0, of 2^28 sound samples at most");
        if (Mels is null)
        {
            Require(Window is null && Hop is null, "--window, --hop", "without --log-mel", "neither, or --log-mel too");
            return;
        }
        Require(Mels is >= 1 and <= 1024, "--log-mel", $"{Mels}", "a number from 1 to 1024");
        Require(WindowSamples >= 2 && WindowSamples <= Samples, "--window", $"{WindowSamples}", $"2 to {Samples}, the length of a sample");
        Require(HopSamples >= 1, "--hop", $"{HopSamples}", "a number from 1 on");
    }

    private static void Require(bool condition, string where, string found, string expected)
    {
        if (!condition)
            throw new InputException("Audio cannot be prepared with these options.", where, found, expected, "correct the option");
    }
}
