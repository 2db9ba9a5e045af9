using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Terminal;
using OnnxKd.TeacherRunner.Preparation;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd prepare KIND SOURCE</c>: decodes and tokenises once, into tensors on disk.</summary>
internal sealed class PrepareCommand : ExampleCommand
{
    /// <summary>Declares the command.</summary>
    public PrepareCommand()
        : base(
            "prepare",
            "Decodes or tokenises inputs once, into tensors that every teacher and student reads, and saves the graph that did it.",
            "onnxkd prepare images photos -o prepared --resize 256 --crop 224")
    {
        Add(new PrepareImagesCommand());
        Add(new PrepareTextCommand());
        Add(new PrepareAudioCommand());
        Add(new PrepareRenderedTextCommand());
    }

    /// <summary>Shows what was made.</summary>
    internal static void Write(PreparationResult result, OutputStyle style, TextWriter stdout)
    {
        if (style.Json)
        {
            stdout.Write(CanonicalJson.Serialize(result));
            return;
        }
        var set = result.Set;
        var (shape, type) = (string.Join('×', set.Shape), set.Type.ToString().ToLowerInvariant());
        stdout.WriteLine($"samples: {Path.Combine(result.Folder, PreparedSet.SamplesFile)}");
        stdout.WriteLine($"         {set.Samples} × {shape} {type}, with {string.Join(", ", set.Columns)}");
        if (set.Classes is { } classes)
            stdout.WriteLine($"classes: {classes.Count} ({string.Join(", ", classes.Take(10).Index().Select(name => $"{name.Index}: {name.Item}"))}{(classes.Count > 10 ? ", ..." : "")})");
        if (set.PreprocessDigest is not null)
            stdout.WriteLine($"graph:   {Path.Combine(result.Folder, PreparedSet.PreprocessFile)}");
        stdout.WriteLine($"sources: {Path.Combine(result.Folder, PreparedSet.SourcesFile)}");
        if (result.Turned > 0)
            stdout.WriteLine($"turned by their EXIF data, which is not applied: {result.Turned} of {set.Samples} images; turn the files themselves if the teacher saw them upright");
        if (result.Deep > 0)
            stdout.WriteLine(
                $"of 16 bits a channel, of which the upper 8 are kept: {result.Deep} of {set.Samples} images; if their values use few of the 16 bits (12 in medical pictures), give them as arrays (NPY) instead");
        if (result.PassedOver.Count > 0)
            stdout.WriteLine($"passed over, as files of other kinds: {SourceFolder.Describe(result.PassedOver)}");
        if (set.Skipped == 0)
            return;
        stdout.WriteLine($"skipped: {set.Skipped}");
        foreach (var skipped in result.Skipped)
            stdout.WriteLine($"  {skipped.Source}: {skipped.Reason}");
        if (set.Skipped > result.Skipped.Count)
            stdout.WriteLine($"  and {set.Skipped - result.Skipped.Count} more; all are in {PreparedSet.SourcesFile}");
    }
}
