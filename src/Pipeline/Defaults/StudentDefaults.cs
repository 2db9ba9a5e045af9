using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.Text;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Recipes;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Defaults;

/// <summary>The student that is trained where a recipe names none: a modest one of the usual kind for the samples.</summary>
internal static class StudentDefaults
{
    /// <summary>The option of architectures of text that says how many token ids there are.</summary>
    public const string VocabularyKey = "vocabulary";

    private const int MostIds = 1_000_000; // as many as a vocabulary may have
    private const int MostValuesOfDense = 20_000;
    private const int MostValuesOfShortSignal = 4096; // of which a dense layer can see every place
    private const int SmallestPicture = 12;
    private const int LargestSmallPicture = 32;
    private const int LargestMediumPicture = 64;
    private const int MostAnchorsOfCell = 9; // in each place: three shapes at three sizes

    private const int MostRecurrentSteps = 64;
    private const int FewestFrames = 8; // fewer positions are likelier heads of several things than moments
    private const int MostMaps = 4;
    private const int CoarsestStep = 64;

    private static readonly int[] Steps = [1, 2, 4, 8]; // of the levels of a U-Net
    private static readonly int[] Widths = [16, 16, 32, 48, 64, 96, 128]; // of the levels of a pyramid

    /// <summary>Whether a student's section names neither an architecture nor a file nor a stage.</summary>
    public static bool IsUnnamed(YamlNode? student) =>
        student is YamlMappingNode map && map.Find("architecture") is null && map.Find("model") is null && map.Find("stage") is null;

    /// <summary>Chooses an architecture and its options.</summary>
    /// <param name="kind">What the samples are.</param>
    /// <param name="sets">The sets, the transfer set first.</param>
    /// <param name="teacher">What is imitated; <c>null</c>: labels alone.</param>
    /// <param name="isPooled">Whether its tokens become one row for a text.</param>
    /// <param name="answer">Tells what the teacher gives for a sample, where its outputs may be maps or a detector's; <c>null</c>: that is not known.</param>
    /// <exception cref="InputException">There is none for samples like that.</exception>
    public static YamlMappingNode Choose(SampleKind kind, IReadOnlyList<TransferSet> sets, OnnxModel? teacher, bool isPooled, Func<CacheStream?> answer)
    {
        var set = sets[0];
        var shape = set.SampleShape;
        return kind switch
        {
            SampleKind.Tokens => YamlTree.Map(
                ("architecture", "transformer-tiny"), (VocabularyKey, Vocabulary(sets, teacher)), ("pooling", GivesFrames(teacher) && !isPooled ? "none" : null)),
            SampleKind.Signal or SampleKind.Sequence when MayGiveMaps(teacher) && !isPooled && FramesOf(answer(), set, kind) is { } frames => YamlTree.Map(("architecture", "cnn1d"), ("frames", frames)),
            SampleKind.Sequence when GivesFrames(teacher) && !isPooled => YamlTree.Map(("architecture", "bigru"), ("output", "frames")),
            SampleKind.Sequence => YamlTree.Map(("architecture", IsLong(set) ? "cnn1d" : "bigru")),
            SampleKind.Signal when shape.Count == 2 && shape[0] > 1 && set.SampleElements <= MostValuesOfShortSignal => YamlTree.Map(("architecture", "cnn")),
            SampleKind.Signal => YamlTree.Map(("architecture", "cnn1d")),
            SampleKind.Image when OfAnchors(teacher, shape) is { } student && answer()?.Kind == StreamKind.Detection => student,
            SampleKind.Image when MayGiveMaps(teacher) && StepOfMap(answer(), shape) is { } step => YamlTree.Map(("architecture", "unet"), ("stride", step)),
            SampleKind.Image when PictureLayout.Of(shape) is { } picture && Math.Min(picture.Height, picture.Width) >= SmallestPicture => YamlTree.Map(("architecture", OfPicture(picture))),
            _ when set.SampleElements <= MostValuesOfDense => YamlTree.Map(("architecture", "mlp"), ("widths", new[] { 256, 256 })),
            _ => throw new InputException(
                "No student is chosen by default for samples like these.", set.Name, $"samples of shape {Shapes.Format(shape)}",
                "tables, pictures [channels, height, width] or [height, width, channels], sequences [length, features] or token ids", "name one: student.architecture or student.model"),
        };
    }

    /// <summary>Whether a student that takes step after step would take long, and one that sees many at once can take its place: it does not know of padding.</summary>
    private static bool IsLong(TransferSet set) =>
        set.SampleShape[0] > MostRecurrentSteps && set.Lengths is null && SignalLayout.Of(set.SampleShape) is { IsChannelsLast: true };

    /// <summary>How many frames a network along time gives; <c>null</c>: the teacher gives none, or a student that takes step after step gives as many.</summary>
    private static int? FramesOf(CacheStream? answer, TransferSet set, SampleKind kind) =>
        answer?.Shape is [>= FewestFrames and var frames, _] && SignalLayout.Of(set.SampleShape) is { } signal && frames <= signal.Length
        && (kind == SampleKind.Signal || signal.IsChannelsLast && (frames != signal.Length || IsLong(set)))
            ? frames
            : null;

