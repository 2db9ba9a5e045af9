using System.Globalization;
using System.Numerics.Tensors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Metrics;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Measuring;

namespace OnnxKd.Pipeline.Stages;

/// <summary>What there is to say of labels once it is known what teachers give.</summary>
internal static class LabelRemarks
{
    private const int MostRows = 10_000;

    /// <summary>Labels that are none of what a teacher gives, and so are not used.</summary>
    /// <param name="sets">The sets of a run.</param>
    /// <param name="stream">What the teacher gives.</param>
    public static IEnumerable<string> Unused(IEnumerable<TransferSet?> sets, CacheStream stream)
    {
        if (stream.Kind.Output() is not { } kind)
            yield break;
        var shape = stream.StudentShape;
        foreach (var set in sets.OfType<TransferSet>().Where(set => set.IsLabelled && !set.HasLabelsFor(shape, kind) && !(kind == OutputKind.Embedding && set.HasLabelsFor(shape))))
            yield return $"labels of {Path.GetFileName(set.Name)} are not used: the teacher gives {kind.Word()}, "
                + (kind == OutputKind.Labels && set.HasLabelsFor(shape) ? "and they are one class for each sample; if of its labels exactly one holds, say --kind classes" : "of which they say nothing");
    }

    /// <summary>
    /// Labels that are numbered otherwise than a teacher's classes, or that it contradicts more than a constant answer would; <c>null</c>: neither, or nothing can be said.
    /// </summary>
    /// <param name="set">The set.</param>
    /// <param name="cache">The folder of what the teachers say of it.</param>
    public static string? Contradiction(TransferSet set, string cache)
    {
        using var opened = LogitCache.Open(cache);
        var stream = opened.Streams[0];
        if (stream.Storage is Sampled || stream.Kind.Output() != OutputKind.Classes || !set.HasLabelsFor(stream.StudentShape) || set.LabelShape.Count > 0)
            return null;
        var rows = Enumerable.Range(0, (int)Math.Min(MostRows, set.Count)).Select(i => i * set.Count / Math.Min(MostRows, set.Count)).ToArray();
        var (fidelity, classes, numbering) = (new FidelityMeter(stream.StudentClasses), new ClassificationMeter(stream.StudentClasses), new LabelNumbering());
        foreach (var some in rows.Chunk(512))
        {
            var (logits, labels) = (ModelScores.Read(opened, stream, some), some.Select(row => set.Labels[(int)row]).ToArray());
            fidelity.Add(logits, labels, []);
            classes.Add(logits, labels, []);
            for (var i = 0; i < labels.Length; i++)
                numbering.Add(labels[i], TensorPrimitives.IndexOfMax(logits.AsSpan(i * stream.StudentClasses, stream.StudentClasses)));
        }

        if (numbering.Find() is { } other)
            return $"the labels of {Path.GetFileName(set.Name)} seem to be numbered otherwise than the teacher's classes: it agrees with {Share(other.Right)} of them, and would with {Share(other.Renumbered)} "
                + $"if {other.Description}; number them as the teacher's classes are (of folders: onnxkd prepare --classes; of a table: table.classes)";
        var right = classes.Result().Accuracy;
        return fidelity.Result() is { TopClasses: > 1 } found && Chance.MayBe(found.MostFrequent, right, rows.Length)
            ? $"the teacher agrees with {Share(right)} of the labels of {Path.GetFileName(set.Name)}, no better than the most frequent one ({Share(found.MostFrequent)}): "
                + "are they labels of these samples, numbered as the teacher's classes are, and is its preprocessing right?"
            : null;

        static string Share(double value) => value.ToString("0.00 %", CultureInfo.InvariantCulture);
    }
}
