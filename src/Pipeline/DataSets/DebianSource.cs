using OnnxKd.Core.Errors;

namespace OnnxKd.Pipeline.DataSets;

/// <summary>
/// Debian's archive. Packages are fetched and unpacked, not installed, which any user may do; where the system has no lists of packages, apt-get makes
/// lists of its own beside the packages.
/// </summary>
/// <param name="tools">apt-get and dpkg-deb.</param>
/// <param name="scratch">A folder for those lists.</param>
/// <param name="note">Told what takes time.</param>
internal sealed class DebianSource(PackageTools tools, string scratch, Action<string> note) : PackageSource
{
    private string[]? ownLists;

    /// <inheritdoc/>
    public override string Fetch(DataPackage package, string folder, CancellationToken token)
    {
        var result = Download();
        if (!result.Succeeded && ownLists is null)
        {
            note("fetching Debian's lists of packages");
            var lists = Path.Combine(scratch, "lists");
            Directory.CreateDirectory(Path.Combine(lists, "partial"));
            Directory.CreateDirectory(Path.Combine(scratch, "archives", "partial"));
            ownLists = ["-o", $"Dir::State::lists={lists}", "-o", $"Dir::Cache={scratch}"];
            result = Run(package, folder, token, ["update", "--error-on=any"]) is { Succeeded: false } failed ? failed : Download();
        }
        return result.Succeeded
            ? Archive(folder, ".deb", package)
            : throw Failed(
                "apt-get", package, result, $"check the network; Debian 12 has this version, other systems may not: there use a container of Debian 12, {ByHand}");

        ToolResult Download() => Run(package, folder, token, ["download", $"{package.Name}={package.Version}"]);
    }

    /// <inheritdoc/>
    public override void Read(string archive, DataPackage package, Action<string, Stream> visit)
    {
        using var process = PackageTools.Start(tools.DpkgDeb, Path.GetDirectoryName(archive)!, "--fsys-tarfile", archive) ?? throw Missing(archive);
        var errors = process.StandardError.ReadToEndAsync();
        ReadTar(process.StandardOutput.BaseStream, visit);
        process.StandardOutput.BaseStream.CopyTo(Stream.Null); // what follows the last entry
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InputException("A package is damaged.", archive, errors.Result.Trim(), remedy: "run the command again");
    }

    private ToolResult Run(DataPackage package, string folder, CancellationToken token, string[] words) =>
        PackageTools.Run(tools.AptGet, folder, token, ["--quiet=2", .. ownLists ?? [], .. words]) ?? throw Missing(package.Id);

    private static InputException Missing(string where) => new(
        "A package of Debian is needed, and this system has no apt-get and dpkg-deb.", where, expected: "Debian 12",
        remedy: $"fetch the set in a container of Debian 12, {ByHand}");
}
