using System.Numerics.Tensors;
using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Progress;
using OnnxKd.Core.Randomness;
using OnnxKd.Core.TransferSets;
using OnnxKd.TeacherRunner.Ensembles;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.TeacherRunner.Capture;

/// <summary>How a stream compares with what the teachers give now.</summary>
/// <param name="Stream">Its name.</param>
/// <param name="Rows">The rows that were compared.</param>
/// <param name="Measure">What the error is of: <c>values</c>, or <c>probabilities</c> where a storage keeps only some classes.</param>
/// <param name="MaxError">The largest difference.</param>
/// <param name="Top1Agreement">The share of positions with the same top class; <c>null</c> where no classes are stored.</param>
/// <param name="Problem">Where the difference is too large; <c>null</c>: nowhere.</param>
public sealed record StreamReplay(string Stream, long Rows, string Measure, double MaxError, double? Top1Agreement, string? Problem);

/// <summary>Runs random rows of a finished cache through the teachers again.</summary>
public static class CacheReplay
{
    private const int MostAtOnce = 32;

    /// <summary>Replays rows.</summary>
    /// <param name="cache">The cache.</param>
    /// <param name="set">The set that it was captured from.</param>
    /// <param name="options">The capture's options; the device may be another one.</param>
    /// <param name="rows">How many rows; all of them if there are no more.</param>
    /// <param name="seed">Decides which rows.</param>
    /// <param name="progress">Told about rows.</param>
    /// <param name="token">Stops between batches.</param>
    /// <exception cref="CheckFailedException">The cache was made from other teachers, samples or settings.</exception>
    public static IReadOnlyList<StreamReplay> Run(
        LogitCache cache, TransferSet set, CaptureOptions options, long rows, ulong seed, IProgress<StageProgress>? progress,
        CancellationToken token)
    {
        CaptureRules.Check(options);
        cache.RequireSamples(set);
        // Whatever picked the classes that are stored, here all of them are looked at.
        using var teachers = new TeacherEnsemble(set, options with { PicksInSession = false, Teachers = [.. options.Teachers.Select(AsCached)] });
        cache.RequireIdentity(teachers.Identity() with { Provider = cache.Identity.Provider });

        var comparisons = cache.Streams.Select(stream => new ReplayComparison(cache, stream, set)).ToArray();
        var capacity = teachers.RoundUp(BatchSize.For(set.SampleElements, cache.Streams.Sum(stream => stream.Values), MostAtOnce));
        var batch = teachers.CreateBuffers(capacity);
        var chosen = Choose(cache.Identity.Rows, rows, seed);
        for (var first = 0; first < chosen.Length; first += batch.Count)
        {
            token.ThrowIfCancellationRequested();
            batch.Select(chosen.AsSpan(first, Math.Min(capacity, chosen.Length - first)), set.Count);
            teachers.Read(batch);
            teachers.Run(batch);
            foreach (var (comparison, values) in comparisons.Zip(teachers.Combine(batch)))
                for (var i = 0; i < batch.Count; i++)
                    comparison.Add(batch.Source(i), values.Span.Slice(i * comparison.Values, comparison.Values));
            progress?.Report(new("verify", first + batch.Count, chosen.Length, "rows"));
        }

        return [.. comparisons.Select(comparison => comparison.Result())];

        // What a teacher's output holds was found when it was captured.
        TeacherOptions AsCached(TeacherOptions teacher, int index) => index < cache.Identity.Teachers.Count
            ? teacher with { Kind = teacher.Kind ?? cache.Identity.Teachers[index].Kind.Output() }
            : teacher;
    }

    /// <summary>So many different rows, in order.</summary>
    private static long[] Choose(long total, long rows, ulong seed)
    {
        if (rows >= total)
            return [.. Enumerable.Range(0, checked((int)total)).Select(row => (long)row)];
        var random = new CounterRandom(seed, RandomPurpose.Verification);
        var chosen = new SortedSet<long>();
        while (chosen.Count < rows)
            chosen.Add((long)(random.NextUInt64() % (ulong)total));
        return [.. chosen];
    }
}

/// <summary>Compares rows of one stream: what is stored against what would be stored now.</summary>
internal sealed class ReplayComparison(LogitCache cache, CacheStream stream, TransferSet set)
{
    // Another batch size lets ONNX Runtime sum in another order; another provider, too.
    private const double Rounding = 1e-3;
    private const double HalfRounding = 2e-2;
    private const double ProbabilityRounding = 1e-2;

