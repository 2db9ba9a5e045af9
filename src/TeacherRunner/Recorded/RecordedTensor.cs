using System.Globalization;
using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.TransferSets;
using OnnxKd.TeacherRunner.Logits;
using OnnxKd.TeacherRunner.Sessions;

namespace OnnxKd.TeacherRunner.Recorded;

/// <summary>One tensor of a teacher whose answers lie on disk: where its rows are, and how they become rows of a cache.</summary>
/// <param name="source">Reads them.</param>
/// <param name="rows">Which row is of which sample.</param>
/// <param name="plan">What they hold.</param>
internal sealed class RecordedTensor(RecordedSource source, SignalRows rows, OutputPlan plan) : IDisposable
{
    // Probabilities that were written with two decimals, of many classes.
    private const double SumTolerance = 0.05;

    /// <summary>What they hold.</summary>
    public OutputPlan Plan => plan;

    /// <summary>Reads the rows of samples.</summary>
    /// <param name="samples">Rows of the set.</param>
    /// <param name="values">As many values as the output has for them.</param>
    /// <exception cref="InputException">A value is no finite number, or probabilities are none.</exception>
    public void Read(ReadOnlySpan<long> samples, Span<float> values)
    {
        var places = new long[samples.Length];
        for (var i = 0; i < places.Length; i++)
            places[i] = rows[samples[i]];
        var layout = plan.Layout;
        var stored = values[..(samples.Length * layout.Elements)];
        source.Read(places, stored);
        RequireFinite(stored, places, layout.Elements);
        if (!layout.IsClassLast)
            layout.ToClassLast(stored).CopyTo(stored);
        RequireProbabilities(stored, places, layout.Elements);
        plan.Finish(values, samples.Length);
    }

    /// <inheritdoc/>
    public void Dispose() => source.Dispose();

    private void RequireFinite(ReadOnlySpan<float> values, long[] places, int perRow)
    {
        if (values.IndexOfAnyExceptInRange(float.MinValue, float.MaxValue) is not (>= 0 and var at))
            return;
        var (row, index) = Math.DivRem(at, perRow);
        throw new InputException(
            "What a teacher said holds a value that is not a finite number.", $"{source.Name}, row {places[row]} (from 0), value {index}",
            values[at].ToString(CultureInfo.InvariantCulture), "finite numbers", "correct that row of the file");
    }

    private void RequireProbabilities(ReadOnlySpan<float> values, long[] places, int perRow)
    {
        var sums = plan.Head.Transform == LogitTransform.LogOfProbability;
        if (!sums && plan.Head.Transform is not (LogitTransform.LogOdds or LogitTransform.TwoClassesOfProbability))
            return;
        var columns = plan.Layout.Classes;
        for (var start = 0; start < values.Length; start += columns)
        {
            var row = values.Slice(start, columns);
            var total = 0.0;
            foreach (var value in row)
                total += value;
            if (row.ContainsAnyExceptInRange(0f, 1f) || sums && Math.Abs(total - 1) > SumTolerance)
                throw new InputException(
                    "What a teacher said is taken for probabilities, and a row holds none.", $"{source.Name}, row {places[start / perRow]}",
                    string.Join(", ", row[..Math.Min(columns, 8)].ToArray()) + (columns > 8 ? ", ..." : "") + (sums ? FormattableString.Invariant($" (sum {total:g4})") : ""),
                    sums ? "numbers from 0 to 1 whose sum is 1" : "numbers from 0 to 1",
                    "correct the file, or set probabilities: false if they are logits");
        }
    }
}

/// <summary>Rows on disk.</summary>
internal abstract class RecordedSource : IDisposable
{
    /// <summary>Where they are, for messages.</summary>
    public abstract string Name { get; }

    /// <summary>How many.</summary>
    public abstract long Rows { get; }

    /// <summary>The shape of one; empty: a number.</summary>
    public abstract IReadOnlyList<int> Shape { get; }

    /// <summary>Reads some.</summary>
    public abstract void Read(ReadOnlySpan<long> rows, Span<float> values);

    /// <inheritdoc/>
    public abstract void Dispose();
}

/// <summary>Rows of a file.</summary>
internal sealed class FileSource(SignalFile file) : RecordedSource
{
    /// <inheritdoc/>
    public override string Name => file.Path;

    /// <inheritdoc/>
    public override long Rows => file.Rows;

    /// <inheritdoc/>
    public override IReadOnlyList<int> Shape => file.Shape;

    /// <inheritdoc/>
    public override void Read(ReadOnlySpan<long> rows, Span<float> values) => file.Read(rows, values);

    /// <inheritdoc/>
    public override void Dispose() => file.Dispose();
}

/// <summary>Rows of a logit cache, which says itself what they are.</summary>
internal sealed class CacheSource : RecordedSource
{
    private readonly LogitCache cache;

    private CacheSource(LogitCache cache, CacheStream stream) => (this.cache, Stream) = (cache, stream);

    /// <summary>What they are.</summary>
    public CacheStream Stream { get; }

    /// <inheritdoc/>
    public override string Name => $"stream '{Stream.Name}' of a logit cache";

    /// <inheritdoc/>
    public override long Rows => cache.Identity.Samples;

    /// <inheritdoc/>
    public override IReadOnlyList<int> Shape => Stream.Shape;

    /// <summary>Opens a stream of a cache of exactly these samples.</summary>
    /// <exception cref="CheckFailedException">It is of others, or damaged.</exception>
    /// <exception cref="InputException">There is no such stream, or it does not hold every value.</exception>
    public static CacheSource Open(string folder, string? name, TransferSet set)
    {
        var cache = LogitCache.Open(folder);
        try
        {
            var stream = cache.Stream(name);
            if (stream.Storage is not DenseStorage || cache.Identity.Views > 1)
                throw new InputException(
                    "A logit cache does not hold all that its teacher said of each sample.", folder,
                    cache.Identity.Views > 1 ? $"{cache.Identity.Views} views" : stream.Storage.Name, "one view, and a dense storage", "capture it with float32 storage");
            cache.RequireSamples(set);
            return new(cache, stream);
        }
        catch
        {
            cache.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override void Read(ReadOnlySpan<long> rows, Span<float> values) => cache.Read(Stream, rows, view: 0, values);

    /// <inheritdoc/>
    public override void Dispose() => cache.Dispose();
}
