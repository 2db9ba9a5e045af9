using OnnxKd.Core.Files;
using OnnxKd.Core.Tensors;

namespace OnnxKd.TeacherRunner.Preparation;

/// <summary>What a folder of prepared samples holds: the content of its <c>prepare.json</c>.</summary>
/// <param name="Format"><c>onnxkd-prepared-set</c>.</param>
/// <param name="Version">1.</param>
/// <param name="Kind"><c>images</c>, <c>text</c>, <c>audio</c> or <c>rendered-text</c>.</param>
/// <param name="Samples">How many samples there are.</param>
/// <param name="Skipped">How many sources were left out because they are damaged; <c>sources.jsonl</c> names them.</param>
/// <param name="Type">The type of the samples' elements.</param>
/// <param name="Shape">The shape of one sample.</param>
/// <param name="Columns">The tensors beside <c>samples</c>: one integer per sample.</param>
/// <param name="Classes">The names of the classes, in the order of their indices; absent if not known.</param>
/// <param name="Options">What the user asked for.</param>
/// <param name="PreprocessDigest">SHA-256 of <c>preprocess.onnx</c>; absent where samples are drawn, not read.</param>
public sealed record PreparedSet(
    string Format, int Version, string Kind, long Samples, long Skipped, ElementType Type, IReadOnlyList<int> Shape,
    IReadOnlyList<string> Columns, IReadOnlyList<string>? Classes, object Options, string? PreprocessDigest)
{
    /// <summary>The file of samples and columns.</summary>
    public const string SamplesFile = "samples.safetensors";

    /// <summary>The table of sources: one JSON object a line, in the order of the sources.</summary>
    public const string SourcesFile = "sources.jsonl";

    /// <summary>The graph that turned sources into samples.</summary>
    public const string PreprocessFile = "preprocess.onnx";

    /// <summary>This record; written last, so that a folder with it is complete.</summary>
    public const string ManifestFile = "prepare.json";

    /// <summary>Removes a prepared set, and its folder if nothing else is in it. A folder without a set is left alone.</summary>
    internal static void Remove(string folder)
    {
        if (!File.Exists(Path.Combine(folder, ManifestFile)))
            return;
        using (FolderLock.Acquire(folder))
            foreach (var file in new[] { ManifestFile, SamplesFile, SourcesFile, PreprocessFile })
                File.Delete(Path.Combine(folder, file));
        File.Delete(Path.Combine(folder, FolderLock.FileName));
        if (!Directory.EnumerateFileSystemEntries(folder).Any())
            Directory.Delete(folder);
    }
}

/// <summary>How a set is prepared, whatever it is made from.</summary>
/// <param name="Output">The folder to write to; what an earlier run left there is replaced.</param>
/// <param name="SkipCorrupt">Whether damaged sources are left out instead of ending the run.</param>
/// <param name="Threads">How many sources are worked on at once; 0: as many as there are processors.</param>
public sealed record PrepareOptions(string Output, bool SkipCorrupt = false, int Threads = 0);

/// <summary>A source that was left out.</summary>
/// <param name="Source">Its name.</param>
/// <param name="Reason">What is wrong with it.</param>
public sealed record SkippedSource(string Source, string Reason);

/// <summary>What a preparation made.</summary>
/// <param name="Folder">Where.</param>
/// <param name="Set">What it holds.</param>
/// <param name="Skipped">The first sources that were left out, 100 at most; the table of sources has all.</param>
public sealed record PreparationResult(string Folder, PreparedSet Set, IReadOnlyList<SkippedSource> Skipped);
