using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Safetensors;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.StudentTrainer.Tests.Support;

/// <summary>Sets and caches from arrays.</summary>
internal static class Sets
{
    /// <summary>Writes samples, labels (for them, or for positions) and lengths (of the first axis), and opens them.</summary>
    public static TransferSet Create(
        TemporaryFolder folder, string name, float[] samples, int[] sampleShape, int[]? labels = null, int[]? lengths = null,
        int[]? labelShape = null)
    {
        var elements = sampleShape.Aggregate(1, (product, size) => product * size);
        long[] shape = [samples.Length / elements, .. sampleShape.Select(size => (long)size)];
        var path = folder[$"{name}.safetensors"];
        List<SafetensorsTensor> tensors = [SafetensorsTensor.From("samples", samples, shape)];
        if (labels is not null)
        {
            var one = labelShape ?? [labels.Length / (int)shape[0]];
            tensors.Add(SafetensorsTensor.From(
                "labels", Array.ConvertAll(labels, label => (long)label), [shape[0], .. one.Select(size => (long)size)]));
        }
        if (lengths is not null)
            tensors.Add(SafetensorsTensor.From("lengths", Array.ConvertAll(lengths, length => (long)length), lengths.Length));
        SafetensorsWriter.Write(path, tensors);
        return TransferSet.Open(new()
        {
            Samples = path, Labels = labels is null ? null : path, Lengths = lengths is null ? null : path, LengthsAxis = 0,
        });
    }

    /// <summary>Writes a cache of a set from logits in the order of views, then samples.</summary>
    public static LogitCache Cache(
        TemporaryFolder folder, TransferSet set, float[] logits, int classes, int views = 1,
        Augmentation? augmentation = null, ulong seed = 0) =>
        Cache(folder, set, [(Logits("logits", [classes]), logits)], views, augmentation, seed);

    /// <summary>A stream of logits, as they are unless a storage is given.</summary>
    public static CacheStream Logits(string name, IReadOnlyList<int> shape, StreamStorage? storage = null) =>
        new(name, name, Teacher: 0, StreamKind.Logit, shape, storage ?? new Float32());

    /// <summary>Writes a cache of several streams, each with its values in the order of views, then samples.</summary>
    public static LogitCache Cache(
        TemporaryFolder folder, TransferSet set, IReadOnlyList<(CacheStream Stream, float[] Values)> streams, int views = 1,
        Augmentation? augmentation = null, ulong seed = 0)
    {
        var path = folder[$"cache-{Guid.NewGuid():N}"];
        var identity = new CacheIdentity
        {
            Teachers = [new("teacher.onnx", new string('0', 64), "input", "logits", StreamKind.Logit, 1, Preprocessing.None)],
            Combination = Combination.Single,
            Streams = [.. streams.Select(stream => stream.Stream)],
            Provider = "cpu",
            Precision = "fp32",
            Augmentation = augmentation ?? Augmentation.None,
            Seed = seed,
            Views = views,
            SamplesDigest = set.SamplesDigest,
            Samples = set.Count,
        };
        using (var writer = LogitCacheWriter.OpenOrResume(path, identity, (int)set.Count))
        {
            for (var view = 0; view < views; view++)
                writer.Append([.. streams.Select(s => new ReadOnlyMemory<float>(s.Values).Slice(
                    view * (int)set.Count * s.Stream.Values, (int)set.Count * s.Stream.Values))]);
            writer.Complete();
        }
        return LogitCache.Open(path);
    }
}
