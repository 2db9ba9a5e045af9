using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using OnnxKd.Core.Files;
using OnnxKd.Pipeline.DataSets;

namespace OnnxKd.Pipeline.Tests.DataSets;

/// <summary>A stand-in for npm that serves one package, <c>tiny@1.0.0</c>, and counts how often it is asked.</summary>
internal sealed class FakeNpm
{
    public const string Letters = "abc\n", Digits = "123\n";

    private readonly string folder;

    /// <param name="folder">Where it lies; the data folder is in it too.</param>
    /// <param name="script">What it does with the package <c>$package</c> before it ends; default: copies it into the current folder.</param>
    public FakeNpm(TemporaryFolder folder, string script = "cp \"$package\" .")
    {
        this.folder = Directory.CreateDirectory(folder["a folder"]).FullName;
        WritePackage(Path.Combine(this.folder, "tiny-1.0.0.tgz"));
        var npm = Path.Combine(this.folder, "npm");
        File.WriteAllText(npm, $"""
            #!/bin/sh
            here='{this.folder}'
            package="$here/tiny-1.0.0.tgz"
            echo "$@" >>"$here/calls"
            {script}
            """.ReplaceLineEndings("\n"));
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(npm, (UnixFileMode)0b111_101_101);
        Store = new(Data, new(npm), Notes.Add);
    }

    /// <summary>What it serves, as the table would have it.</summary>
    public static DataSet Tiny { get; } = Set(Hashing.Sha256(Letters));

    public DataSetStore Store { get; }

    public List<string> Notes { get; } = [];

    public string Data => Path.Combine(folder, "data");

    public string[] Calls => File.Exists(Path.Combine(folder, "calls")) ? File.ReadAllLines(Path.Combine(folder, "calls")) : [];

    public DataSetStore Another() => new(Data, new(Path.Combine(folder, "npm")), Notes.Add);

    /// <summary>A set with a file and a folder.</summary>
    /// <param name="digest">What is expected of the file.</param>
    /// <param name="digestOfFolder">What is expected of the folder; default: what sha256sum would say.</param>
    public static DataSet Set(string digest, string? digestOfFolder = null) => new(
        "tiny", "a set for tests", "MIT",
        [new(PackageKind.Npm, "tiny", "1.0.0", 1234,
            new("package/data/letters.txt", "letters.txt", digest),
            new("package/more/", "more/", digestOfFolder ?? Hashing.Sha256(
                $"{Hashing.Sha256(Digits)}  a/digits.txt\n{Hashing.Sha256(Letters)}  letters.txt\n")))]);

    private static void WritePackage(string path)
    {
        using var file = File.Create(path);
        using var zipped = new GZipStream(file, CompressionLevel.Fastest);
        using var tar = new TarWriter(zipped);
        Add("package/package.json", """{ "name": "tiny", "scripts": { "install": "touch /installed" } }""");
        Add("package/data/letters.txt", Letters);
        Add("package/more/letters.txt", Letters);
        Add("package/more/a/digits.txt", Digits);

        void Add(string name, string content) =>
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(content)) });
    }
}
