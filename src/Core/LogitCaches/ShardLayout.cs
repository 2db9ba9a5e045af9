namespace OnnxKd.Core.LogitCaches;

/// <summary>How rows are spread over files: shards of so many rows, the last one shorter. Nothing else decides it.</summary>
/// <param name="TotalRows">Rows in all.</param>
/// <param name="BatchSize">Rows per batch.</param>
/// <param name="RowsPerShard">A multiple of the batch size.</param>
internal sealed record ShardLayout(long TotalRows, int BatchSize, long RowsPerShard)
{
    /// <summary>The tensor of sample ids, [rows] int64.</summary>
    public const string IdsTensor = "ids";

    /// <summary>Ends the name of a finished shard.</summary>
    public const string ShardSuffix = ".safetensors";

    /// <summary>Ends the name of the journal of a shard in progress.</summary>
    public const string JournalSuffix = ".partial";

    /// <summary>More than any folder should hold.</summary>
    public const long MaxShards = 1 << 22;

    private const long TargetBytes = 64L << 20;

    /// <summary>Small caches are cut into so many shards, if they have as many batches, so that processes can share the work.</summary>
    private const long LeastShards = 16;

    /// <summary>How many shards there are.</summary>
    public long ShardCount => (TotalRows - 1) / RowsPerShard + 1;

    /// <summary>The layout of a new cache: whole batches, at most 64 MiB a shard (but at least one batch).</summary>
    public static ShardLayout Choose(long totalRows, int batchSize, long rowBytes)
    {
        var bySize = TargetBytes / (rowBytes * batchSize);
        var byShare = ((totalRows - 1) / batchSize + LeastShards) / LeastShards;
        return new(totalRows, batchSize, Math.Max(1, Math.Min(bySize, byShare)) * batchSize);
    }

    /// <summary>The rows of a shard.</summary>
    public RowRange Shard(long index) => new(index * RowsPerShard, Math.Min(RowsPerShard, TotalRows - index * RowsPerShard));

    /// <summary>The rows of a part: whole shards.</summary>
    public RowRange Rows(CachePart part)
    {
        var (first, end) = part.Of(ShardCount);
        return new(first * RowsPerShard, Math.Min(end * RowsPerShard, TotalRows) - first * RowsPerShard);
    }

    /// <summary>The name of a finished shard; names sort in the order of rows.</summary>
    public static string FileName(RowRange rows) => $"rows-{rows.First:D12}-{rows.Count}{ShardSuffix}";

    /// <summary>Whether a file's name is that of a finished shard.</summary>
    public static bool IsShard(string name) => name.StartsWith("rows-", StringComparison.Ordinal) && name.EndsWith(ShardSuffix, StringComparison.Ordinal);

    /// <summary>The name of the journal of a shard.</summary>
    public static string JournalName(RowRange rows) => $"rows-{rows.First:D12}{JournalSuffix}";
}
