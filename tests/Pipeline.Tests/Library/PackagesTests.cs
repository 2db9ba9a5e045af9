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
        folder.Write("program/program.csproj", Blocks(page, "xml").Single());
        folder.Write("program/Program.cs", Joined(Blocks(page, "csharp")));
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
        Assert.All(Falls(), fall =>
        {
            var found = fall.Match(output);
            Assert.True(found.Success, output);
            double[] losses = [.. found.Groups.Values.Skip(1).Select(value => double.Parse(value.Value, System.Globalization.CultureInfo.InvariantCulture))];
            Assert.InRange(losses[1], 0, 0.7 * losses[0]);
        });
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

    private static IEnumerable<string> Blocks(string page, string language) =>
        Regex.Matches(page, $"^```{language}\n(.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline).Select(block => block.Groups[1].Value);

    /// <summary>Pieces that go on with one program, each with what it uses at its beginning.</summary>
    private static string Joined(IEnumerable<string> blocks)
    {
        var lines = blocks.SelectMany(block => block.Split('\n')).ToLookup(line => Using().IsMatch(line));
        return string.Join('\n', lines[true].Concat(lines[false]));
    }

    private static Regex[] Falls() => [TermFalls(), LoopFalls()];

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

    [GeneratedRegex("^using [A-Za-z. ]+;$")]
    private static partial Regex Using();

    [GeneratedRegex("reverse KL: ([0-9.]+) in the first epoch, ([0-9.]+) in the last")]
    private static partial Regex TermFalls();

    [GeneratedRegex("cross-entropy ([0-9.]+) in the first step, ([0-9.]+) in the last")]
    private static partial Regex LoopFalls();

    public void Dispose() => folder.Dispose();
}
