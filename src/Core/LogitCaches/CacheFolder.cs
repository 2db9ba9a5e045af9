using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;

namespace OnnxKd.Core.LogitCaches;

/// <summary>What writers, readers and merging do to a cache's folder as a whole.</summary>
internal static class CacheFolder
{
    /// <summary>Only a small file is written while the folder is locked.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>Whether there is a manifest.</summary>
    public static bool HasManifest(string folder) => File.Exists(Path.Combine(folder, CacheManifest.FileName));

    /// <summary>Reads the manifest, or writes a first one.</summary>
    /// <returns>The manifest, and whether it is new.</returns>
    /// <exception cref="CheckFailedException">There are shards, but no manifest.</exception>
    public static (CacheManifest Manifest, bool IsNew) OpenOrStart(string folder, CacheManifest first)
    {
        using var folderLock = FolderLock.Acquire(folder, Patience);
        if (HasManifest(folder))
            return (CacheManifest.Read(folder), false);
        if (Directory.EnumerateFiles(folder, "rows-*").Any())
            throw new CheckFailedException(
                "A logit cache has lost its manifest.",
                where: folder,
                found: $"shards, but no {CacheManifest.FileName}",
                remedy: "delete the folder and capture again");
        Delete(folder, $"{CacheManifest.FileName}.*{AtomicFile.TemporarySuffix}");
        first.Write(folder);
        return (first, true);
    }

    /// <summary>Writes the manifest of a complete cache, and removes what is not needed any more.</summary>
    public static void Finish(string folder, CacheManifest complete)
    {
        using var folderLock = FolderLock.Acquire(folder, Patience);
        complete.Write(folder);
        Delete(folder, $"*{AtomicFile.TemporarySuffix}");
        Delete(folder, $"rows-*{ShardLayout.JournalSuffix}");
    }

    /// <summary>Removes what was left of an attempt to write a shard.</summary>
    public static void DeleteAttempts(string folder, RowRange rows) =>
        Delete(folder, $"{ShardLayout.FileName(rows)}.*{AtomicFile.TemporarySuffix}");

    /// <summary>Checks that a cache is the one that is wanted.</summary>
    /// <exception cref="CheckFailedException">Names the first field that differs.</exception>
    public static void RequireIdentity(string folder, CacheIdentity found, CacheIdentity expected)
    {
        if (CacheIdentity.Difference(found, expected) is { } difference)
            throw Differs(folder, difference.Field, difference.Found, difference.Expected);
    }

    /// <summary>An error about a cache that was made from something else.</summary>
    public static CheckFailedException Differs(string folder, string field, string found, string expected) => new(
        $"A logit cache was made with another {field}.",
        where: folder,
        found: $"{field} {found} in the cache",
        expected: $"{field} {expected}",
        remedy: "choose another folder for the cache, or delete this one to capture again");

    private static void Delete(string folder, string pattern)
    {
        foreach (var file in Directory.EnumerateFiles(folder, pattern).ToList())
            File.Delete(file);
    }
}
