using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Training;

namespace OnnxKd.StudentTrainer.Loop;

/// <summary>Whether there is what the objective needs, and whether sets and caches belong together.</summary>
internal static class DataChecks
{
    /// <summary>Checks.</summary>
    /// <exception cref="InputException">Something is missing or does not fit.</exception>
    /// <exception cref="CheckFailedException">A cache was made from other samples.</exception>
    public static void Require(IReadOnlyList<LearnerOptions> learners, TrainingData data, TrainingOptions options)
    {
        string[] names = [.. learners.Select(learner => learner.Name)];
        foreach (var learner in learners)
            ObjectiveChecks.Require(learner.Name, learner.Objective, Math.Min(options.BatchSize, data.Transfer.Count));
        string[] fromTeachers = [.. from learner in learners
                                    from term in learner.Objective
                                    where term.LearnsFromTeachers(learner.Name, names)
                                    select term.Name];
        string[] fromLabels = [.. learners.SelectMany(learner => learner.Objective).Where(term => term.LearnsFromLabels).Select(term => term.Name)];
        if (fromTeachers.Length > 0 && data.Cache is null)
            throw new InputException(
                "A term of the objective needs a teacher, and there is none.",
                where: "objective",
                found: Quoted(fromTeachers),
                remedy: "name a teacher, or train with 'hard' alone");
        if (fromLabels.Length > 0 && !data.Transfer.IsLabelled)
            throw new InputException(
                "A term of the objective needs labels, and the transfer set has none.",
                where: data.Transfer.Name,
                found: Quoted(fromLabels),
                remedy: "name a file of labels, or train with 'soft' alone");
        if (data.Cache is not null && !options.Augmentation.IsNone)
            throw new InputException(
                "Augmentation is set for a training that has a cache.",
                where: "training.augmentation",
                found: $"{options.Augmentation}",
                expected: "none: the student must see the very views that the teacher's logits were captured for",
                remedy: "set the augmentation where the cache is captured, with as many views as wanted");
        data.Cache?.RequireSamples(data.Transfer);
        RequireValidation(data);
    }

    private static void RequireValidation(TrainingData data)
    {
        if (data.Validation is null)
        {
            if (data.ValidationCache is not null)
                throw new InputException("There is a cache for a validation set, but no validation set.");
            return;
        }
        if (!data.Validation.IsLabelled && data.ValidationCache is null)
            throw new InputException(
                "The validation set has no labels, and there is no teacher to compare with.",
                where: data.Validation.Name,
                remedy: "name its file of labels or a teacher, or leave it out");
        if (!data.Validation.SampleShape.SequenceEqual(data.Transfer.SampleShape))
            throw new InputException(
                "Transfer set and validation set differ in the shape of a sample.",
                where: $"{data.Transfer.Name} and {data.Validation.Name}",
                found: $"{Shapes.Format(data.Transfer.SampleShape)} and {Shapes.Format(data.Validation.SampleShape)}");
        data.ValidationCache?.RequireSamples(data.Validation);
    }

    /// <summary>Names of terms, in words.</summary>
    internal static string Quoted(IEnumerable<string> terms) => string.Join(", ", terms.Distinct().Select(term => $"'{term}'"));

    /// <summary>What labels are for, in words.</summary>
    internal static string Describe(IReadOnlyList<int> labels) =>
        labels.Count == 0 ? "one label per sample" : $"labels {Shapes.Format(labels)} for each sample";
}
