using System.Text;
using System.Text.Json;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Text;

namespace OnnxKd.Core.LogitCaches;

/// <summary>A finished shard.</summary>
/// <param name="File">Its name within the cache's folder.</param>
/// <param name="FirstRow">The first row in it.</param>
/// <param name="Rows">How many rows.</param>
/// <param name="Bytes">The file's length.</param>
/// <param name="Sha256">The file's digest.</param>
internal sealed record CacheShard(string File, long FirstRow, long Rows, long Bytes, string Sha256);

/// <summary>The file <c>manifest.json</c>: what the cache was made from and which rows are in place (docs/cache-format.md).</summary>
internal sealed record CacheManifest
{
    public const string FileName = "manifest.json";
    private const string FormatName = "onnxkd-logit-cache";
    private const int CurrentVersion = 1;
    private const int MaxBytes = 1 << 28;

    public required string Format { get; init; }

    public required int Version { get; init; }

    public required bool Complete { get; init; }

    public required CacheIdentity Identity { get; init; }

    public required int BatchSize { get; init; }

    public required long RowsPerShard { get; init; }

    public required IReadOnlyList<CacheShard> Shards { get; init; }

    /// <summary>SHA-256 of this document without this field, so that no change of the manifest itself goes unnoticed.</summary>
    public string? Checksum { get; init; }

    /// <summary>Rows in all.</summary>
    public long TotalRows => Identity.Samples * Identity.Views;

    /// <summary>Rows in finished shards.</summary>
    public long StoredRows => Shards.Count == 0 ? 0 : Shards[^1].FirstRow + Shards[^1].Rows;

    /// <summary>The manifest of a cache without any row.</summary>
    public static CacheManifest Start(CacheIdentity identity, int batchSize, long rowsPerShard) => new()
    {
        Format = FormatName,
        Version = CurrentVersion,
        Complete = false,
        Identity = identity,
        BatchSize = batchSize,
        RowsPerShard = rowsPerShard,
        Shards = [],
    };

    /// <summary>Reads and checks a manifest.</summary>
    /// <exception cref="InputException">There is none, or a newer version of this program made it.</exception>
    /// <exception cref="CheckFailedException">It was changed or damaged.</exception>
    public static CacheManifest Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        var bytes = ReadFile(path);
        RequireVersion(bytes, path);
        CacheManifest manifest;
        try
        {
            manifest = CanonicalJson.Deserialize<CacheManifest>(bytes, path);
        }
        catch (InputException error)
        {
            throw Damaged(path, error.Message.ReplaceLineEndings(" "), error);
        }
        if (manifest.Checksum != manifest.ComputeChecksum())
            throw Damaged(path, "its content does not fit its checksum");
        if (!bytes.AsSpan().SequenceEqual(Encoding.UTF8.GetBytes(CanonicalJson.Serialize(manifest))))
            throw Damaged(path, "it is not in the form in which it was written");
        if (manifest.Problem() is { } problem)
            throw Damaged(path, problem);
        return manifest;
    }

    /// <summary>Writes the manifest atomically.</summary>
    public void Write(string folder) =>
        AtomicFile.WriteAllText(Path.Combine(folder, FileName), CanonicalJson.Serialize(this with { Checksum = ComputeChecksum() }));

    private string ComputeChecksum() => Hashing.Sha256(CanonicalJson.Serialize(this with { Checksum = null }));

    private static byte[] ReadFile(string path)
    {
        try
        {
            return new FileInfo(path).Length <= MaxBytes ? File.ReadAllBytes(path) : throw Damaged(path, "it is too long");
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InputException(
                "A folder is not a logit cache.",
                where: Path.GetDirectoryName(path),
                found: $"no {FileName}",
                remedy: "name the folder of a cache, or make one with 'onnxkd cache'",
                inner: error);
        }
    }

    private static void RequireVersion(byte[] bytes, string path)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || RawText("format") != $"\"{FormatName}\"")
                throw Damaged(path, $"it does not name the format {FormatName}");
            if (RawText("version") != $"{CurrentVersion}")
                throw new InputException(
                    "A logit cache has another version.",
                    where: path,
                    found: RawText("version") ?? "none",
                    expected: $"{CurrentVersion}",
                    remedy: "capture it again, or use the version of onnxkd that made it");

            string? RawText(string name) => root.TryGetProperty(name, out var value) ? value.GetRawText() : null;
        }
        catch (Exception error) when (CanonicalJson.IsMalformed(error))
        {
            throw Damaged(path, error.Message, error);
        }
    }

    /// <summary>A contradiction among the fields; they come from a file and size what is read next.</summary>
    private string? Problem()
    {
        if (CacheIdentityRules.Problem(Identity, BatchSize) is { } problem)
            return problem;
        if (RowsPerShard < 1 || RowsPerShard % BatchSize != 0)
            return "rows_per_shard is not a multiple of batch_size";
        long next = 0;
        foreach (var shard in Shards)
        {
            var rows = Math.Min(RowsPerShard, TotalRows - next);
            if (rows < 1 || shard is null || shard.FirstRow != next || shard.Rows != rows || shard.File != ShardLayout.FileName(next, rows))
                return $"the shard of row {next} does not follow from the number of rows";
            next += rows;
        }
        return Complete && next != TotalRows ? "it says that the cache is complete, but rows are missing" : null;
    }

    private static CheckFailedException Damaged(string path, string why, Exception? inner = null) => new(
        $"A logit cache's manifest is damaged: {why}.", where: path, remedy: "delete the cache's folder and capture again", inner: inner);
}
