using OnnxKd.Core.Errors;
using OnnxKd.Core.Text;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Optimizers;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.TeacherRunner.Teachers;

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
        foreach (var step in recipe.Trainings)
        {
            RecipeValue Place(string key) => step.Place.Find(key) ?? map.Find(key) ?? step.Place;
            if (step == recipe.Baseline)
                CheckBaseline(recipe, step);
            else
                CheckTeachers(step, Place);
            if (recipe.Data.Transfer.Labels is null && step.Terms.Any(term => term.LearnsFromLabels))
                throw NoLabels(step == recipe.Baseline ? step.Place : Place("objective"));
            CheckTraining(recipe, step, step == recipe.Baseline ? step.Place : Place("training"));
        }
        foreach (var stage in recipe.Stages)
            if (((stage as TrainStep)?.Teachers ?? (stage as CaptureStep)?.Teachers)?.Capture is { Views: > 1 and var views, Augmentation.IsNone: true })
                throw (stage.Place.Find("capture") ?? map.Find("capture") ?? stage.Place).Error(
                    "Without augmentation all views are alike.", $"views: {views}", "1", "set capture.augmentation, or leave views out");
        CheckSets(recipe, map);
    }

    private static void CheckTeachers(TrainStep step, Func<string, RecipeValue> place)
    {
        var learnsFromTeachers = step.LearnsFromTeachers;
        if (learnsFromTeachers && step.Teachers.IsEmpty)
            throw NoTeacher(step, place);
        if (!learnsFromTeachers && !step.Teachers.IsEmpty)
            throw place("objective").Error(
                "The objective does not use the teachers.", Names(step.Terms), "a term that learns from a teacher, such as 'soft'",
                "add one, or remove the teachers");
        if (!step.Capture.Augmentation.IsNone && step.Capture.Teachers.Any(teacher => teacher.IsRecorded))
            throw place("capture").Error(
                "What a teacher said of samples as they are says nothing of changed ones.", "capture.augmentation with signals",
                remedy: "remove the augmentation, or name the teacher's model");
        if (step.Terms.FirstOrDefault(term => term.NeedsOneLabel) is { } single && step.Capture.Augmentation.MixesPairs)
            throw place("capture").Error(
                "A term needs one label of each sample, and views are mixed from two samples.", $"{single.Name} with {step.Capture.Augmentation.Steps[^1].Name}",
                remedy: "leave mixup and cutmix out, or use 'soft'");
        if (learnsFromTeachers && !step.Training.Augmentation.IsNone)
            throw place("training").Error(
                "With a teacher, augmentation belongs to the capture: teacher and student must see the same views.",
                "training.augmentation",
                remedy: "move it to capture.augmentation and set capture.views");
    }

    /// <summary>A stream that looks like a learner's tensor may be the wrong name of one.</summary>
    private static InputException NoTeacher(TrainStep step, Func<string, RecipeValue> place)
    {
        var names = step.LearnerNames;
        var wrong = names.Count < 2 ? null : step.Learners.SelectMany(learner => learner.Objective.SelectMany(term => term.Streams(learner.Name, names)))
            .Select(named => named.Stream).FirstOrDefault(stream => stream.Contains('/'));
        return wrong is null
            ? place("objective").Error("The objective needs a teacher, and the recipe has none.", Names(step.Terms), remedy: "add teachers, or use 'hard' alone")
            : place("learners").Error(
                "A term learns from a learner that is not there.", $"teacher: {wrong}", $"NAME/TENSOR, NAME being one of {string.Join(", ", names)}",
                Suggestions.Nearest(wrong[..wrong.IndexOf('/')], names) is { } nearest ? $"did you mean '{nearest}{wrong[wrong.IndexOf('/')..]}'?" : "name another learner");
    }

    private static void CheckSets(Recipe recipe, RecipeMap map)
    {
        if (recipe.Data.Validation is { Labels: null } && recipe.Trainings.FirstOrDefault(step => step.Teachers.On(SetRole.Validation) is null) is { } alone)
            throw map.Require("data").Error(
                "Without a teacher, a validation set without labels says nothing.", alone.Teachers.IsEmpty ? $"the {(alone == recipe.Baseline ? "baseline" : $"training '{alone.Name}'")} has no teacher" : "no validation-signals",
                remedy: alone.Teachers.IsEmpty ? "set data.validation.labels, or remove that training" : "set data.validation.labels, or the teacher's validation-signals");
        if (recipe.Data.Test is { Labels: null, Texts: null } && recipe.Reference.On(SetRole.Test) is null)
            throw map.Require("data").Error(
                "Without a teacher, a test set without labels or texts says nothing.", recipe.Reference.IsEmpty ? null : "no test-signals",
                remedy: recipe.Reference.IsEmpty ? "set data.test.labels" : "set data.test.labels, or the teacher's test-signals");
        CheckSignals(recipe, map);
    }

    /// <summary>What was said of a set that is not there would be passed over in silence.</summary>
    private static void CheckSignals(Recipe recipe, RecipeMap map)
    {
        var teachers = recipe.Trainings.Select(step => step.Teachers).Append(recipe.Reference).SelectMany(teachers => teachers.Capture.Teachers).ToArray();
        var lacking = recipe.Data.Validation is null && teachers.Any(teacher => !teacher.ValidationSignals.AreNone) ? "validation"
            : recipe.Data.Test is null && teachers.Any(teacher => !teacher.TestSignals.AreNone) ? "test" : null;
        if (lacking is not null)
            throw map.Require("data").Error(
                $"A teacher's answers on a {lacking} set are given, and no such set.", $"{lacking}-signals", $"data.{lacking}", "set it, or remove the answers");
    }

    private static void CheckBaseline(Recipe recipe, TrainStep baseline)
    {
        if (baseline.LearnsFromTeachers)
            throw baseline.Place.Error("The baseline learns without a teacher.", Names(baseline.Terms), ObjectiveSection.Hard);
        if (recipe.Data.Transfer.Labels is null)
            throw NoLabels(baseline.Place);
        if (TaughtStart(recipe, baseline.Learners[0].Student) is { } taught)
            throw baseline.Place.Error(
                "The baseline learns without a teacher, and would start from weights that one taught.", $"the student starts from what '{taught}' learned from teachers",
                remedy: "remove baseline, and compare with a training of its own: an entry under stages with the same architecture and 'objective: [ hard: {} ]'");
    }

    /// <summary>The training by teachers whose weights a student starts from; <c>null</c>: none.</summary>
    private static string? TaughtStart(Recipe recipe, StudentSource student)
    {
        if (student.Import.Initialisation != Initialisation.Keep)
            return null;
        var start = student.Stage;
        while (start is not null && recipe.Stages.FirstOrDefault(entry => entry.Provides.Contains(start.Name)) is var entry)
        {
            if (entry is TrainStep step)
                return step.LearnsFromTeachers ? step.Name : TaughtStart(recipe, step.Learners[0].Student);
            start = entry?.FormOf;
        }
        return null;
    }

    private static void CheckTraining(Recipe recipe, TrainStep step, RecipeValue place)
    {
        var training = step.Training;
        if (recipe.Data.Validation is null && (training.EarlyStop is not null || training.KeepsBest))
            throw place.Error(
                "Early stopping and the best checkpoint need a validation set.", training.EarlyStop is null ? "keep: best" : "early-stop",
                remedy: "set data.validation (for example the last rows of the transfer set), or remove the key");
        if (step.Teachers.On(SetRole.Validation) is null && training.EarlyStop?.Metric is "agreement" or "kl")
            throw place.Error("Without a teacher there is no agreement to watch.", $"early-stop: {training.EarlyStop.Metric}", "errors or nll");
        if (recipe.Data.Validation is { Labels: null } && training.EarlyStop?.Metric is "errors" or "nll")
            throw place.Error(
                "Without labels of the validation set there are no errors to watch.", $"early-stop: {training.EarlyStop.Metric}", "data.validation.labels",
                "set them, or leave metric out: the student is then compared with its teacher");
        if (training.Milestones is { } milestones && (training.EarlyStop is not null || milestones.Distinct().Count() < milestones.Count || milestones.Any(epoch => epoch >= training.Epochs)))
            throw place.Error(
                training.EarlyStop is null ? "A milestone is no epoch of its own before the last." : "A training that may stop early may never come to its milestones.",
                $"milestones: [{string.Join(", ", milestones)}] of {training.Epochs} epochs", $"each once, below {training.Epochs}, and no early-stop");
        if (training.Schedule is WarmedUpSchedule { WarmupEpochs: var warmup } && warmup >= training.Epochs)
            throw place.Error(
                "The warm-up is as long as the training.", $"warmup-epochs: {warmup} of {training.Epochs} epochs",
                $"0 to below {training.Epochs}", "lower training.schedule.warmup-epochs, or raise training.epochs (--epochs)");
    }

    private static string Names(IEnumerable<Term> terms) => string.Join(", ", terms.Select(term => term.Name));

    private static InputException NoLabels(RecipeValue place) => place.Error(
        "Hard labels are needed, and the transfer set has none.", "no data.transfer.labels", remedy: "set it, or leave the hard term out");
}
