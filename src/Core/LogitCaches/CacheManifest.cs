using System.Globalization;
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
    private const int CurrentVersion = 2;
    private const int MaxBytes = 1 << 28;

    public required string Format { get; init; }

    public required int Version { get; init; }

    public required bool Complete { get; init; }

    public required CacheIdentity Identity { get; init; }

    public required int BatchSize { get; init; }

    public required long RowsPerShard { get; init; }

    public required IReadOnlyList<CacheShard> Shards { get; init; }

    /// <summary>How the rows are spread over shards.</summary>
    public ShardLayout Layout => new(Identity.Rows, BatchSize, RowsPerShard);

    /// <summary>The manifest of a cache without any row.</summary>
    public static CacheManifest Start(CacheIdentity identity, ShardLayout layout) => new()
    {
        Format = FormatName,
        Version = CurrentVersion,
        Complete = false,
        Identity = identity,
        BatchSize = layout.BatchSize,
        RowsPerShard = layout.RowsPerShard,
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
        if (!SealedJson.TryOpen(bytes, out var content))
            throw Damaged(path, "its content does not fit its checksum");
        CacheManifest manifest;
        try
        {
            manifest = CanonicalJson.Deserialize<CacheManifest>(content, path);
        }
        catch (CheckFailedException error)
        {
            throw Damaged(path, error.Message.ReplaceLineEndings(" "), error);
        }
        if (manifest.Problem() is { } problem)
            throw Damaged(path, problem);
        return manifest;
    }

    /// <summary>Writes the manifest atomically.</summary>
    public void Write(string folder) => AtomicFile.WriteAllText(Path.Combine(folder, FileName), SealedJson.Serialize(this));

    private const string Kind = "A cache's manifest";

    private static byte[] ReadFile(string path)
    {
        if (!File.Exists(path))
            throw new InputException(
                "A folder is not a logit cache.",
                where: Path.GetDirectoryName(path),
                found: $"no {FileName}",
                remedy: "name the folder of a cache, or make one with 'onnxkd cache'");
        InputFile.RequireRegular(path, Kind);
        return FileStatus.Of(path).Length <= MaxBytes ? InputFile.ReadAllBytes(path, Kind) : throw Damaged(path, "it is too long");
    }

    private static void RequireVersion(byte[] bytes, string path)
    {
        try
        {
            var (format, version) = ReadVersion(bytes);
            if (format != FormatName)
                throw Damaged(path, $"it does not name the format {FormatName}");
            if (version != CurrentVersion)
                throw new InputException(
                    "A logit cache has another version.",
                    where: path,
                    found: version?.ToString(CultureInfo.InvariantCulture) ?? "none",
                    expected: $"{CurrentVersion}",
                    remedy: "capture it again, or use the version of onnxkd that made it");
        }
        catch (Exception error) when (CanonicalJson.IsMalformed(error))
        {
            throw Damaged(path, error.Message, error);
        }
    }

    /// <summary>Reads the first two fields, which stay as they are in every version; the rest is left alone.</summary>
    private static (string? Format, long? Version) ReadVersion(byte[] bytes)
    {
        var reader = new Utf8JsonReader(bytes);
        var format = Next(ref reader, JsonTokenType.StartObject) && NextName(ref reader, "format"u8)
            && Next(ref reader, JsonTokenType.String) && reader.ValueSpan.Length == FormatName.Length
            ? reader.GetString()
            : null;
        long? version = format is not null && NextName(ref reader, "version"u8) && Next(ref reader, JsonTokenType.Number)
            && reader.TryGetInt64(out var number)
            ? number
            : null;
        return (format, version);

        static bool Next(ref Utf8JsonReader reader, JsonTokenType type) => reader.Read() && reader.TokenType == type;

        static bool NextName(ref Utf8JsonReader reader, ReadOnlySpan<byte> name) =>
            Next(ref reader, JsonTokenType.PropertyName) && reader.ValueTextEquals(name);
    }

    /// <summary>A contradiction among the fields; they come from a file and size what is read next.</summary>
    private string? Problem()
    {
        if (CacheIdentityRules.Problem(Identity, BatchSize) is { } problem)
            return problem;
        if (RowsPerShard is < 1 or > CacheIdentityRules.MaxRows || RowsPerShard % BatchSize != 0)
            return $"rows_per_shard is {RowsPerShard}, which is not a multiple of batch_size";
        var layout = Layout;
        if (layout.ShardCount > ShardLayout.MaxShards)
            return $"{layout.ShardCount} shards are above {ShardLayout.MaxShards}";
        if (Shards.Count != (Complete ? layout.ShardCount : 0))
            return "only a complete cache lists its shards, and it lists all";
        for (var i = 0; i < Shards.Count; i++)
        {
            var rows = layout.Shard(i);
            if (Shards[i] is not { } shard || shard.FirstRow != rows.First || shard.Rows != rows.Count
                || shard.File != ShardLayout.FileName(rows))
                return $"the shard of row {rows.First} does not follow from the number of rows";
        }
        return null;
    }

    private static CheckFailedException Damaged(string path, string why, Exception? inner = null) => new(
        $"A logit cache's manifest is damaged: {why}.", where: path, remedy: "delete the cache's folder and capture again", inner: inner);
}