    private static string OfPicture(PictureLayout picture) => (Side: Math.Max(picture.Height, picture.Width), IsGrey: picture.Channels == 1) switch
    {
        ( <= LargestSmallPicture, true) => "cnn",
        ( <= LargestMediumPicture, _) => "resnet8",
        _ => "mobilenetv3-small",
    };

    /// <summary>How many token ids there are: the rows of the teacher's embedding; without one, one more than the largest id of the sets.</summary>
    /// <param name="sets">The sets, the transfer set first.</param>
    /// <param name="teacher">What is imitated; <c>null</c>: labels alone.</param>
    /// <exception cref="InputException">Samples are no token ids.</exception>
    public static int Vocabulary(IReadOnlyList<TransferSet> sets, OnnxModel? teacher)
    {
        if (teacher is not null && Embedding(teacher.Proto.Graph, sets[0].SampleShape.Tokens?.Name) is { } rows)
            return rows;
        var (largest, place) = (0f, sets[0].Name);
        foreach (var set in sets)
        {
            var (values, tokens) = (new float[set.SampleElements], set.SampleShape.Tokens);
            for (long row = 0; row < set.Count; row++)
            {
                set.Read([row], values);
                var (first, count) = tokens is null ? (0, values.Length) : (tokens.Offset, tokens.Elements);
                for (var i = first; i < first + count; i++)
                {
                    if (values[i] != MathF.Truncate(values[i]))
                        throw new InputException(
                            "A student of text takes token ids, and a sample holds a fraction.", set.PlaceOf(row, i), Printable.Number(values[i]), "whole numbers from 0", InputRule.OtherStudents);
                    if (values[i] > largest)
                        (largest, place) = (values[i], set.PlaceOf(row, i));
                }
            }
        }

        return largest < MostIds ? (int)largest + 1 : throw new InputException(
            "A student of text has a row for each token id, and an id is too large for that.", place, Printable.Number(largest), $"below {MostIds}",
            $"number what the ids stand for anew, from 0, in the samples and in the model; if they are amounts: student.architecture: mlp");
    }

    private static int? Embedding(Onnx.GraphProto graph, string? tokens)
    {
        var inputs = new GraphIndex(graph).Inputs;
        return LookupTables.Smallest(graph, (inputs.FirstOrDefault(input => input.Name == tokens) ?? inputs[0]).Name) is { } table ? checked((int)table.Rows) : null;
    }

    private static bool MayGiveMaps(OnnxModel? teacher) => teacher?.Proto.Graph.Output.Any(output => output.Type?.TensorType is not { Shape: { Dim.Count: < 3 } }) == true;

    /// <summary>The step in pixels of the map that a teacher gives; <c>null</c>: it gives none, or of a size that no student has.</summary>
    private static int? StepOfMap(CacheStream? answer, IReadOnlyList<int> sample)
    {
        if (answer?.Shape is not [var rows, _, _] || PictureLayout.Of(sample) is not { } picture)
            return null;
        var step = (picture.Height + rows - 1) / rows;
        return Steps.Contains(step) ? step : null;
    }

    /// <summary>A student whose map, or maps, have a place, or a few, for each of a detector's anchors; <c>null</c>: there is none, or their number is not declared.</summary>
    private static YamlMappingNode? OfAnchors(OnnxModel? teacher, IReadOnlyList<int> sample)
    {
        if (teacher?.Proto.Graph.Output.FirstOrDefault()?.ShapeOf() is not [_, { } first, { } second] || PictureLayout.Of(sample) is not { } picture)
            return null;
        long[] sizes = [.. new[] { first, second }.Select(axis => axis.Size).OfType<long>()];
        // One anchor in each place is likelier than several.
        if (Array.Find(Steps, step => sizes.Contains(Cells(step))) is > 0 and var exact)
            return YamlTree.Map(("architecture", "unet"), ("stride", exact));
        foreach (var count in Enumerable.Range(2, MostMaps - 1))
            for (var finest = 1; finest << (count - 1) <= CoarsestStep; finest *= 2)
                if (Enumerable.Range(0, count).Select(i => finest << i).ToArray() is var steps && sizes.Contains(steps.Sum(Cells)))
                    return YamlTree.Map(("architecture", "fpn"), ("widths", Widths[..(int.Log2(steps[^1]) + 1)]), ("strides", steps));
        return Array.Find(Steps, step => sizes.Any(size => size % Cells(step) == 0 && size / Cells(step) <= MostAnchorsOfCell)) is > 0 and var several
            ? YamlTree.Map(("architecture", "unet"), ("stride", several))
            : null;

        long Cells(int step) => (picture.Height + step - 1) / step * ((picture.Width + step - 1) / step);
    }

    private static bool GivesFrames(OnnxModel? teacher) => teacher?.Proto.Graph.Output.FirstOrDefault()?.ShapeOf() is { Count: 3 };
}
