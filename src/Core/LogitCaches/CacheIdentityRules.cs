using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.LogitCaches;

/// <summary>What must hold of an identity, whether it comes from a caller or from a file.</summary>
internal static class CacheIdentityRules
{
    /// <summary>More rows than any cache has; products of it with sizes in bytes stay within 64 bits.</summary>
    public const long MaxRows = 1L << 40;

    private const double WeightTolerance = 1e-9;
    private const long MaxBatchBytes = 1 << 30;
    private const int MaxAxes = 16;
    private const string NameCharacters = "abcdefghijklmnopqrstuvwxyz0123456789._-";

    /// <summary>What is wrong; <c>null</c> if nothing is.</summary>
    public static string? Problem(CacheIdentity identity, int batchSize)
    {
        if (identity.Samples < 1 || identity.Views < 1 || identity.Samples > MaxRows / identity.Views)
            return $"samples is {identity.Samples} and views is {identity.Views}";
        if (identity.FirstId < 0 || identity.FirstId > long.MaxValue - identity.Samples)
            return $"first_id is {identity.FirstId}";
        if (!IsDigest(identity.SamplesDigest))
            return "samples_digest is not a SHA-256 in lower-case hexadecimal";
        if (identity.Augmentation.Problem() is { } problem)
            return $"augmentation.{problem.Setting} is {problem.Found}";
        if (identity.Teachers.Count == 0 || identity.Teachers.Contains(null!)
            || identity.Combination == Combination.Single
                != (identity.Teachers.Count == 1 || identity.Streams.All(stream => stream?.Teacher is not null)))
            return $"combination is {identity.Combination} with {identity.Teachers.Count} teachers";
        if (identity.Teachers.Any(teacher => !IsDigest(teacher.Digest)))
            return "the digest of a teacher is not a SHA-256 in lower-case hexadecimal";
        if (identity.Teachers.Any(teacher => !(teacher.Weight > 0)) || Math.Abs(identity.Teachers.Sum(t => t.Weight) - 1) > WeightTolerance)
            return "the weights of the teachers are not positive with sum 1";
        return batchSize < 1 ? $"the batch size is {batchSize}" : StreamsProblem(identity.Streams, identity.Teachers.Count, batchSize);
    }

    /// <summary>What is wrong with streams, before it is known whose samples they are of; <c>null</c> if nothing is.</summary>
    /// <param name="streams">The streams.</param>
    /// <param name="teachers">How many teachers there are.</param>
    /// <param name="batchSize">Rows that are stored together.</param>
    public static string? StreamsProblem(IReadOnlyList<CacheStream> streams, int teachers, int batchSize)
    {
        if (streams.Count == 0 || streams.Contains(null!))
            return "there is no stream";
        if (streams.Select(stream => stream.Name).Distinct(StringComparer.Ordinal).Count() < streams.Count)
            return "two streams have the same name";
        long bytes = 0;
        foreach (var stream in streams)
        {
            if (StreamProblem(stream, teachers, out var rowBytes) is { } problem)
                return $"stream '{stream.Name}': {problem}";
            bytes += rowBytes;
        }
        return bytes > MaxBatchBytes / batchSize
            ? $"a batch of {batchSize} rows of {bytes} bytes is above {MaxBatchBytes} bytes: choose a smaller batch size"
            : null;
    }

    /// <summary>The order of these checks keeps every product within 64 bits.</summary>
    private static string? StreamProblem(CacheStream stream, int teachers, out long rowBytes)
    {
        rowBytes = 0;
        if (stream.Name.Length == 0 || stream.Name.AsSpan().ContainsAnyExcept(NameCharacters) || stream.Name == ShardLayout.IdsTensor)
            return $"a name has lower-case letters, digits, '.', '_' and '-', and is not '{ShardLayout.IdsTensor}'";
        if (stream.Teacher is { } teacher && (uint)teacher >= teachers)
            return $"teacher {teacher} of {teachers}";
        if (stream.Shape.Count is < 1 or > MaxAxes || stream.Shape.Any(size => size < 1))
            return $"its shape is {Shapes.Format(stream.Shape)}";
        if (!Shapes.TryBytes(ElementType.Float32, [.. stream.Shape.Select(size => (long)size)], out var dense) || dense > MaxBatchBytes)
            return $"its shape {Shapes.Format(stream.Shape)} is too large";
        if (stream.Subset is { } subset && (stream.Kind is StreamKind.Logit or StreamKind.LogProbability
                ? subset.Problem(stream.Classes) : "a subset of classes of what has none") is { } mistake)
            return mistake;
        if (stream.Kind == StreamKind.Detection != (stream.Detector is not null) || stream.Detector?.Classes(stream.Classes) < 1)
            return "what the columns of a detector are does not fit its kind and shape";
        if (stream.Storage.Problem(stream) is { } problem)
            return problem;
        rowBytes = Math.Max(dense, stream.BytesPerRow);
        return null;
    }

    private static bool IsDigest(string text) => text.Length == 64 && text.All(char.IsAsciiHexDigitLower);
}
