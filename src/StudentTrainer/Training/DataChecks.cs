using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;
using OnnxKd.StudentTrainer.Losses;

namespace OnnxKd.StudentTrainer.Training;

/// <summary>Whether there is what the objective needs, and whether sets and caches belong together.</summary>
internal static class DataChecks
{
    /// <summary>Checks.</summary>
    /// <exception cref="InputException">Something is missing or does not fit.</exception>
    /// <exception cref="CheckFailedException">A cache was made from other samples.</exception>
    public static void Require(TrainingData data, Objective objective, TrainingOptions options)
    {
        if (objective.Needs.HasFlag(TermNeeds.Teacher) && data.Cache is null)
            throw new InputException(
                "A term of the objective needs a teacher, and there is none.",
                where: "objective",
                found: objective.NamesThatNeed(TermNeeds.Teacher),
                remedy: "name a teacher, or train with 'hard' alone");
        if (objective.Needs.HasFlag(TermNeeds.Labels) && !data.Transfer.IsLabelled)
            throw new InputException(
                "A term of the objective needs labels, and the transfer set has none.",
                where: data.Transfer.Name,
                found: objective.NamesThatNeed(TermNeeds.Labels),
                remedy: "name a file of labels, or train with 'soft' alone");
        if (data.Cache is not null && !options.Augmentation.IsNone)
            throw new InputException(
                "Augmentation is set for a training that has a cache.",
                where: "training.augmentation",
                found: $"{options.Augmentation}",
                expected: "none: the student must see the very views that the teacher's logits were captured for",
                remedy: "set the augmentation where the cache is captured, with as many views as wanted");
        var views = data.Cache?.Identity.Augmentation ?? options.Augmentation;
        if (objective.Needs.HasFlag(TermNeeds.Labels) && views.MixesPairs)
            throw new InputException(
                "Views are mixed from two samples, and a term of the objective learns from one label.",
                where: "objective",
                found: $"{objective.NamesThatNeed(TermNeeds.Labels)} with augmentation {views}",
                remedy: "learn from the teacher alone, who saw the mixed views, or leave mixup and cutmix out");
        data.Cache?.RequireSamples(data.Transfer);
        RequireEvaluation(data);
    }

    private static void RequireEvaluation(TrainingData data)
    {
        if (data.Evaluation is null)
        {
            if (data.EvaluationCache is not null)
                throw new InputException("There is a cache for an evaluation set, but no evaluation set.");
            return;
        }
        if (!data.Evaluation.IsLabelled && data.EvaluationCache is null)
            throw new InputException(
                "The evaluation set has no labels, and there is no teacher to compare with.",
                where: data.Evaluation.Name,
                remedy: "name its file of labels or a teacher, or leave it out");
        if (!data.Evaluation.SampleShape.SequenceEqual(data.Transfer.SampleShape))
            throw new InputException(
                "Transfer set and evaluation set differ in the shape of a sample.",
                where: $"{data.Transfer.Name} and {data.Evaluation.Name}",
                found: $"{Shapes.Format(data.Transfer.SampleShape)} and {Shapes.Format(data.Evaluation.SampleShape)}");
        data.EvaluationCache?.RequireSamples(data.Evaluation);
    }
}
