using OnnxKd.Core.Errors;
using OnnxKd.Core.Logits;

namespace OnnxKd.TeacherRunner.Logits;

/// <summary>Tells whether a detector's scores exclude one another, the first or the last of them saying that there is nothing: as SSD and DETR have them.</summary>
/// <param name="place">The output, for messages.</param>
/// <param name="metadata">The model's metadata.</param>
internal sealed class DetectorBackground(string place, IReadOnlyDictionary<string, string> metadata)
{
    // Of all anchors, which see nothing nearly everywhere.
    private const double Most = 0.5;

    // One of two is that there is nothing.
    private const int FewestScores = 2;

    /// <summary>Finds it.</summary>
    /// <param name="given">What the recipe says.</param>
    /// <param name="rows">Rows × columns.</param>
    /// <param name="columns">Columns of an anchor.</param>
    /// <param name="areProbabilities">Whether scores are probabilities.</param>
    /// <param name="startsWithObjectness">Whether the graph joins one score alone behind the box.</param>
    /// <returns><c>null</c>: there is none; with how it is known.</returns>
    /// <exception cref="InputException">Nothing tells which score it is; or scores are logits of a softmax that the file does not have.</exception>
    public (BackgroundColumn? Column, string Why) Find(DetectorReading.Given given, ReadOnlySpan<float> rows, int columns, bool areProbabilities, bool startsWithObjectness)
    {
        // A student of ours says what it has, in logits that are each of a probability.
        var isOwn = metadata.ContainsKey(DetectorMetadata.BoxesKey) || metadata.ContainsKey(HeadMetadata.Key);
        var said = given.Background ?? (metadata.TryGetValue(DetectorMetadata.BackgroundKey, out var text) && Enum.TryParse<BackgroundColumn>(text, ignoreCase: true, out var known) ? known
            : isOwn ? BackgroundColumn.None : null);
        if (said is not null and not BackgroundColumn.None && given.Objectness == true)
            throw new InputException("A detector has a background or an objectness.", place, "both", "one", "remove 'objectness', or say 'background: none'");
        if (said is BackgroundColumn.First or BackgroundColumn.Last)
            return areProbabilities || isOwn ? (said, $"background {Word(said.Value)}, {(given.Background is null ? "its metadata say" : "as the recipe says")}") : throw Logits($"'background: {Word(said.Value)}'");
        var scores = columns - DetectorForm.BoxColumns;
        if (said is not null || given.Objectness == true || startsWithObjectness || scores < FewestScores)
            return (null, "");
        var sumsToOne = areProbabilities && Distributions.AreProbabilities(Scores(rows, columns), scores);
        if (areProbabilities && !sumsToOne)
            return (null, "");
        var (first, last) = (ShareOfHighest(rows, columns, 0, areProbabilities), ShareOfHighest(rows, columns, scores - 1, areProbabilities));
        if (!sumsToOne)
            return Math.Max(first, last) <= Most ? (null, "") : throw Logits($"its {(first > last ? "first" : "last")} score is the highest, and above 0, at {Math.Max(first, last):0 %} of anchors");
        return first > Most ? Found(BackgroundColumn.First, first) : last > Most ? Found(BackgroundColumn.Last, last) : throw DetectorReading.Unclear(
            place, "which of its scores, which sum to 1, is that there is nothing", FormattableString.Invariant($"the first is the highest at {first:0.0 %} of anchors, the last at {last:0.0 %}"),
            "background: first", "background: last", "background: none");
    }

    private static (BackgroundColumn? Column, string Why) Found(BackgroundColumn column, double share) =>
        (column, FormattableString.Invariant($"background {Word(column)}: scores sum to 1, and that one is the highest at {share:0 %} of anchors"));

    /// <summary>At how many anchors a score is the highest; of logits, above 0 too, which those of labels are not where there is nothing.</summary>
    private static double ShareOfHighest(ReadOnlySpan<float> rows, int columns, int score, bool areProbabilities)
    {
        var (count, highest) = (rows.Length / columns, 0);
        for (var row = 0; row < count; row++)
        {
            var scores = rows[(row * columns + DetectorForm.BoxColumns)..((row + 1) * columns)];
            highest += System.Numerics.Tensors.TensorPrimitives.IndexOfMax(scores) == score && (areProbabilities || scores[score] > 0) ? 1 : 0;
        }

        return (double)highest / count;
    }

    private static float[] Scores(ReadOnlySpan<float> rows, int columns)
    {
        var scores = new List<float>(rows.Length);
        for (var start = 0; start < rows.Length; start += columns)
            scores.AddRange(rows[(start + DetectorForm.BoxColumns)..(start + columns)]);
        return [.. scores];
    }

    private InputException Logits(string found) => new(
        "A detector's scores look like logits of a softmax that its file does not have, one of them being that there is nothing.", place, found, "probabilities, or logits of independent classes",
        "export the model with its softmax, and name the tensor behind that (output:, or scores: of two outputs); if each class has a sigmoid of its own, say 'background: none' under the teacher");

    private static string Word(BackgroundColumn column) => column.ToString().ToLowerInvariant();
}
