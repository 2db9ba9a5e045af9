using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Build;

/// <summary>The build step that lets TorchSharp's library load where libstdc++ is older than GCC 13's, on copies. The files are for Linux on x64.</summary>
public sealed class OlderLibstdcxxTests : IDisposable
{
    private const string Marked = "GLIBCXX_3.4.32";

    private readonly TemporaryFolder folder = new();
    private readonly string library;

    public OlderLibstdcxxTests()
    {
        library = folder["copy of libLibTorchSharp.so"];
        File.Copy(Package, library);
        File.SetLastWriteTimeUtc(library, new(2020, 1, 2, 3, 4, 6, DateTimeKind.Utc));
    }

    private static string Package => Path.Combine(
        Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages"),
        "torchsharp", typeof(TorchSharp.torch).Assembly.GetName().Version!.ToString(3), "runtimes", "linux-x64", "native", "libLibTorchSharp.so");

    [Fact]
    public void Library_OnASystemWithoutTheVersion_AsksForItWeakly()
    {
        var before = File.ReadAllBytes(library);
        var (code, output) = Run(Runtime(without: Marked));
        Assert.True(code == 0, output);

        var after = File.ReadAllBytes(library);
        var flags = FlagsAt(before, Marked);
        Assert.Equal((0, 2), (before[flags], after[flags])); // VER_FLG_WEAK of the System V ABI's symbol versioning
        after[flags] = before[flags];
        Assert.Equal(before, after); // and nothing else
        Assert.Equal(2020, File.GetLastWriteTimeUtc(library).Year);
        Assert.Equal(before, File.ReadAllBytes(Package));
    }

    [Fact]
    public void Library_OnASystemWithTheVersion_StaysAsItIs()
    {
        var (code, output) = Run(Runtime());
        Assert.True(code == 0, output);
        Assert.Equal(File.ReadAllBytes(Package), File.ReadAllBytes(library));
    }

    [Fact]
    public void Library_ThatReallyNeedsAMissingVersion_FailsTheBuild()
    {
        var (code, output) = Run(Runtime(without: "GLIBCXX_3.4.21"));
        Assert.NotEqual(0, code);
        Assert.Contains("libstdc++ is too old for TorchSharp", output);
        Assert.Contains("GLIBCXX_3.4.21", output);
        Assert.Equal(File.ReadAllBytes(Package), File.ReadAllBytes(library));
    }

    /// <summary>What was built for these tests loads here, whatever this system's libstdc++ is.</summary>
    [Fact]
    public void BuiltLibrary_Loads()
    {
        var built = Path.Combine(AppContext.BaseDirectory, "libLibTorchSharp.so");
        if (!OperatingSystem.IsLinux())
            return;
        Assert.True(File.ResolveLinkTarget(built, returnFinalTarget: true) is null, "the library that is changed must be a copy");
        Assert.True(NativeLibrary.TryLoad(built, out _));
    }

    public void Dispose() => folder.Dispose();

    /// <summary>A stand-in for libstdc++: the step looks only for the names of versions in it.</summary>
    private string Runtime(string? without = null)
    {
        var versions = Versions(File.ReadAllBytes(Package)).Where(version => version != without);
        File.WriteAllBytes(folder["libstdc++.so.6"], Encoding.ASCII.GetBytes("\0" + string.Concat(versions.Select(version => version + "\0"))));
        return folder["libstdc++.so.6"];
    }

    private (int ExitCode, string Output) Run(string runtime)
    {
        var build = Path.Combine(Repository.Root, "eng", "build");
        var project = folder.Write("step.proj", $"""
            <Project DefaultTargets="Step">
              <UsingTask TaskName="AcceptOlderLibstdcxx" TaskFactory="RoslynCodeTaskFactory" AssemblyFile="$(MSBuildToolsPath)/Microsoft.Build.Tasks.Core.dll">
                <Task><Code Type="Class" Language="cs" Source="{build}/AcceptOlderLibstdcxx.cs" /></Task>
              </UsingTask>
              <Target Name="Step"><AcceptOlderLibstdcxx Library="{library}" SystemLibrary="{runtime}" /></Target>
            </Project>
            """);
        return DotNet.Msbuild(project, "-nologo", "-v:minimal");
    }

    /// <summary>
    /// Where the flags of a needed version stand: 4 bytes into its entry (Elf64_Vernaux: hash, flags, other, name, next), and the entry is found by the
    /// hash of its name, which the ABI defines and which is nowhere else in the library together with a flags field of 0.
    /// </summary>
    private static int FlagsAt(byte[] library, string version)
    {
        uint hash = 0;
        foreach (var c in version)
        {
            hash = (hash << 4) + c;
            var high = hash & 0xf0000000;
            hash = (hash ^ (high >> 24)) & ~high;
        }
        Span<byte> entry = stackalloc byte[6];
        BinaryPrimitives.WriteUInt32LittleEndian(entry, hash);
        var at = library.AsSpan().IndexOf(entry);
        Assert.True(at > 0 && library.AsSpan(at + 1).IndexOf(entry) < 0, $"{version} is not needed exactly once");
        return at + 4;
    }

    private static IEnumerable<string> Versions(byte[] library) => Encoding.Latin1.GetString(library).Split('\0')
        .Where(text => text.StartsWith("GLIBCXX_", StringComparison.Ordinal) || text.StartsWith("CXXABI_", StringComparison.Ordinal)).Distinct();
}
