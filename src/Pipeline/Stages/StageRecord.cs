using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Progress;
using OnnxKd.Core.Text;
using OnnxKd.Core.Threading;

namespace OnnxKd.Pipeline.Stages;

/// <summary>A file that a stage made.</summary>
/// <param name="Bytes">Its length.</param>
/// <param name="Sha256">Its digest.</param>
internal sealed record StageFile(long Bytes, string Sha256);

/// <summary>The file <c>stage.json</c>: written last, so that its presence says that the stage is finished.</summary>
/// <param name="Stage">The stage's name.</param>
/// <param name="Key">The digest of the inputs.</param>
/// <param name="Inputs">What decided the result.</param>
/// <param name="Outputs">The files in the folder, by name.</param>
/// <param name="Versions">Of the libraries that ran.</param>
/// <param name="WallSeconds">How long the run that finished it took.</param>
/// <param name="Checksum">SHA-256 of this document without this field: what stands here is in what is exported, and in reports.</param>
internal sealed record StageRecord(
    string Stage,
    string Key,
    IReadOnlyDictionary<string, string> Inputs,
    IReadOnlyDictionary<string, StageFile> Outputs,
    IReadOnlyDictionary<string, string> Versions,
    double WallSeconds,
    string? Checksum = null)
{
    /// <summary>The file's name.</summary>
    public const string FileName = "stage.json";

    /// <summary>The processor and the system that it ran on; <c>null</c>: not known.</summary>
    public string? Machine { get; init; }

    /// <summary>Reads the record of a finished stage; <c>null</c> if the stage has not finished.</summary>
    public static StageRecord? Find(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
            return null;
        var record = CanonicalJson.Deserialize<StageRecord>(InputFile.ReadAllBytes(path, "A stage's record"), path);
        if (record.Checksum is null)
            throw new CheckFailedException(
                "A stage's record has no checksum.", path, "the record of an older version of onnxkd", "one of this version",
                "run the recipe under another --name, which keeps what the older version made, or delete the folder of the run");
        return record.Checksum == record.ComputeChecksum() ? record : throw new CheckFailedException(
            "A stage's record was changed.", path, $"SHA-256 {record.ComputeChecksum()}", record.Checksum, $"delete {folder} to run the stage again");
    }

    /// <summary>Writes it.</summary>
    public void Write(string folder) =>
        AtomicFile.WriteAllText(Path.Combine(folder, FileName), CanonicalJson.Serialize(this with { Checksum = ComputeChecksum() }));

    /// <summary>Describes the files that a stage left; locks and temporary files are not part of it.</summary>
    public static IReadOnlyDictionary<string, StageFile> Describe(string folder)
    {
        FileInfo[] files =
        [
            .. new DirectoryInfo(folder).EnumerateFiles()
                .Where(file => file.Name != FileName && !file.Name.StartsWith('.') && file.Extension != AtomicFile.TemporarySuffix),
        ];
        using var span = Profile.Start("digest");
        var described = new StageFile[files.Length];
        Parts.Run(files.Length, Environment.ProcessorCount, i => described[i] = new(files[i].Length, Hashing.Sha256OfFile(files[i].FullName)));
        return new SortedDictionary<string, StageFile>(
            files.Zip(described).ToDictionary(pair => pair.First.Name, pair => pair.Second), StringComparer.Ordinal);
    }

    /// <summary>Checks that the result is that of certain inputs: a folder's name holds but the first digits of their key.</summary>
    /// <exception cref="CheckFailedException">It is that of others.</exception>
    public void RequireInputs(StageInputs inputs, string folder)
    {
        var different = Inputs.Keys.Union(inputs.Values.Keys).Where(name => Inputs.GetValueOrDefault(name) != inputs.Values.GetValueOrDefault(name))
            .Order(StringComparer.Ordinal).ToArray();
        if (different.Length == 0 && Key == inputs.Key)
            return;
        throw new CheckFailedException(
            "A stage's folder holds the result of other inputs.", folder,
            different.Length == 0 ? $"key {Key}" : List(Inputs), different.Length == 0 ? $"key {inputs.Key}" : List(inputs.Values),
            "move the folder away, and run again");

        string List(IReadOnlyDictionary<string, string> values) =>
            string.Join(", ", different.Select(name => $"{name} {values.GetValueOrDefault(name, "not set").TrimEnd()}"));
    }

    /// <summary>Checks that every file is as the stage left it.</summary>
    /// <param name="folder">The stage's folder.</param>
    /// <param name="mostBytes">Of files that are larger the length alone is checked.</param>
    /// <exception cref="CheckFailedException">One is missing or changed.</exception>
    public void RequireOutputs(string folder, long mostBytes = long.MaxValue)
    {
        using var span = Profile.Start("digest");
        var outputs = Outputs.ToArray();
        Parts.Run(outputs.Length, Environment.ProcessorCount, i => RequireOutput(folder, outputs[i].Key, outputs[i].Value, outputs[i].Value.Bytes <= mostBytes));
    }

    /// <summary>Checks that a file is as the stage left it, if it is one of the stage's.</summary>
    /// <inheritdoc cref="RequireOutputs"/>
    public void RequireOutput(string folder, string name)
    {
        if (Outputs.GetValueOrDefault(name) is { } expected)
            RequireOutput(folder, name, expected, reads: true);
    }

    private string ComputeChecksum() => Hashing.Sha256(CanonicalJson.Serialize(this with { Checksum = null }));

    private static void RequireOutput(string folder, string name, StageFile expected, bool reads)
    {
        var file = new FileInfo(Path.Combine(folder, name));
        var found = !file.Exists ? "no such file"
            : file.Length != expected.Bytes ? $"{file.Length} bytes"
            : reads && Hashing.Sha256OfFile(file.FullName) is var digest && digest != expected.Sha256 ? $"SHA-256 {digest}"
            : null;
        if (found is not null)
            throw new CheckFailedException(
                "A file of a finished stage is missing or was changed.", file.FullName, found,
                $"{expected.Bytes} bytes, SHA-256 {expected.Sha256}", ShardLayout.IsShard(name) ? ShardFile.Repair : $"delete {folder} to run the stage again");
    }
}