    // A column that is nearly nothing beside the others, or beside one, is what rounding leaves of numbers of their order.
    private const double LeastColumn = 0.1;

    private readonly bool isSparse = stream.Storage is not DenseStorage;
    private readonly byte[] bytes = new byte[stream.BytesPerRow];
    private readonly float[] stored = new float[stream.Values];
    private readonly float[] now = new float[stream.Values];
    private readonly CountedPositions? counted = stream.Kind == StreamKind.Feature ? null : new(set, stream.Shape);
    private long rows;
    private long positions;
    private long agreed;
    private readonly double[] sizes = new double[stream.Classes]; // of the largest value in each column
    private readonly (double Error, string? Place)[] worst = new (double, string?)[stream.Classes];
    private double maxError;
    private string? problem;

    /// <summary>Values per row.</summary>
    public int Values => stream.Values;

    /// <summary>Adds a row.</summary>
    /// <param name="source">Its sample and view.</param>
    /// <param name="values">What the teachers give.</param>
    public void Add((long Sample, uint View) source, ReadOnlySpan<float> values)
    {
        var identity = cache.Identity;
        cache.Read(stream, [source.Sample], (int)source.View, stored);
        if (stream.Storage.Encode(stream, new(identity.Seed, identity.FirstId + source.Sample, (int)source.View), values, bytes) >= 0)
            throw new CheckFailedException("A teacher gives a value that cannot be stored.", $"stream '{stream.Name}', sample {source.Sample}");
        stream.Storage.Decode(stream, bytes, now);
        rows++;
        for (var position = 0; position < stream.Positions; position++)
            if (counted?.Counts(source.Sample, position) != false)
            {
                Compare(source, position);
                positions++;
            }
    }

    /// <summary>The figures.</summary>
    public StreamReplay Result() => new(
        stream.Name, rows, isSparse ? "probabilities" : "values", maxError,
        stream.Kind.Output() == OutputKind.Classes ? (double)agreed / positions : null,
        problem ?? Enumerable.Range(0, sizes.Length).Where(IsBeyond).Select(column => worst[column].Place).FirstOrDefault());

    /// <summary>Values have units of their own, each column one: what a price may differ by is all of a share.</summary>
    private bool IsBeyond(int column) => !(worst[column].Error <= Relative * Math.Max(sizes[column], LeastColumn * Math.Min(1, sizes.Max())));

    private void Compare((long Sample, uint View) source, int position)
    {
        var a = At(stored, position);
        var b = At(now, position);
        agreed += TensorPrimitives.IndexOfMax<float>(a) == TensorPrimitives.IndexOfMax<float>(b) ? 1 : 0;
        if (isSparse)
        {
            TensorPrimitives.SoftMax<float>(a, a);
            TensorPrimitives.SoftMax<float>(b, b);
        }

        var step = stream.Storage is Int8 ? (TensorPrimitives.Max<float>(b) - TensorPrimitives.Min<float>(b)) / 250.0 : 0;
        for (var c = 0; c < a.Length; c++)
        {
            var error = Math.Abs((double)a[c] - b[c]);
            if (!(error <= maxError))
                maxError = error;
            var allowed = isSparse ? ProbabilityAllowed : step + Relative * Math.Max(1, Math.Abs(b[c]));
            sizes[c] = Math.Max(sizes[c], Math.Abs(b[c]));
            var isValue = stream.Kind == StreamKind.Value;
            if (isValue ? error <= worst[c].Error || double.IsNaN(worst[c].Error) : error <= allowed)
                continue;
            var place = FormattableString.Invariant(
                $"sample {cache.Identity.FirstId + source.Sample}, view {source.View}, position {position}, class {c}: {a[c]} stored, {b[c]} now");
            if (isValue)
                worst[c] = (error, place);
            else
                problem ??= place;
        }
    }

    /// <summary>Values that lie beside the border between two that a storage can hold may fall on its other side.</summary>
    private double Relative => (cache.Identity.Precision == "fp16" ? HalfRounding : Rounding) + stream.Storage switch
    {
        Float16 => 1.0 / (1 << 10),
        BFloat16 => 1.0 / (1 << 7),
        _ => 0,
    };

    private double ProbabilityAllowed => ProbabilityRounding + (stream.Storage is Sampled sampled ? 3.0 / sampled.Draws : 0);

    private Span<float> At(float[] values, int position) => values.AsSpan(position * stream.Classes, stream.Classes);
}
