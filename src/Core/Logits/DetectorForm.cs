namespace OnnxKd.Core.Logits;

/// <summary>How a detector writes a box in four numbers.</summary>
public enum BoxForm
{
    /// <summary>The centre, then width and height.</summary>
    Xywh,

    /// <summary>Two opposite corners, the one with the smaller coordinates first; (y, x) is as good as (x, y).</summary>
    Xyxy,
}

/// <summary>Which of a detector's scores says that there is nothing, where they exclude one another.</summary>
public enum BackgroundColumn
{
    /// <summary>None: each class has a probability of its own.</summary>
    None,

    /// <summary>The first, as SSD has it.</summary>
    First,

    /// <summary>The last, as DETR has it.</summary>
    Last,
}

/// <summary>
/// What the columns of a detector head are, at each anchor: four numbers of a box, then its objectness where it has one, then a score for each class. Objectness and
/// scores are logits, of a probability each.
/// </summary>
/// <param name="Boxes">How a box is written.</param>
/// <param name="HasObjectness">Whether a column between box and scores says that there is anything at all; scores of classes are multiplied by it.</param>
public sealed record DetectorForm(BoxForm Boxes, bool HasObjectness)
{
    /// <summary>Numbers of a box.</summary>
    public const int BoxColumns = 4;

    /// <summary>Which of the scores says that there is nothing, the first or the last; it is learned as the others are, and is no class. <c>null</c>: none.</summary>
    public BackgroundColumn? Background { get; init; }

    /// <summary>The column of the first class.</summary>
    public int FirstClass => BoxColumns + (HasObjectness ? 1 : 0) + (Background == BackgroundColumn.First ? 1 : 0);

    /// <summary>How many classes so many columns have.</summary>
    public int Classes(int columns) => columns - FirstClass - (Background == BackgroundColumn.Last ? 1 : 0);

    /// <summary>The probability that an anchor holds a class: that of its score, times the objectness.</summary>
    /// <param name="row">An anchor's columns.</param>
    /// <param name="c">The class.</param>
    public double Probability(ReadOnlySpan<float> row, int c) =>
        SoftmaxMath.Sigmoid(row[FirstClass + c]) * (HasObjectness ? SoftmaxMath.Sigmoid(row[BoxColumns]) : 1);

    /// <summary>Whether all scores lie in [0, 1], and are more than logits would do so by chance.</summary>
    /// <param name="rows">Rows × columns.</param>
    /// <param name="columns">Columns; the first four are a box.</param>
    public static bool AreProbabilities(ReadOnlySpan<float> rows, int columns)
    {
        for (var start = 0; start < rows.Length; start += columns)
            if (!Distributions.AllIn01(rows[(start + BoxColumns)..(start + columns)]))
                return false;
        return rows.Length / columns * (columns - BoxColumns) >= EnoughValues;
    }

    // Logits of a random head lie outside [0, 1] every other time.
    private const int EnoughValues = 20;

    /// <summary>In words: <c>boxes as xywh, no objectness</c>.</summary>
    public override string ToString() => $"boxes as {Boxes.ToString().ToLowerInvariant()}, {(HasObjectness ? "with" : "no")} objectness{(Background is { } background ? $", background {background.ToString().ToLowerInvariant()}" : "")}";
}
