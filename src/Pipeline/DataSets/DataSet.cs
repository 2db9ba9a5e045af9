using OnnxKd.Core.Files;

namespace OnnxKd.Pipeline.DataSets;

/// <summary>A data set that is known by name.</summary>
/// <param name="Name">Its name, and that of its folder.</param>
/// <param name="Content">What it is, in a line.</param>
/// <param name="Licence">Under what terms it may be used.</param>
/// <param name="Packages">Where it comes from.</param>
/// <param name="Parts">Its parts that are ready to learn from; none where it has to be prepared first.</param>
internal sealed record DataSet(
    string Name, string Content, string Licence, IReadOnlyList<DataPackage> Packages, params IReadOnlyList<DataPart> Parts)
{
    /// <summary>How it is made of another set; <c>null</c>: it is published.</summary>
    public Derivation? Derived { get; init; }

    /// <summary>The size of all packages, in bytes.</summary>
    public long Bytes => Packages.Sum(package => package.Bytes);

    /// <summary>SHA-256 of all that decides what lies in the folder.</summary>
    public string Digest => Derived is { } derived
        ? Hashing.Sha256($"{Name} of {DataSetTable.Find(derived.Of, Name).Digest}")
        : Hashing.Sha256(string.Join('\n', Packages.SelectMany(package => package.Items, (package, item) => $"{package.Id} {item}")));

    /// <summary>Where it comes from, for people.</summary>
    public string Origin => Derived is { } derived ? $"made of {derived.Of}" : Packages is [var only] ? only.Id : $"{Packages.Count} packages ({Packages[0].Id}, ...)";
}

/// <summary>How a set is made of another one.</summary>
/// <param name="Of">The other one's name.</param>
/// <param name="Make">Makes its files: given the other set and its folder, and where to put them.</param>
internal sealed record Derivation(string Of, Action<DataSet, string, string> Make);

/// <summary>A published package.</summary>
/// <param name="Kind">Where it is published.</param>
/// <param name="Name">Its name.</param>
/// <param name="Version">Its version.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Items">What is taken from it.</param>
internal sealed record DataPackage(PackageKind Kind, string Name, string Version, long Bytes, params IReadOnlyList<DataItem> Items)
{
    /// <summary>For people.</summary>
    public string Id => Kind switch
    {
        PackageKind.Npm => $"npm {Name}@{Version}",
        PackageKind.Debian => $"Debian {Name}={Version}",
        _ => $"NuGet {Name} {Version}",
    };
}

/// <summary>Where packages are published.</summary>
internal enum PackageKind
{
    /// <summary>npm's registry.</summary>
    Npm,

    /// <summary>Debian's archive.</summary>
    Debian,

    /// <summary>NuGet's gallery.</summary>
    NuGet,
}

/// <summary>A file or a folder of a package.</summary>
/// <param name="From">Its path in the package; that of a folder ends in a slash. What an assembly holds as a resource lies below the assembly: <c>lib/a.dll/name</c>.</param>
/// <param name="To">Its path in the set's folder; empty for that folder itself.</param>
/// <param name="Sha256">
/// Of the file's bytes; of a folder, SHA-256 of the list of its files as <c>sha256sum</c> writes it: a line of digest, two spaces, path within the
/// folder and line feed for each, by path in ordinal order.
/// </param>
internal sealed record DataItem(string From, string To, string Sha256)
{
    /// <summary>Whether it is a folder.</summary>
    public bool IsFolder => From.EndsWith('/');
}

/// <summary>A part of a set.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Samples">The file of samples in the set's folder.</param>
/// <param name="Labels">The file of labels.</param>
internal sealed record DataPart(string Name, string Samples, string? Labels);
