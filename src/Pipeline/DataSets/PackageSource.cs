using System.Formats.Tar;
using OnnxKd.Core.Errors;

namespace OnnxKd.Pipeline.DataSets;

/// <summary>Where packages are published: fetches them, and reads their archives.</summary>
internal abstract class PackageSource
{
    /// <summary>What a user without the program or the network can do.</summary>
    protected const string ByHand = "or copy the set's folder from a machine that has it";

    /// <summary>Fetches a package.</summary>
    /// <param name="package">Which.</param>
    /// <param name="folder">An empty folder, which becomes that of the archive.</param>
    /// <param name="token">Stops it.</param>
    /// <returns>The archive's path.</returns>
    /// <exception cref="InputException">The program is missing, or the package cannot be fetched.</exception>
    public abstract string Fetch(DataPackage package, string folder, CancellationToken token);

    /// <summary>Reads an archive. Links and whatever else is no plain file are passed over.</summary>
    /// <param name="archive">Its path.</param>
    /// <param name="package">The package.</param>
    /// <param name="visit">Told of each file: its path in the package, and its content.</param>
    /// <exception cref="InputException">It is damaged.</exception>
    public abstract void Read(string archive, DataPackage package, Action<string, Stream> visit);

    /// <summary>Reads a tar stream.</summary>
    protected static void ReadTar(Stream tar, Action<string, Stream> visit)
    {
        using var reader = new TarReader(tar, leaveOpen: true);
        while (reader.GetNextEntry() is { } entry)
            if (entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile)
                visit(entry.Name.StartsWith("./", StringComparison.Ordinal) ? entry.Name[2..] : entry.Name, entry.DataStream ?? Stream.Null);
    }

    /// <summary>The only file in a folder with that ending.</summary>
    protected static string Archive(string folder, string ending, DataPackage package) => Directory.GetFiles(folder, $"*{ending}") is [var file]
        ? file
        : throw new InputException("A package was fetched, and its file is not there.", folder, expected: $"one file of {package.Id} that ends in {ending}");

    /// <summary>That a package cannot be fetched.</summary>
    protected static InputException Failed(string program, DataPackage package, ToolResult result, string remedy) =>
        new($"{program} could not fetch a package.", package.Id, result.Summary, remedy: remedy);
}
