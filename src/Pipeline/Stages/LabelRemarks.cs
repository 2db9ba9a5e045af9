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

    // Renumbered, the teacher agrees with so many of the labels as only a teacher of these very labels does.
    private const double Certain = 0.9;

    // By chance the average precision is the rare class's share.
    private const double BetterThanChance = 2;

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
    /// <param name="cache">What the teachers say of it.</param>
    public static LabelContradiction? Contradiction(TransferSet set, LogitCache cache)
    {
        var stream = cache.Streams[0];
        var isOneColumn = stream.Kind.Output() == OutputKind.Labels && stream.StudentClasses == 1;
        if (stream.Storage.IsDrawn || stream.Kind.Output() is not { } kind || kind != OutputKind.Classes && !isOneColumn || !set.HasLabelsFor(stream.StudentShape, kind) || set.LabelShape.Count > 0)
            return null;
        var rows = Enumerable.Range(0, (int)Math.Min(MostRows, set.Count)).Select(i => i * set.Count / Math.Min(MostRows, set.Count)).ToArray();
        var count = isOneColumn ? 2 : stream.StudentClasses;
        var (fidelity, classes, numbering, rare) = (new FidelityMeter(count), new ClassificationMeter(count), new LabelNumbering(), count == 2 ? new RareClassMeter() : null);
        foreach (var some in rows.Chunk(512))
        {
            var (logits, labels) = (ModelScores.Read(cache, stream, some), some.Select(row => set.Labels[(int)row]).ToArray());
            if (isOneColumn)
                logits = [.. logits.SelectMany(logit => new[] { 0, logit })];
            fidelity.Add(logits, labels, []);
            classes.Add(logits, labels, []);
            rare?.Add(logits, labels);
            for (var i = 0; i < labels.Length; i++)
                numbering.Add(labels[i], TensorPrimitives.IndexOfMax(logits.AsSpan(i * count, count)));
        }

        var (right, name) = (classes.Result().Accuracy, Path.GetFileName(set.Name));
        if (numbering.Find() is { } other)
            return new(
                $"the labels of {name} seem to be numbered otherwise than the teacher's classes: it agrees with {Share(other.Right)} of them, and would with {Share(other.Renumbered)} if {other.Description}",
                "number them as the teacher's classes are (of folders: onnxkd prepare --classes; of a table: table.classes)", IsCertain: other is { Right: < 0.5, Renumbered: >= Certain });
        // Where a class is rare, a good teacher may say the other one of every sample; its scores still find the rare one.
        if (rare?.Result() is { } scored && scored.AveragePrecision >= BetterThanChance * scored.Share)
            return null;
        return fidelity.Result() is { TopClasses: > 1 } found && Chance.MayBe(found.MostFrequent, right, rows.Length)
            ? new(
                $"the teacher agrees with {Share(right)} of the labels of {name}, no better than the most frequent one ({Share(found.MostFrequent)})",
                "are they labels of these samples, numbered as the teacher's classes are, and is its preprocessing right?", IsCertain: false)
            : null;

        static string Share(double value) => value.ToString("0.00 %", CultureInfo.InvariantCulture);
    }
}

/// <summary>Labels that a teacher contradicts.</summary>
/// <param name="Found">How.</param>
/// <param name="Remedy">What to do, or to ask.</param>
/// <param name="IsCertain">Whether nothing but another numbering can be the reason.</param>
internal sealed record LabelContradiction(string Found, string Remedy, bool IsCertain)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Found}{(IsQuestion ? ": " : "; ")}{Remedy}";

    private bool IsQuestion => Remedy.EndsWith('?');
}
