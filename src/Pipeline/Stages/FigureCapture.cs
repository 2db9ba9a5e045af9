using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.Pipeline.Stages;

/// <summary>
/// What teachers say of samples as they are, which figures are of. Teachers that are kept apart answer no question together, so the
/// first of them stands for all, and others are asked for what a further output learns from them; unless each knows some of the classes: then it is their mean.
/// </summary>
internal static class FigureCapture
{
    /// <summary>The capture for figures of what learned from another capture.</summary>
    /// <param name="teachers">The teachers.</param>
    /// <param name="outputs">Further streams that figures are of, by name.</param>
    public static TeachersOptions Of(TeachersOptions teachers, IReadOnlyCollection<string> outputs) =>
        new(Of(teachers.Capture, outputs), [.. Asked(teachers.Capture, outputs).Select(index => teachers.Stages[index])]);

    /// <inheritdoc cref="Of(TeachersOptions, IReadOnlyCollection{string})"/>
    public static CaptureOptions Of(CaptureOptions options, params IReadOnlyCollection<string> outputs)
    {
        var asked = Asked(options, outputs);
        return options with
        {
            Teachers = [.. asked.Select(index => Reduced(options.Teachers[index], AreApart(options) && asked.Count > 1 ? options.Teachers[index].StreamAt(index) : null, outputs))],
            Combination = options.Combination == Combination.Single && options.Classes is not null ? Combination.MeanOfProbabilities : options.Combination,
            Storage = options.Storage switch
            {
                { IsDrawn: true } => new Float16(), // what was drawn at random has no top class
                TopK { Temperatures: { Count: > 0 } softened } top when !softened.Contains(1) => top with { Temperatures = [.. softened.Append(1).Order()] }, // figures are not softened
                var own => own,
            },
            Views = 1,
            Augmentation = Augmentation.None,
            Part = CachePart.Whole,
        };
    }

    /// <summary>The teachers that are asked, by their places: all, or of those that are kept apart the first, and those that further outputs learn from.</summary>
    private static IReadOnlyList<int> Asked(CaptureOptions options, IReadOnlyCollection<string> outputs) =>
    [
        .. Enumerable.Range(0, options.Teachers.Count).Where(index => !AreApart(options) || index == 0 || outputs.Contains(options.Teachers[index].StreamAt(index))),
    ];

    private static bool AreApart(CaptureOptions options) => options is { Combination: Combination.Single, Classes: null };

    /// <summary>A teacher without what no figure is of.</summary>
    /// <param name="teacher">The teacher.</param>
    /// <param name="stream">What its answer is called beside others, which then does not depend on its place; <c>null</c>: it is the only one.</param>
    /// <param name="outputs">The further streams that figures are of.</param>
    private static TeacherOptions Reduced(TeacherOptions teacher, string? stream, IReadOnlyCollection<string> outputs) => teacher with
    {
        Name = stream ?? teacher.Name, Outputs = [.. teacher.Outputs.Where(output => outputs.Contains(output.NameAt(stream)))], Features = [],
    };

    /// <summary>Whether a set can be captured: one with labels need not have the modalities that teachers read.</summary>
    public static bool CanRead(TransferSet set, TeachersOptions teachers) =>
        !set.IsLabelled || teachers.Capture.Teachers.All(teacher => teacher.Modality is not { } modality || set.Modalities.Contains(modality));
}
