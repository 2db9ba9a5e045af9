using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Randomness;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Measuring;

namespace OnnxKd.Pipeline.Stages;

/// <summary>
/// What a specialist learns from: all samples of its classes and as many of the rest, drawn at random, with the labels of its own classes and one more for all
/// others. Hinton, Vinyals and Dean (2015), section 5.3.
/// </summary>
internal sealed class SpecialistSet : IDisposable
{
    private const int CacheBatch = 256;

    private readonly DirectoryInfo folder;

    private SpecialistSet(DirectoryInfo folder, TransferSet set, LogitCache? cache, double share) =>
        (this.folder, Set, Cache, Share) = (folder, set, cache, share);

    /// <summary>The samples.</summary>
    public TransferSet Set { get; }

    /// <summary>The generalist's class scores of them, the other classes' joined; <c>null</c>: they are not learned from.</summary>
    public LogitCache? Cache { get; }

    /// <summary>The share of the specialist's classes in the whole set.</summary>
    public double Share { get; }

    /// <summary>
    /// What is added to the score of all other classes after training: the specialist's classes made up another share of what it learned from than of the whole set.
    /// </summary>
    public float Correction
    {
        get
        {
            var learned = (double)Set.Labels.Count(Set.Labels.ToArray().Max()) / Set.Count;
            return (float)Math.Log((1 - Share) / Share * (1 - learned) / learned);
        }
    }

    /// <summary>Makes it.</summary>
    /// <param name="all">The whole set, with a label for each sample.</param>
    /// <param name="generalist">The generalist's scores of it; <c>null</c>: they are not learned from.</param>
    /// <param name="classes">The specialist's classes.</param>
    /// <param name="seed">Decides which others are drawn.</param>
    /// <param name="number">The specialist's number.</param>
    /// <param name="parent">Where a folder for scores is made, and removed in the end.</param>
    /// <exception cref="InputException">No sample is of these classes, or all are.</exception>
    public static SpecialistSet Create(TransferSet all, LogitCache? generalist, IReadOnlyList<int> classes, ulong seed, int number, string parent)
    {
        var (own, others) = (new List<long>(), new List<long>());
        for (var row = 0; row < all.Labels.Length; row++)
            (classes.Contains(all.Labels[row]) ? own : others).Add(row);
        if (own.Count == 0 || others.Count == 0)
            throw new InputException(
                own.Count == 0 ? "A cluster has no sample." : "A cluster has all samples.", $"{all.Name}, cluster {number}", $"classes {string.Join(", ", classes)}",
                "samples of its classes, and of others", "ask for another number of clusters, or add samples");
        long[] drawn = [.. others];
        new CounterRandom(seed, RandomPurpose.Oversampling, (ulong)number).Shuffle(drawn);
        long[] rows = [.. own.Concat(drawn.Take(own.Count)).Order()];
        var places = classes.Index().ToDictionary(entry => entry.Item, entry => entry.Index);
        var set = all.Select(rows, label => places.GetValueOrDefault(label, classes.Count));
        var folder = new DirectoryInfo(Path.Combine(parent, "set"));
        var cache = generalist is null ? null : Capture(set, generalist, rows, classes, folder.FullName);
        return new(folder, set, cache, (double)own.Count / all.Count);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Set.Dispose();
        Cache?.Dispose();
        if (folder.Exists)
            folder.Delete(recursive: true);
    }

    private static LogitCache Capture(TransferSet set, LogitCache generalist, long[] rows, IReadOnlyList<int> classes, string folder)
    {
        var stream = generalist.Streams[0];
        var identity = generalist.Identity with
        {
            SamplesDigest = set.SamplesDigest, Samples = set.Count, FirstId = set.IdOf(0),
            Streams = [stream with { Shape = [classes.Count + 1], Subset = null, Storage = new Float32() }],
        };
        using (var writer = LogitCacheWriter.OpenOrResume(folder, identity, CacheBatch))
        {
            foreach (var batch in writer.PendingBatches())
            {
                var logits = ModelScores.Read(generalist, stream, rows.AsSpan((int)batch.First, (int)batch.Count));
                writer.Append(Join(logits, stream.StudentClasses, classes));
            }
            writer.Complete();
        }
        return LogitCache.Open(folder);
    }

    /// <summary>The scores of some classes, and one for all others: the logarithm of the sum of their exponentials.</summary>
    private static float[] Join(float[] logits, int count, IReadOnlyList<int> classes)
    {
        int[] others = [.. Enumerable.Range(0, count).Except(classes)];
        var joined = new float[logits.Length / count * (classes.Count + 1)];
        for (var i = 0; i < logits.Length / count; i++)
        {
            var (row, at) = (logits.AsMemory(i * count, count), i * (classes.Count + 1));
            for (var c = 0; c < classes.Count; c++)
                joined[at + c] = row.Span[classes[c]];
            joined[at + classes.Count] = (float)SoftmaxMath.LogSumExp(row.Span, others);
        }
        return joined;
    }
}
