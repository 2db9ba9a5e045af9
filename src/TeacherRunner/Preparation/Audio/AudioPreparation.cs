using OnnxKd.Core.Errors;
using OnnxKd.Core.Progress;
using OnnxKd.Core.Tensors;

namespace OnnxKd.TeacherRunner.Preparation.Audio;

/// <summary>Prepares a folder of WAV files.</summary>
public static class AudioPreparation
{
    private static readonly string[] extensions = [".wav"];

    /// <summary>Decodes every file and writes the set.</summary>
    /// <param name="root">The folder of WAV files.</param>
    /// <param name="audio">Rate, length, and whether a spectrogram is made.</param>
    /// <param name="options">Where to, and how.</param>
    /// <param name="progress">Told after each batch.</param>
    /// <param name="token">Stops between files; the same call goes on from there.</param>
    /// <exception cref="InputException">An option or a file is wrong.</exception>
    public static PreparationResult Run(
        string root, AudioOptions audio, PrepareOptions options, IProgress<StageProgress>? progress, CancellationToken token)
    {
        audio.Validate();
        options.RequireApartFrom(root);
        var folder = SourceFolder.List(root, "WAV files", extensions, audio.Unlabelled, options.Classes);
        using var session = new PreparationSession(AudioGraph.Build(audio), ElementType.Float32, audio.SampleShape);
        var items = folder.Files.Select(file => new SourceItem(
            file, folder.LabelOf(file), () => Decode(file), SourceFolder.StampOf(Path.Combine(root, file))));
        var sources = new SourceList(
            "audio", "files", items, folder.Files.Count, new(folder.Classes is not null, Lengths: true), folder.Classes);
        return new Preparer(options, progress, token).Run(sources, session.Type, session.Shape, audio, session.Model) with { PassedOver = folder.PassedOver };

        PreparedSample Decode(string file)
        {
            var (bytes, path) = (SourceFolder.Read(root, file), Path.Combine(root, file));
            WavHeader.Require(bytes, path, audio.Rate);
            return session.Run(bytes, path);
        }
    }
}
