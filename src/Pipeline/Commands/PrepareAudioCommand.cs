using System.CommandLine;
using OnnxKd.Core.Errors;
using OnnxKd.TeacherRunner.Preparation.Audio;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd prepare audio FOLDER</c>.</summary>
internal sealed class PrepareAudioCommand : ExampleCommand
{
    private static readonly AudioOptions defaults = new();

    private readonly Argument<string> folder = new("FOLDER") { Description = "A folder of WAV files, one folder per class or none." };

    private readonly Option<int> rate = new("--rate")
    {
        Description = "Sound samples per second.", DefaultValueFactory = _ => defaults.Rate,
    };

    private readonly Option<string?> seconds = new("--seconds")
    {
        Description = "Length of a sample, 1 by default: longer files are cut, shorter ones are filled up with silence.",
    };

    private readonly Option<int?> logMel = new("--log-mel")
    {
        Description = "Store the logarithm of a mel spectrogram with this many bands.",
    };

    private readonly Option<int?> window = new("--window") { Description = "Sound samples per frame of it; default: 25 ms." };

    private readonly Option<int?> hop = new("--hop") { Description = "Sound samples from frame to frame; default: 10 ms." };

    private readonly Option<bool> unlabelled = new("--unlabelled") { Description = "Folders are not classes." };

    private readonly PrepareArguments common = new();

    /// <summary>Declares the command.</summary>
    public PrepareAudioCommand()
        : base(
            "audio",
            "Decodes a folder of WAV files: mono, one rate, one length; as waves or as log-mel spectrograms.",
            "onnxkd prepare audio commands -o prepared --rate 16000 --seconds 1 --log-mel 40")
    {
        Add(folder);
        foreach (var option in new Option[] { rate, seconds, logMel, window, hop, unlabelled })
            Add(option);
        common.AddTo(this);
        Does(Run);
    }

    /// <inheritdoc/>
    public override bool GoesOn(ParseResult parsed) => true;

    /// <exception cref="InputException">An option or a file is wrong.</exception>
    private void Run(ParseResult parsed, TextWriter stdout, TextWriter stderr, CancellationToken token)
    {
        var ((options, progress), style) = (common.Begin(parsed, stderr), GlobalOptions.Style(parsed));
        PrepareCommand.Write(AudioPreparation.Run(parsed.GetValue(folder)!, ReadAudio(parsed), options, progress, token), style, stdout);
    }

    private AudioOptions ReadAudio(ParseResult parsed) => new()
    {
        Rate = parsed.GetValue(rate),
        Seconds = PrepareArguments.Number(parsed, seconds) ?? defaults.Seconds,
        Mels = parsed.GetValue(logMel),
        Window = parsed.GetValue(window),
        Hop = parsed.GetValue(hop),
        Unlabelled = parsed.GetValue(unlabelled),
    };
}
