using System.Numerics.Tensors;
using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Metrics;
using OnnxKd.StudentTrainer.Batches;
using OnnxKd.StudentTrainer.Learners;

namespace OnnxKd.StudentTrainer.Loop;

/// <summary>Whether there is anything to learn: what is imitated must differ between samples.</summary>
internal static class LessonChecks
{
    private const int MostRows = 2_000;

    // Nats of what the teacher's answer says about a sample; rounding of float32 gives less.
    private const double LeastInformation = 1e-7;

    /// <summary>Looks at the teachers' class scores and at the labels, whichever the objectives learn from.</summary>
    /// <exception cref="CheckFailedException">They are the same for all samples.</exception>
    public static void Require(Team team, TrainingData data)
    {
        foreach (var form in team.Streams.Where(form => form.Stream.Kind != StreamKind.Feature))
            RequireInformation(data.Cache!, form.Stream);
        var labels = data.Transfer.Labels;
        if (team.ReadLabels && team.Streams.Count == 0 && labels.Length > 1 && labels.IndexOfAnyExcept(labels[0]) < 0)
            throw new CheckFailedException(
                "There is nothing to learn: all samples have one class.", data.Transfer.Name, $"class {labels[0]} for each of {labels.Length} samples",
                "two classes or more", "check the labels (labels-key, csv), or take more of the set (rows)");
    }

    private static void RequireInformation(LogitCache cache, CacheStream stream)
    {
        if (stream.Storage is TopK or Sampled || stream.Classes < 2)
            return;
        var (meter, count) = (new FidelityMeter(stream.Classes), (int)Math.Clamp(MostRows / stream.Positions, 2, Math.Min(MostRows, cache.Identity.Samples)));
        var values = new float[stream.Values];
        var tops = new int[stream.Positions];
        for (var i = 0; i < count; i++)
        {
            cache.Read(stream, [i * cache.Identity.Samples / count], view: 0, values.AsSpan());
            for (var position = 0; position < tops.Length; position++)
                tops[position] = TensorPrimitives.IndexOfMax(values.AsSpan(position * stream.Classes, stream.Classes));
            meter.Add(values, tops, values);
        }

        if (meter.Result() is { TopClasses: 1, ConstantKl: < LeastInformation } found)
            throw new CheckFailedException(
                "There is nothing to learn: the teacher says the same for all samples.", $"stream '{stream.Name}' of the cache",
                $"one top class, and {found.ConstantKl:g2} nats of difference between {count} samples", "class scores that depend on the sample",
                "check the teacher's preprocessing (teachers: preprocessing), its output, and whether these are its samples");
    }
}
