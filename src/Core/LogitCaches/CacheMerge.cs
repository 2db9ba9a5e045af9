using OnnxKd.Core.Errors;

namespace OnnxKd.Core.LogitCaches;

/// <summary>Which rows of a cache are in finished shards.</summary>
/// <param name="Identity">What the cache is made from.</param>
/// <param name="StoredRows">Rows in finished shards.</param>
/// <param name="Missing">Rows that are in none, in order.</param>
/// <param name="Complete">Whether the manifest says that the cache is complete.</param>
public sealed record CacheCoverage(CacheIdentity Identity, long StoredRows, IReadOnlyList<RowRange> Missing, bool Complete);

/// <summary>
/// Puts together a cache whose parts were captured by several processes. Shards stay as they are; only the manifest changes.
/// </summary>
public static class CacheMerge
{
    /// <summary>Looks which rows there are, by the names of files; their bytes are not read.</summary>
    /// <exception cref="InputException">The folder is not a cache.</exception>
    /// <exception cref="CheckFailedException">The manifest is damaged.</exception>
    public static CacheCoverage Coverage(string folder) => Coverage(folder, CacheManifest.Read(folder));

    /// <summary>Completes a cache whose rows are all there, after checking every byte; a complete one is only checked.</summary>
    /// <exception cref="InputException">The folder is not a cache.</exception>
    /// <exception cref="CheckFailedException">Rows are missing (the message names them), or a byte was changed.</exception>
    public static CacheCoverage Merge(string folder)
    {
        var manifest = CacheManifest.Read(folder);
        if (!TryComplete(folder, manifest, new(manifest.Identity), new Dictionary<long, CacheShard>()))
            throw NotComplete(folder, Coverage(folder, manifest));
        return Coverage(folder);
    }

    /// <summary>Completes the manifest if every shard is there.</summary>
    /// <param name="folder">The cache's folder.</param>
    /// <param name="manifest">Its manifest.</param>
    /// <param name="format">Its rows.</param>
    /// <param name="known">Shards, by first row, that need not be checked again.</param>
    /// <returns>Whether the cache is complete.</returns>
    internal static bool TryComplete(
        string folder, CacheManifest manifest, RowFormat format, IReadOnlyDictionary<long, CacheShard> known)
    {
        if (Coverage(folder, manifest).Missing.Count > 0)
            return false;
        var shards = new List<CacheShard>();
        for (long index = 0; index < manifest.Layout.ShardCount; index++)
        {
            var rows = manifest.Layout.Shard(index);
            shards.Add(known.GetValueOrDefault(rows.First) ?? ShardFile.Verify(folder, manifest.Identity, format, rows));
        }
        if (!manifest.Complete)
            CacheFolder.Finish(folder, manifest with { Complete = true, Shards = shards });
        else if (shards.Zip(manifest.Shards).FirstOrDefault(pair => pair.First != pair.Second) is ({ } found, { } expected))
            throw ShardFile.Damaged(Path.Combine(folder, found.File), $"SHA-256 {found.Sha256}", $"SHA-256 {expected.Sha256}");
        return true;
    }

    /// <summary>An error about rows that are not there yet.</summary>
    internal static CheckFailedException NotComplete(string folder, CacheCoverage coverage) => new(
        "A logit cache is not finished.",
        where: folder,
        found: coverage.Missing.Count == 0
            ? "all rows, but not merged"
            : $"{coverage.StoredRows} of {coverage.Identity.Rows} rows in finished shards; the first missing: {coverage.Missing[0]}",
        expected: $"{coverage.Identity.Rows} rows",
        remedy: coverage.Missing.Count == 0
            ? "run 'onnxkd cache merge' on it"
            : "run the capture again (for the parts that are missing): it goes on where it stopped");

    private static CacheCoverage Coverage(string folder, CacheManifest manifest)
    {
        var files = Directory.EnumerateFiles(folder, $"rows-*{ShardLayout.ShardSuffix}");
        var names = files.Select(Path.GetFileName).ToHashSet(StringComparer.Ordinal);
        var missing = new List<RowRange>();
        for (long index = 0; index < manifest.Layout.ShardCount; index++)
        {
            var rows = manifest.Layout.Shard(index);
            if (names.Contains(ShardLayout.FileName(rows)))
                continue;
            if (missing.Count > 0 && missing[^1].End == rows.First)
                missing[^1] = missing[^1] with { Count = missing[^1].Count + rows.Count };
            else
                missing.Add(rows);
        }
        return new(manifest.Identity, manifest.Identity.Rows - missing.Sum(rows => rows.Count), missing, manifest.Complete);
    }
}
