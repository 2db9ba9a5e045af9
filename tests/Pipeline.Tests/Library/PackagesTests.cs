using System.IO.Compression;
using System.Text.RegularExpressions;
using OnnxKd.Core.Onnx;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Library;

/// <summary>The libraries as packages, and the program of docs/library.md through them, as it is printed, in a fresh folder.</summary>
[Collection(nameof(TinyProject))]
public sealed partial class PackagesTests(TinyProject project) : IDisposable
{
    private static readonly string[] Libraries = ["Core", "TeacherRunner", "StudentTrainer"];

    private readonly TemporaryFolder folder = new();

    [Fact]
    public void Program_ThroughPackedPackages_DistilsAndVerifies()
    {
        foreach (var library in Libraries)
            Run(Repository.Root, "pack", Path.Combine("src", library), "-c", "Release", "--no-build", "-o", folder["feed"], "-v", "quiet", "-nodeReuse:false");
        Assert.All(Libraries, RequireComplete);

        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "library.md"));
        folder.Write("program/program.csproj", Block(page, "xml"));
        folder.Write("program/Program.cs", Block(page, "csharp"));
        folder.Write("program/nuget.config", $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="{folder["packages"]}" /></config>
              <packageSources><clear /><add key="feed" value="{folder["feed"]}" /></packageSources>
              <fallbackPackageFolders><add key="cache" value="{PackagesFolder}" /></fallbackPackageFolders>
            </configuration>
            """);
        File.Copy(project["teacher.onnx"], folder["program/teacher.onnx"]);
        File.Copy(project["train.npy"], folder["program/train.npy"]);
        Run(folder["program"], "build", "-o", "out", "-v", "quiet", "-nodeReuse:false");
        var output = Run(folder["program"], "out/program.dll");

        var agreement = double.Parse(Agreement().Match(output).Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
        Assert.True(agreement > 80, output);
        Assert.InRange(double.Parse(Difference().Match(output).Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture), 0, 1e-4);
        Assert.True(OnnxModel.Load(folder["program/student.onnx"]).ParameterCount > 0);
    }

    /// <summary>Icon, readme, documentation and symbols.</summary>
    private void RequireComplete(string library)
    {
        var package = Directory.GetFiles(folder["feed"], $"OnnxKd.{library}.*.nupkg").Single();
        using var content = ZipFile.OpenRead(package);
        var names = content.Entries.Select(entry => entry.FullName).ToArray();
        Assert.All(new[] { "icon.png", "README.md", $"lib/net10.0/OnnxKd.{library}.dll", $"lib/net10.0/OnnxKd.{library}.xml" }, name => Assert.Contains(name, names));
        Assert.True(File.Exists(Path.ChangeExtension(package, "snupkg")), package);
    }

    private static string PackagesFolder => Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    private static string Block(string page, string language) => Regex.Match(page, $"^```{language}\n(.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline).Groups[1].Value;

    private static string Run(string where, params string[] arguments)
    {
        var (code, output) = DotNet.Run(where, arguments);
        Assert.True(code == 0, $"dotnet {string.Join(' ', arguments)}: {output}");
        return output;
    }

    [GeneratedRegex("at most ([0-9.e+-]+)")]
    private static partial Regex Difference();

    [GeneratedRegex(@"on ([\d.]+)\s?% of")]
    private static partial Regex Agreement();

    public void Dispose() => folder.Dispose();
}
