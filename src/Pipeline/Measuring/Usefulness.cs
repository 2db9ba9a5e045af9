using System.Globalization;
using OnnxKd.Core.Metrics;

namespace OnnxKd.Pipeline.Measuring;

/// <summary>Whether a model answers better than a constant would, as far as the samples show.</summary>
internal static class Usefulness
{
    // What few samples say may be chance, and the best constant answer to them knows them.
    private const int FewestRows = 20;

    private const double LeastKl = 0.02;
    private const double LeastExplained = 0.1;
    private const double Rounding = 1e-6;

    // By chance about one is found, and ten in one of ten million sets.
    private const int FewestNeighbours = 10;

    /// <summary>Why a model of classes is no use; <c>null</c>: it is better than a constant answer, nothing else would be better, or it cannot be told.</summary>
    /// <param name="found">How closely it follows what it is compared with.</param>
    /// <param name="agreement">Its share of the same classes.</param>
    /// <param name="isTaught">Whether it is compared with a teacher.</param>
    public static string? Collapse(Fidelity found, double? agreement, bool isTaught) =>
        found.Rows < FewestRows || IsCloserThanConstant(found) ? null
        : found.TopClasses < 2 ? Constant(found.Kl, found.ConstantKl, "says one class")
        : found.OwnTopClasses < 2 ? $"collapsed: it says the same class for every sample, the {(isTaught ? "teacher says" : "labels are")} {found.TopClasses} classes"
        : agreement <= found.MostFrequent || found.Kl is not null && agreement is { } share && Chance.MayBe(found.MostFrequent, share, found.Rows)
            ? Text($"no better than always saying {(isTaught ? "the class that the teacher says most often, which agrees with it" : "the most frequent label, which is right")} in {found.MostFrequent:0.00 %}")
        : null;

    /// <summary>Why a model of something else is no use; <c>null</c> as above.</summary>
    /// <param name="found">Its figures.</param>
    public static string? Collapse(OutputMetrics found) =>
        found.Values is { RSquared: <= 0 } ? "no better than always saying the mean of the teacher's values"
        : found.Values is { Rows: >= FewestRows, RSquared: < LeastExplained and var explained }
            ? Text($"hardly better than always saying the mean of the teacher's values: R2 is {explained:0.0000}")
        : found.Detections is { Found: 0, Taught: > 0 and var taught } ? $"it finds nothing, where the teacher finds {taught} boxes"
        : found.Detections is { Found: > 0 and var own, Taught: 0 } ? $"no better than no boxes at all: it finds {own}, where the teacher finds none"
        : found.Detections is { Agreement: < 1 and var agreed, Constant: { } same } && agreed <= same
            ? Text($"no better than always giving the same boxes, which agrees by {same:0.00 %}")
        : found.Embeddings is { NeighboursFound: < FewestNeighbours } embeddings && embeddings.Cosine <= embeddings.ConstantCosine + Rounding
            ? Text($"no better than always giving the same embedding, whose mean cosine is {embeddings.ConstantCosine:0.0000}")
        : found.Labels is { DecidesAlike: true } alike && alike.Decisions >= (long)FewestRows * alike.Labels && !(alike.Kl < Chance.Closer * alike.ConstantKl)
            ? Constant(alike.Kl, alike.ConstantKl, "decides each label in one way")
        : Unlearned(found).Count is var dead && (found.Values?.Columns.Count ?? found.Labels?.Labels) is { } columns && 2 * dead > columns
            ? $"no better than a constant in {dead} of its {columns} {(found.Values is null ? "labels" : "columns")}"
        : found.Labels is { IsConstant: true } labels && !(labels.Kl < Chance.Closer * labels.ConstantKl) ? "collapsed: it decides each label in the same way for every sample"
        : null;

    /// <summary>Columns of values, or independent labels, of which a model knows no more than a constant answer, although there are others.</summary>
    /// <param name="found">Its figures.</param>
    public static IReadOnlyList<int> Unlearned(OutputMetrics found) => found switch
    {
        { Labels.Unlearned: var labels } => labels,
        { Values: { Rows: >= FewestRows, Columns: { Count: > 1 } columns } } => [.. Enumerable.Range(0, columns.Count).Where(c => columns[c] < LeastExplained)],
        _ => [],
    };

    /// <summary>Where one class is rare, class scores may tell samples apart although the same one is always first.</summary>
    private static bool IsCloserThanConstant(Fidelity found) => found is { Kl: { } own, ConstantKl: { } constant } && own < Chance.Closer * constant;

    /// <summary>The same of a teacher whose decisions tell nothing, so that its probabilities must.</summary>
    private static string? Constant(double? kl, double? constantKl, string what) => kl is { } far && constantKl is { } constant && far > Math.Max(constant, LeastKl)
        ? Text($"no better than a constant: the teacher {what}, and KL is {far:g3} where its mean answer has {constant:g3}")
        : null;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
