using System.Numerics.Tensors;
using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Metrics;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Training;

namespace OnnxKd.StudentTrainer.Loop;

/// <summary>Whether there is anything to learn: what is imitated must differ between samples.</summary>
internal static class TargetChecks
{
    private const int MostRows = 2_000;

    // Nats of what the teacher's answer says about a sample; rounding of float32 gives less.
    private const double LeastInformation = 1e-7;

    // What differs by less than this share of a column's largest number differs by rounding.
    private const double Rounding = 1e-6;

    /// <summary>Looks at what the teachers give and at the labels, whichever the objectives learn from.</summary>
    /// <exception cref="CheckFailedException">They are the same for all samples.</exception>
    public static void Require(Team team, TrainingData data)
    {
        foreach (var stream in team.Streams.Select(form => form.Stream).Where(stream => stream.Storage is DenseStorage))
        {
            if (stream.Kind.Output() == OutputKind.Classes)
                RequireInformation(data.Cache!, stream);
            else if (stream.Kind.Output() is not null)
                RequireSpread(data.Cache!, stream);
        }

        var labels = data.Transfer.Labels;
        if (team.ReadLabels && labels.Length > 1 && labels.IndexOfAnyExcept(labels[0]) < 0)
            throw new CheckFailedException(
                "There is nothing to learn: all samples have one class.", data.Transfer.Name, $"class {labels[0]} for each of {labels.Length} samples",
                "two classes or more", "check the labels (labels-key, table), or take more of the set (rows)");
    }

    /// <summary>Class scores that are the same have the same probabilities.</summary>
    private static void RequireInformation(LogitCache cache, CacheStream stream)
    {
        var (meter, count) = (new FidelityMeter(stream.Classes), 0);
        var tops = new int[stream.Positions];
        foreach (var values in Some(cache, stream))
        {
            count++;
            for (var position = 0; position < tops.Length; position++)
                tops[position] = TensorPrimitives.IndexOfMax(values.AsSpan(position * stream.Classes, stream.Classes));
            meter.Add(values, tops, values);
        }

        if (meter.Result() is { TopClasses: 1, ConstantKl: < LeastInformation } found)
            throw Refuse(stream, FormattableString.Invariant($"one top class, and {found.ConstantKl:g2} nats of difference between {count} samples"), "class scores that depend on the sample");
    }

    /// <summary>Numbers that are the same in every column; how large they are says nothing.</summary>
    private static void RequireSpread(LogitCache cache, CacheStream stream)
    {
        float[]? least = null, most = null;
        var count = 0;
        foreach (var values in Some(cache, stream))
        {
            count++;
            least ??= [.. values];
            most ??= [.. values];
            TensorPrimitives.Min<float>(values, least, least);
            TensorPrimitives.Max<float>(values, most, most);
        }

        if (least!.Zip(most!).All(value => value.Second - value.First <= Rounding * Math.Max(Math.Abs(value.First), Math.Abs(value.Second))))
            throw Refuse(stream, $"no difference between {count} samples", "values that depend on the sample");
    }

    /// <summary>Rows from all over the cache; each is gone with the next.</summary>
    private static IEnumerable<float[]> Some(LogitCache cache, CacheStream stream)
    {
        var count = Math.Min(cache.Identity.Samples, Math.Max(2, MostRows / stream.Positions));
        var values = new float[stream.Values];
        for (var i = 0; i < count; i++)
        {
            cache.Read(stream, [i * cache.Identity.Samples / count], view: 0, values.AsSpan());
            yield return values;
        }
    }

    private static CheckFailedException Refuse(CacheStream stream, string found, string expected) => new(
        "There is nothing to learn: the teacher says the same for all samples.", $"stream '{stream.Name}' of the cache", found, expected,
        "check the teacher's preprocessing (teachers: preprocessing), its output, and whether these are its samples");
}
