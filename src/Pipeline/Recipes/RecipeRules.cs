using OnnxKd.Core.Errors;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.StudentTrainer.Training;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>What must hold between the parts of a recipe.</summary>
internal static class RecipeRules
{
    /// <summary>Checks a recipe.</summary>
    /// <param name="recipe">What was read.</param>
    /// <param name="map">Where it was read from, for messages.</param>
    /// <exception cref="InputException">Two parts contradict each other.</exception>
    public static void Check(Recipe recipe, RecipeMap map)
    {
        var learnsFromTeachers = recipe.Objective.Any(ObjectiveSection.NeedsTeacher);
        if (learnsFromTeachers && !recipe.HasTeachers)
            throw map.Require("objective").Error(
                "The objective needs a teacher, and the recipe has none.", Names(recipe.Objective),
                remedy: "add teachers, or use 'hard' alone");
        if (!learnsFromTeachers && recipe.HasTeachers)
            throw map.Require("objective").Error(
                "The objective does not use the teachers.", Names(recipe.Objective), "a term that learns from a teacher, such as 'soft'",
                "add one, or remove the teachers");
        if (learnsFromTeachers && !recipe.Training.Augmentation.IsNone)
            throw map.Require("training").Error(
                "With a teacher, augmentation belongs to the capture: teacher and student must see the same views.",
                "training.augmentation",
                remedy: "move it to capture.augmentation and set capture.views");
        if (recipe.Capture.Views > 1 && recipe.Capture.Augmentation.IsNone)
            throw map.Require("capture").Error(
                "Without augmentation all views are alike.", $"views: {recipe.Capture.Views}", "1",
                "set capture.augmentation, or leave views out");
        CheckLabels(recipe, map);
        CheckTraining(recipe, recipe.Training, map.Require("training"));
        if (recipe.Baseline is { } baseline)
            CheckBaseline(recipe, baseline, map.Require("baseline"));
    }

    private static void CheckLabels(Recipe recipe, RecipeMap map)
    {
        if (recipe.Data.Transfer.Labels is null && UsesLabels(recipe.Objective))
            throw NoLabels(map.Require("objective"));
        if (recipe.Data.Validation is { Labels: null } && (!recipe.HasTeachers || recipe.Baseline is not null))
            throw map.Require("data").Error(
                "Without a teacher, a validation set without labels says nothing, and the baseline has none.",
                remedy: "set data.validation.labels, or remove the baseline");
        if (recipe.Data.Test is { Labels: null, Texts: null } && !recipe.HasTeachers)
            throw map.Require("data").Error(
                "Without a teacher, a test set without labels or texts says nothing.", remedy: "set data.test.labels");
    }

    private static void CheckBaseline(Recipe recipe, BaselineOptions baseline, RecipeValue place)
    {
        if (baseline.Objective.Any(ObjectiveSection.NeedsTeacher))
            throw place.Error("The baseline learns without a teacher.", Names(baseline.Objective), ObjectiveSection.Hard);
        if (recipe.Data.Transfer.Labels is null)
            throw NoLabels(place);
        CheckTraining(recipe, baseline.Training, place);
    }

    private static void CheckTraining(Recipe recipe, TrainingOptions training, RecipeValue place)
    {
        if (recipe.Data.Validation is null && (training.EarlyStop is not null || training.Keep == "best"))
            throw place.Error(
                "Early stopping and the best checkpoint need a validation set.", training.EarlyStop is null ? "keep: best" : "early-stop",
                remedy: "set data.validation (for example the last rows of the transfer set), or remove the key");
    }

    private static bool UsesLabels(IReadOnlyList<Term> objective) => objective.Any(term => term.LearnsFromLabels);

    private static string Names(IReadOnlyList<Term> objective) => string.Join(", ", objective.Select(term => term.Name));

    private static InputException NoLabels(RecipeValue place) => place.Error(
        "Hard labels are needed, and the transfer set has none.", "no data.transfer.labels", remedy: "set it, or leave the hard term out");
}
