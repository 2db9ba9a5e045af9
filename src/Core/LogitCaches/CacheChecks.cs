using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;

namespace OnnxKd.Core.LogitCaches;

/// <summary>The checks that writer and reader share.</summary>
internal static class CacheChecks
{
    /// <summary>Checks that a cache is the one that is wanted.</summary>
    /// <exception cref="CheckFailedException">Names the first field that differs.</exception>
    public static void RequireIdentity(string folder, CacheIdentity found, CacheIdentity expected)
    {
        if (CacheIdentity.Difference(found, expected) is { } difference)
            throw Differs(folder, difference.Field, difference.Found, difference.Expected);
    }

    /// <summary>Checks length and digest of every finished shard.</summary>
    /// <exception cref="CheckFailedException">A byte is not what the manifest says.</exception>
    public static void RequireShards(string folder, CacheManifest manifest)
    {
        foreach (var shard in manifest.Shards)
        {
            var file = new FileInfo(Path.Combine(folder, shard.File));
            if (!file.Exists)
                throw Damaged(file.FullName, "no such file", $"{shard.Bytes} bytes");
            if (file.Length != shard.Bytes)
                throw Damaged(file.FullName, $"{file.Length} bytes", $"{shard.Bytes} bytes");
            var digest = Hashing.Sha256OfFile(file.FullName);
            if (digest != shard.Sha256)
                throw Damaged(file.FullName, $"SHA-256 {digest}", $"SHA-256 {shard.Sha256}");
        }
    }

    /// <summary>An error about a cache that was made from something else.</summary>
    public static CheckFailedException Differs(string folder, string field, string found, string expected) => new(
        $"A logit cache was made with another {field}.",
        where: folder,
        found: $"{field} {found} in the cache",
        expected: $"{field} {expected}",
        remedy: "choose another folder for the cache, or delete this one to capture again");

    private static CheckFailedException Damaged(string path, string found, string expected) => new(
        "A shard of a logit cache is damaged.", where: path, found, expected, "delete the cache's folder and capture again");
}
