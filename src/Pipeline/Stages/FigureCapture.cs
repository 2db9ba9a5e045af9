using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.Pipeline.Stages;

/// <summary>
/// What teachers say of samples as they are, which figures are of. Teachers that are kept apart answer no question together, so the
/// first of them stands for all, unless each knows some of the classes: then it is their mean.
/// </summary>
internal static class FigureCapture
{
    /// <summary>The capture for figures of what learned from another capture.</summary>
    /// <param name="teachers">The teachers.</param>
    /// <param name="outputs">Further streams that figures are of, by name.</param>
    public static TeachersOptions Of(TeachersOptions teachers, IReadOnlyCollection<string> outputs)
    {
        var capture = Of(teachers.Capture, outputs);
        return new(capture, [.. teachers.Stages.Take(capture.Teachers.Count)]);
    }

    /// <inheritdoc cref="Of(TeachersOptions, IReadOnlyCollection{string})"/>
    public static CaptureOptions Of(CaptureOptions options, params IReadOnlyCollection<string> outputs) => options with
    {
        Teachers =
        [
            .. options.Teachers.Take(options.Combination == Combination.Single && options.Classes is null ? 1 : options.Teachers.Count)
                .Select(teacher => teacher with { Outputs = [.. teacher.Outputs.Where(output => outputs.Contains(output.Name))], Features = [] }),
        ],
        Combination = options.Combination == Combination.Single && options.Classes is not null ? Combination.MeanOfProbabilities : options.Combination,
        // What was drawn at random has no top class.
        Storage = options.Storage is Sampled ? new Float16() : options.Storage,
        Views = 1,
        Augmentation = Augmentation.None,
        Part = CachePart.Whole,
    };

    /// <summary>Whether a set can be captured: one with labels need not have the modalities that teachers read.</summary>
    public static bool CanRead(TransferSet set, TeachersOptions teachers) =>
        !set.IsLabelled || teachers.Capture.Teachers.All(teacher => teacher.Modality is not { } modality || set.Modalities.Contains(modality));
}
