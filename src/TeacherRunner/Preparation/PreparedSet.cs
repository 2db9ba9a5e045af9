using System.Security.Cryptography;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Safetensors;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.Text;

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
/// <param name="Options">What the user asked for.</param>
/// <param name="Classes">The names of the classes, in the order of their indices; absent if not known.</param>
/// <param name="PreprocessDigest">SHA-256 of <c>preprocess.onnx</c>; absent where samples are drawn, not read.</param>
/// <param name="Digests">Of the files of samples and sources; absent in sets of earlier versions.</param>
public sealed record PreparedSet(
    string Format, int Version, string Kind, long Samples, long Skipped, ElementType Type, IReadOnlyList<int> Shape,
    IReadOnlyList<string> Columns, object Options, IReadOnlyList<string>? Classes = null, string? PreprocessDigest = null, PreparedDigests? Digests = null)
{
    /// <summary>The file of samples and columns.</summary>
    public const string SamplesFile = "samples.safetensors";

    /// <summary>The tensor of samples in it, the last one.</summary>
    public const string SamplesTensor = "samples";

    /// <summary>The table of sources: one JSON object a line, in the order of the sources.</summary>
    public const string SourcesFile = "sources.jsonl";

    /// <summary>The graph that turned sources into samples.</summary>
    public const string PreprocessFile = "preprocess.onnx";

    /// <summary>This record; written last, so that a folder with it is complete.</summary>
    public const string ManifestFile = "prepare.json";

    /// <summary>Checks that a file of samples, if it belongs to a prepared set, is as it was prepared, and the table of sources beside it.</summary>
    /// <param name="file">The file.</param>
    /// <param name="samplesDigest">The digest of all its samples (<see cref="Core.TransferSets.TransferSet.SamplesDigest"/>).</param>
    /// <exception cref="CheckFailedException">Something was changed.</exception>
    public static void RequireIntact(string file, Func<string> samplesDigest)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        var manifest = Path.Combine(folder, ManifestFile);
        if (Path.GetFileName(file) != SamplesFile || !File.Exists(manifest))
            return;
        var expected = CanonicalJson.Deserialize<PreparedSet>(InputFile.ReadAllBytes(manifest, "The record of a prepared set"), manifest).Digests;
        if (expected is null)
            return;
        var found = PreparedDigests.Of(folder, samplesDigest());
        Require(SamplesFile, found.Samples, expected.Samples);
        Require(SamplesFile, found.Columns, expected.Columns);
        Require(SourcesFile, found.Sources, expected.Sources);

        void Require(string name, string found, string expected)
        {
            if (found != expected)
                throw new CheckFailedException(
                    "A file of a prepared set was changed.", Path.Combine(folder, name), $"SHA-256 {found}", $"SHA-256 {expected}, as {ManifestFile} says",
                    $"prepare the set again, or delete {manifest} if the change is meant");
        }
    }

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

/// <summary>What the files of a prepared set hold.</summary>
/// <param name="Samples">The samples' digest (<see cref="Core.TransferSets.TransferSet.SamplesDigest"/>), which every run computes anyway.</param>
/// <param name="Columns">SHA-256 of all that is before them in their file.</param>
/// <param name="Sources">SHA-256 of the table of sources.</param>
public sealed record PreparedDigests(string Samples, string Columns, string Sources)
{
    /// <summary>The digests of a folder.</summary>
    internal static PreparedDigests Of(string folder, string samples)
    {
        var file = Path.Combine(folder, PreparedSet.SamplesFile);
        using var opened = SafetensorsFile.Open(file);
        using var handle = InputFile.OpenHandle(file, "A file of samples");
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendFile(handle, 0, opened.Tensors[PreparedSet.SamplesTensor].Offset);
        return new(samples, Convert.ToHexStringLower(hash.GetCurrentHash()), Hashing.Sha256OfFile(Path.Combine(folder, PreparedSet.SourcesFile)));
    }
}

/// <summary>How a set is prepared, whatever it is made from.</summary>
/// <param name="Output">The folder to write to; what an earlier run left there is replaced.</param>
/// <param name="SkipCorrupt">Whether damaged sources are left out instead of ending the run.</param>
/// <param name="Threads">How many sources are worked on at once; 0: as many as there are processors.</param>
public sealed record PrepareOptions(string Output, bool SkipCorrupt = false, int Threads = 0)
{
    /// <summary>The names of the classes in the order of their indices; default: the order of the names.</summary>
    public IReadOnlyList<string>? Classes { get; init; }

    /// <summary>Refuses to write among the sources.</summary>
    /// <param name="sources">The folder that they are in.</param>
    /// <exception cref="InputException">It is the folder to write to.</exception>
    internal void RequireApartFrom(string sources)
    {
        if (Path.TrimEndingDirectorySeparator(Path.GetFullPath(sources)) == Path.TrimEndingDirectorySeparator(Path.GetFullPath(Output)))
            throw new InputException(
                "A set would be written among the files that it is made from.", Output, "the folder of sources", "another folder", "write it elsewhere: -o FOLDER");
    }
}

/// <summary>A source that was left out.</summary>
/// <param name="Source">Its name.</param>
/// <param name="Reason">What is wrong with it.</param>
public sealed record SkippedSource(string Source, string Reason);

/// <summary>What a preparation made.</summary>
/// <param name="Folder">Where.</param>
/// <param name="Set">What it holds.</param>
/// <param name="Skipped">The first sources that were left out, 100 at most; the table of sources has all.</param>
public sealed record PreparationResult(string Folder, PreparedSet Set, IReadOnlyList<SkippedSource> Skipped)
{
    /// <summary>How many files of each other ending were beside the sources, and are none.</summary>
    public IReadOnlyDictionary<string, int> PassedOver { get; init; } = new Dictionary<string, int>();

    /// <summary>Of how many images EXIF data say that they are to be turned, which is not done: of those that this call decoded.</summary>
    public long Turned { get; init; }

    /// <summary>How many images have 16 bits a channel, of which the upper 8 are kept: of those that this call decoded.</summary>
    public long Deep { get; init; }
}
