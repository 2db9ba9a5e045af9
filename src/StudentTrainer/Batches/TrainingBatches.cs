using OnnxKd.Core.Preparation;
using OnnxKd.Core.Randomness;
using OnnxKd.Core.TransferSets;
using OnnxKd.StudentTrainer.Signals;
using OnnxKd.StudentTrainer.Training;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Batches;

/// <summary>The batches of each epoch: every row once, in an order and a view that the epoch decides.</summary>
internal sealed class TrainingBatches : IDisposable
{
    private readonly BatchSource source;
    private readonly long rows;
    private readonly int? views;
    private readonly ulong seed;

    private TrainingBatches(BatchSource source, long rows, int? views, ulong seed)
    {
        this.source = source;
        this.rows = rows;
        this.views = views;
        this.seed = seed;
    }

    /// <summary>Steps per epoch.</summary>
    public int Count => source.Count;

    /// <summary>
    /// With a cache, samples are augmented exactly as the teacher saw them: the cache's augmentation, seed and view. Without one
    /// each epoch is a view of its own.
    /// </summary>
    /// <param name="data">The set and the cache.</param>
    /// <param name="streams">The streams of the cache that are read.</param>
    /// <param name="labelPositions">Positions of the output that labels are for; <c>null</c>: labels are not read.</param>
    /// <param name="options">The batch size, the seed and the augmentation.</param>
    /// <param name="device">Where batches go.</param>
    /// <param name="draws">Rows of streams that are drawn beside the batch's own.</param>
    public static TrainingBatches Open(
        TrainingData data, IReadOnlyList<StreamForm> streams, int? labelPositions, TrainingOptions options, Device device,
        params IReadOnlyList<(StreamForm Form, int Rows)> draws)
    {
        var set = data.Transfer;
        var identity = data.Cache?.Identity;
        var reader = new SampleReader(
            set, data.Preprocessing, identity?.Augmentation ?? options.Augmentation, identity?.Seed ?? options.Seed);
        if (labelPositions is not null)
            reader.RequireLabelsFollow();
        foreach (var form in streams.Where(form => form.Kind != SignalKind.Features))
            CountedPositions.RequireOneAxis(set, form.Stream.Shape);
        var contents = new BatchContents(labelPositions, data.Cache, streams)
        {
            Draws = draws,
            Seed = options.Seed,
        };
        var batchSize = (int)Math.Min(options.BatchSize, set.Count);
        return new(
            BatchSource.Open(reader, contents, [.. set.SampleShape.Select(size => (long)size)], batchSize, device),
            set.Count, identity?.Views, options.Seed);
    }

    /// <summary>The batches of an epoch.</summary>
    /// <param name="epoch">Counted from 0.</param>
    /// <param name="first">The batch to begin with.</param>
    public IEnumerable<PreparedBatch> Epoch(int epoch, int first = 0)
    {
        var order = new long[rows];
        for (var i = 0; i < order.Length; i++)
            order[i] = i;
        new CounterRandom(seed, RandomPurpose.Shuffle, round: (uint)epoch).Shuffle(order);
        return source.Read(order, first, (uint)(views is { } count ? epoch % count : epoch));
    }

    /// <inheritdoc/>
    public void Dispose() => source.Dispose();
}
