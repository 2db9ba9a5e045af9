using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Randomness;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Losses;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Training;

/// <summary>The batches of each epoch: every row once, in an order and a view that the epoch decides.</summary>
internal sealed class TrainingBatches : IDisposable
{
    private readonly BatchSource source;
    private readonly long rows;
    private readonly int? views;
    private readonly ulong seed;

    private TrainingBatches(BatchSource source, IReadOnlyList<CacheStream> streams, long rows, int? views, ulong seed)
    {
        Streams = streams;
        this.source = source;
        this.rows = rows;
        this.views = views;
        this.seed = seed;
    }

    /// <summary>The streams that are learned from.</summary>
    public IReadOnlyList<CacheStream> Streams { get; }

    /// <summary>Steps per epoch.</summary>
    public int Count => source.Count;

    /// <summary>
    /// With a cache, samples are augmented exactly as the teacher saw them: the cache's augmentation, seed and view. Without one
    /// each epoch is a view of its own.
    /// </summary>
    public static TrainingBatches Open(
        StudentProgram program, TrainingData data, Objective objective, TrainingOptions options, Device device)
    {
        var set = data.Transfer;
        var identity = data.Cache?.Identity;
        var reader = new SampleReader(
            set, data.Preprocessing, identity?.Augmentation ?? options.Augmentation, identity?.Seed ?? options.Seed);
        var streams = data.Cache is { } cache ? objective.StreamsOf(cache) : [];
        var labels = objective.Needs.HasFlag(TermNeeds.Labels);
        if (labels)
            reader.RequireLabelsFollow();
        var shape = streams.Count > 0 ? streams[0].Stream.Shape : [.. set.LabelShape, 1];
        var contents = new BatchContents(labels, data.Cache, streams, new(set, shape));
        var batchSize = (int)Math.Min(options.BatchSize, set.Count);
        return new(
            BatchSource.Open(reader, contents, program.Input.Fit(set.SampleShape), batchSize, device),
            [.. streams.Select(form => form.Stream)], set.Count, identity?.Views, options.Seed);
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
