using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;

namespace OnnxKd.TeacherRunner.Logits;

/// <summary>Tells how a detector head [N, columns, anchors] or [N, anchors, columns] is laid out, from what its graph joins and from its values.</summary>
/// <param name="tensor">The tensor, for messages.</param>
/// <param name="model">The model's name, for messages.</param>
/// <param name="dims">Its lengths after the batch axis.</param>
/// <param name="joins">What is joined behind it.</param>
/// <param name="metadata">The model's metadata.</param>
internal sealed class DetectorReading(
    string tensor, string model, long[] dims, IReadOnlyList<JoinedColumns> joins, IReadOnlyDictionary<string, string> metadata)
{
    // One class.
    private const int FewestColumns = DetectorForm.BoxColumns + 1;

    // The corners of fewer may be in order by chance.
    private const int EnoughBoxes = 50;

    // The centres of boxes that see a picture at several places are as far apart as boxes are wide.
    private const double LeastSpread = 0.1;
    private const int EnoughAnchors = 4;

    /// <summary>The layer that gives the tensor as it is; <c>null</c>: there is arithmetic between the two, or nothing is known.</summary>
    public LastLayer? Layer { get; init; }

    /// <summary>Gives values of so many samples, where those at hand are too few; <c>null</c>: there are no others.</summary>
    public Func<int, float[]>? More { get; init; }

    /// <summary>What the recipe says; <c>null</c> where it leaves it open.</summary>
    /// <param name="Axis">The axis of the columns, the batch being 0.</param>
    /// <param name="Boxes">How boxes are written.</param>
    /// <param name="Objectness">Whether there is one.</param>
    /// <param name="Probabilities">Whether scores are probabilities.</param>
    public readonly record struct Given(int? Axis = null, BoxForm? Boxes = null, bool? Objectness = null, bool? Probabilities = null)
    {
        /// <summary>How the graph's own suppression reads boxes; <c>null</c>: it has none.</summary>
        public BoxForm? Suppressed { get; init; }

        /// <summary>Which score says that there is nothing, as the recipe has it; <c>null</c>: it leaves that open.</summary>
        public BackgroundColumn? Background { get; init; }
    }

    /// <summary>Finds it.</summary>
    /// <param name="given">What the recipe says.</param>
    /// <param name="values">Rows × dims.</param>
    /// <param name="isNamed">Whether it is known to be a detector head.</param>
    /// <returns><c>null</c>: nothing tells that it is one.</returns>
    /// <exception cref="InputException">It is one, and something of its layout cannot be told.</exception>
    public (LogitHead Head, RowLayout Layout)? Find(Given given, ReadOnlySpan<float> values, bool isNamed)
    {
        if (dims.Length != 2 || dims.Max() < FewestColumns)
            return !isNamed ? null : throw new InputException(
                "A detector head has anchors and columns.", $"tensor '{tensor}' of {model}", $"[N, {string.Join(", ", dims)}]",
                $"[N, columns, anchors] or [N, anchors, columns], {FewestColumns} columns or more", "name the output that joins boxes and scores (output:)");
        if (FindAxis(given.Axis, values, isNamed) is not { } found)
            return null;
        var (axis, why) = found;
        var layout = new RowLayout(dims, axis);
        var rows = layout.ToClassLast(values);
        if (More is not null && rows.Length / layout.Classes < EnoughBoxes)
            rows = layout.ToClassLast(More((EnoughBoxes + layout.Positions - 1) / layout.Positions));
        var (boxes, form) = FindBoxes(given, rows, layout);
        var areProbabilities = given.Probabilities ?? DetectorForm.AreProbabilities(rows, layout.Classes);
        var startsWithObjectness = BoxJoin is { } join && Behind(join.Lengths) is [1, > 0];
        var (background, whyBackground) = new DetectorBackground($"output '{tensor}' of {model}", metadata).Find(given, rows, layout.Classes, areProbabilities, startsWithObjectness);
        var (hasObjectness, split) = background is not null ? (false, whyBackground) : FindObjectness(given.Objectness, layout.Classes);
        var evidence = $"{why}; {form}; {split}; scores are {(areProbabilities ? "probabilities" : "logits")}";
        return (new(tensor, StreamKind.Detection, areProbabilities ? LogitTransform.LogOddsOfScores : LogitTransform.None, evidence)
        {
            Detector = new(boxes, hasObjectness) { Background = background },
        }, layout);
    }

    /// <summary>How the output of a student is read whose columns its teacher has described: scores that are all in [0, 1] are probabilities.</summary>
    /// <param name="probabilities">What is known.</param>
    /// <param name="values">Rows × columns, the columns last.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="tensor">The output.</param>
    public static LogitHead OfTrained(bool? probabilities, ReadOnlySpan<float> values, int columns, string tensor) => new(
        tensor, StreamKind.Detection, probabilities ?? DetectorForm.AreProbabilities(values, columns) ? LogitTransform.LogOddsOfScores : LogitTransform.None, "it was trained so");

    private (int Axis, string Why)? FindAxis(int? given, ReadOnlySpan<float> values, bool isNamed)
    {
        var said = given is null && metadata.TryGetValue(DetectorMetadata.AxisKey, out var text) && int.TryParse(text, out var known) ? known : given;
        if (said is { } named)
        {
            var at = (named < 0 ? named + dims.Length + 1 : named) - 1;
            return at is 0 or 1 && dims[at] >= FewestColumns
                ? (at, given is null ? "its metadata name its axis" : "the recipe names its axis")
                : throw new InputException(
                    "The axis of a detector head's columns does not exist, or is too short.", $"tensor '{tensor}' of {model}", $"class-axis {named} of [N, {string.Join(", ", dims)}]",
                    $"1 or 2, with {FewestColumns} or more");
        }

        if (BoxJoin is { } join)
        {
            var length = join.Lengths.Sum();
            if (dims[0] == length != (dims[1] == length))
                return (dims[0] == length ? 0 : 1, $"it joins boxes of {DetectorForm.BoxColumns} columns and {length - DetectorForm.BoxColumns} more");
        }

        int[] fitting = [.. new[] { HasBoxesAndProbabilities(0, values) ? 0 : -1, HasBoxesAndProbabilities(1, values) ? 1 : -1 }.Where(axis => axis >= 0)];
        if (fitting.Length == 1)
            return (fitting[0], $"of {dims[fitting[0]]} columns the first four go beyond 0 and 1, and no other does");
        return !isNamed ? null : throw Unclear("which axis counts the columns", $"[N, {string.Join(", ", dims)}]", "class-axis: 1", "class-axis: 2");
    }

    /// <summary>The join whose first parts are a box; <c>null</c>: none is.</summary>
    private JoinedColumns? BoxJoin => joins.FirstOrDefault(join => Behind(join.Lengths) is { Length: > 0 });

    /// <summary>The lengths of the parts behind the box; <c>null</c>: no part ends where a box does.</summary>
    private static long[]? Behind(long[] lengths)
    {
        var sum = 0L;
        for (var i = 0; i < lengths.Length; i++)
            if ((sum += lengths[i]) == DetectorForm.BoxColumns)
                return lengths[(i + 1)..];
        return null;
    }

    private bool HasBoxesAndProbabilities(int axis, ReadOnlySpan<float> values)
    {
        var columns = (int)dims[axis];
        if (columns < FewestColumns)
            return false;
        var rows = new RowLayout(dims, axis).ToClassLast(values);
        if (!DetectorForm.AreProbabilities(rows, columns))
            return false;
        var beyond = new bool[DetectorForm.BoxColumns];
        for (var i = 0; i < rows.Length; i++)
            if (i % columns < beyond.Length && rows[i] is < 0 or > 1)
                beyond[i % columns] = true;
        return Array.TrueForAll(beyond, each => each);
    }

    private (BoxForm Boxes, string Why) FindBoxes(Given given, ReadOnlySpan<float> rows, RowLayout layout)
    {
        if (given.Boxes is { } named)
            return (named, $"boxes as {Word(named)}, as the recipe says");
        if (metadata.TryGetValue(DetectorMetadata.BoxesKey, out var known) && Enum.TryParse<BoxForm>(known, ignoreCase: true, out var written))
            return (written, $"boxes as {known}, its metadata say");
        if (given.Suppressed is { } read)
            return (read, $"boxes as {Word(read)}, as its own suppression reads them");
        if (LayerOfBoxes(layout.Classes) is { } layer)
            throw Undecoded($"they are what '{layer.Name}' gives, with nothing behind it");
        var found = FormOf(rows, layout.Classes);
        if (LieOnOneAnother(rows, layout, found.Boxes))
            throw Undecoded("at all anchors they have about the same centre");
        return found;
    }

    private (BoxForm Boxes, string Why) FormOf(ReadOnlySpan<float> rows, int columns)
    {
        var (ordered, sized, count) = (0, 0, rows.Length / columns);
        for (var start = 0; start < rows.Length; start += columns)
        {
            ordered += rows[start + 2] >= rows[start] && rows[start + 3] >= rows[start + 1] ? 1 : 0;
            sized += rows[start + 2] >= 0 && rows[start + 3] >= 0 ? 1 : 0;
        }

        return ordered < count && sized == count ? (BoxForm.Xywh, "boxes as xywh: their third and fourth numbers are sizes, not beyond the first two")
            : ordered == count && count >= EnoughBoxes ? (BoxForm.Xyxy, $"boxes as xyxy: in each of {count} the second corner is beyond the first")
            : throw Unclear(
                "how boxes are written", $"{ordered} of {count} boxes with the second corner beyond the first, {sized} with sizes from 0 on",
                "boxes: xywh", "boxes: xyxy");
    }

    /// <summary>The layer that gives the four columns of boxes as they are; <c>null</c>: there is arithmetic behind it, or it gives each anchor numbers of its own.</summary>
    private LastLayer? LayerOfBoxes(int columns)
    {
        if (BoxJoin is not { } join)
            return Shared(Layer);
        var parts = join.Lengths.Length - Behind(join.Lengths)!.Length;
        return join.Layers.Take(parts).All(layer => Shared(layer) is not null) ? join.Layers[0] : null;

        LastLayer? Shared(LastLayer? layer) => layer is null || layer.Width > columns ? null : layer;
    }

    private static bool LieOnOneAnother(ReadOnlySpan<float> rows, RowLayout layout, BoxForm form)
    {
        var (columns, anchors, samples) = (layout.Classes, layout.Positions, rows.Length / layout.Elements);
        if (anchors < EnoughAnchors)
            return false;
        for (var side = 0; side < 2; side++)
        {
            var (centres, size) = (new double[anchors], 0.0);
            for (var row = 0; row < samples * anchors; row++)
            {
                var (first, second) = ((double)rows[row * columns + side], (double)rows[row * columns + side + 2]);
                centres[row % anchors] += (form == BoxForm.Xyxy ? (first + second) / 2 : first) / samples;
                size += (form == BoxForm.Xyxy ? second - first : second) / (samples * anchors);
            }

            var mean = centres.Average();
            if (Math.Sqrt(centres.Average(centre => (centre - mean) * (centre - mean))) >= LeastSpread * size)
                return false;
        }

        return true;
    }

    private InputException Undecoded(string found) => new(
        "A detector's boxes are not decoded: they say where in an anchor something is, and not where in the picture.", $"output '{tensor}' of {model}", found, "boxes",
        "export the model with its decoding (YOLOX: --decode_in_inference), put a file that decodes them behind it ('onnxkd join'), or name the tensor that holds boxes (output:); if they are boxes all the same, "
        + "say how they are written: 'boxes: xywh' or 'boxes: xyxy'");

    private (bool Has, string Why) FindObjectness(bool? given, int columns)
    {
        if (given is { } named)
            return (named, $"{(named ? "an" : "no")} objectness, as the recipe says");
        if (metadata.TryGetValue(DetectorMetadata.ObjectnessKey, out var known) && bool.TryParse(known, out var has))
            return (has, $"{(has ? "an" : "no")} objectness, its metadata say");
        if (columns == FewestColumns)
            return (false, "one class, no objectness");
        if (ClassNames is > 0 and var names && columns - names is DetectorForm.BoxColumns or FewestColumns)
            return (columns - names == FewestColumns, $"{names} names of classes in its metadata: {(columns - names == FewestColumns ? "an" : "no")} objectness");
        return BoxJoin is { } join && Behind(join.Lengths) is { } behind
            ? behind switch
            {
                [1, > 0] => (true, $"an objectness, then {behind[1]} classes, which it joins"),
                [_] when !join.SharesTensor => (false, $"{behind[0]} classes from a branch of their own, no objectness"),
                _ => throw Open(),
            }
            : throw Open();

        InputException Open() => Unclear(
            "whether there is an objectness", $"{columns - DetectorForm.BoxColumns} columns behind the box", "objectness: true", "objectness: false");
    }

    /// <summary>How many classes the exporter of YOLO's authors names: a dictionary in Python's notation.</summary>
    private int? ClassNames => metadata.TryGetValue("names", out var text) && text.StartsWith('{') ? System.Text.RegularExpressions.Regex.Count(text, @"[{,]\s*\d+\s*:") : null;

    private InputException Unclear(string what, string found, string one, string other) => Unclear($"output '{tensor}' of {model}", what, found, one, other);

    /// <summary>The error that something of a layout cannot be told.</summary>
    /// <param name="place">The output.</param>
    /// <param name="what">What.</param>
    /// <param name="found">What there is to tell it by.</param>
    /// <param name="lines">The lines of which one settles it.</param>
    internal static InputException Unclear(string place, string what, string found, params string[] lines) => new(
        $"It is not clear how a detector head is laid out: {what}.", place, found, $"one of: {string.Join(", ", lines)}",
        $"add the line to the teacher: {string.Join(", ", lines.SkipLast(1).Select(line => $"'{line}'"))} or '{lines[^1]}' (docs/teachers.md)");

    private static string Word(BoxForm form) => form.ToString().ToLowerInvariant();
}

/// <summary>Columns that are joined behind an output.</summary>
/// <param name="Lengths">How many each part has.</param>
/// <param name="SharesTensor">Whether the last part is cut out of a tensor that gives others too.</param>
/// <param name="Layers">For each part the layer that gives it as it is; <c>null</c>: there is arithmetic between the two.</param>
internal sealed record JoinedColumns(long[] Lengths, bool SharesTensor, IReadOnlyList<LastLayer?> Layers);
