namespace OnnxKd.Core.LogitCaches;

/// <summary>How rows are spread over files.</summary>
internal static class ShardLayout
{
    /// <summary>The tensor of values, [rows, classes] float32.</summary>
    public const string LogitsTensor = "logits";

    /// <summary>The tensor of sample ids, [rows] int64.</summary>
    public const string IdsTensor = "ids";

    /// <summary>Ends the name of the journal of the shard in progress.</summary>
    public const string JournalSuffix = ".partial";

    private const long TargetBytes = 64L << 20;

    /// <summary>Whole batches of about 64 MiB of logits; at least one batch.</summary>
    public static long RowsPerShard(int classes, int batchSize) =>
        Math.Max(1, TargetBytes / ((long)classes * sizeof(float) * batchSize)) * batchSize;

    /// <summary>The name of a finished shard; names sort in the order of rows.</summary>
    public static string FileName(long firstRow, long rows) => $"rows-{firstRow:D12}-{rows}.safetensors";

    /// <summary>The name of a shard in progress.</summary>
    public static string JournalName(long firstRow) => $"rows-{firstRow:D12}{JournalSuffix}";
}
