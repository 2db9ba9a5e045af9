using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>The key <c>baseline</c>: the student that the run is for, trained without a teacher.</summary>
internal static class BaselineSection
{
    /// <summary>Reads it; <c>null</c>: none is wanted.</summary>
    /// <param name="value"><c>true</c>, <c>false</c>, or what differs from the student's training.</param>
    /// <param name="final">The training that it is compared with.</param>
    public static TrainStep? Read(RecipeValue value, TrainStep final)
    {
        // The student sees the views of the capture: without a teacher the same network sees such views too, or the difference would not be the teacher's.
        var defaults = new TrainStep(StageRules.Baseline, value)
        {
            Teachers = new(final.Capture with { Teachers = [] }, []),
            Learners = [new(StageRules.Baseline, WithoutTeacher(final.Learners[0].Student), ObjectiveSection.HardOnly)],
            Training = final.Training with { Milestones = null, Augmentation = final.Capture.Augmentation.IsNone ? final.Training.Augmentation : final.Capture.Augmentation },
        };
        if (!value.IsMap)
            return value.Flag() ? defaults : null;
        var map = value.Map("objective", "training");
        return defaults with
        {
            Learners = [map.Read("objective", defaults.Learners[0], v => defaults.Learners[0] with { Objective = ObjectiveSection.Read(v) })],
            Training = map.Read("training", defaults.Training, v => TrainingSection.Override(v, defaults.Training)),
        };
    }

    /// <summary>Labels are for the first output.</summary>
    private static StudentSource WithoutTeacher(StudentSource student) => student with { Attachments = [], Import = student.Import with { Outputs = [] } };

    /// <summary>Writes it.</summary>
    public static YamlNode Write(TrainStep baseline) => YamlTree.Map(
        ("objective", ObjectiveSection.Write(baseline.Learners[0].Objective)),
        ("training", TrainingSection.Write(baseline.Training)));
}
