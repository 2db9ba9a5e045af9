using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Onnx;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.StudentTrainer.Losses;
using OnnxKd.StudentTrainer.Students;
using OnnxKd.StudentTrainer.Training;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Stages;

/// <summary>What one training consists of.</summary>
/// <param name="Role"><c>student</c> or <c>baseline</c>.</param>
/// <param name="Objective">The terms.</param>
/// <param name="Training">The settings.</param>
/// <param name="Classes">The number of classes, for a built-in architecture; a file has its own.</param>
/// <param name="Teachers">The teachers' logits on the transfer set; <c>null</c> to learn from labels alone.</param>
/// <param name="Validation">The teachers' logits on the validation set, to measure agreement; <c>null</c>: it is not measured.</param>
internal sealed record TrainingPlan(
    string Role,
    IReadOnlyList<TermOptions> Objective,
    TrainingOptions Training,
    int Classes,
    CapturedLogits? Teachers = null,
    CapturedLogits? Validation = null);

/// <summary>Trains one student.</summary>
internal static class TrainStage
{
    /// <summary>The trained model within the stage's folder.</summary>
    public const string ModelFile = "model.onnx";

    /// <summary>One line for each epoch within the stage's folder.</summary>
    public const string EventsFile = "events.jsonl";

    /// <summary>Trains, goes on with an interrupted training, or finds the finished one.</summary>
    /// <param name="runner">Runs the stage.</param>
    /// <param name="recipe">The recipe.</param>
    /// <param name="sets">Its sets.</param>
    /// <param name="plan">What is trained.</param>
    /// <param name="token">Saves a checkpoint and stops.</param>
    /// <returns>The stage's folder.</returns>
    public static string Run(StageRunner runner, Recipe recipe, RecipeSets sets, TrainingPlan plan, CancellationToken token)
    {
        var file = recipe.Student.Model is { } path ? OnnxModel.Load(path) : null;
        var inputs = new StageInputs()
            .Add("student", StudentSection.Write(recipe.Student, file?.Digest))
            .Add("classes", $"{plan.Classes}")
            .Add("objective", new YamlSequenceNode(ObjectiveSection.Write(plan.Objective)))
            .Add("training", TrainingSection.Write(plan.Training))
            .Add("seed", $"{plan.Training.Seed}")
            .Add("preprocessing", DataSection.WritePreprocessing(recipe.Data.Preprocessing))
            .Add("samples", sets.Transfer.SamplesDigest)
            .Add("first-id", $"{sets.Transfer.IdOf(0)}")
            .Add("labels", sets.Transfer.LabelsDigest)
            .Add("lengths", sets.Transfer.LengthsDigest)
            .Add("validation-samples", sets.Validation?.SamplesDigest)
            .Add("validation-labels", sets.Validation?.LabelsDigest)
            .Add("validation-lengths", sets.Validation?.LengthsDigest)
            .Add("cache", plan.Teachers?.Digest)
            .Add("validation-cache", plan.Validation?.Digest);
        if ((long)plan.Training.BatchSize * Math.Max(sets.Transfer.SampleElements, plan.Classes) > Array.MaxLength / sizeof(float))
            throw new InputException(
                "A batch is too large.", "training.batch-size", $"{plan.Training.BatchSize} samples of {sets.Transfer.SampleElements} values",
                $"at most {Array.MaxLength / sizeof(float)} values", "choose a smaller batch-size");
        var name = $"train-{plan.Role}";
        runner.Link($"events/{plan.Role}.jsonl", Path.Combine(runner.FolderOf(name, inputs), EventsFile));
        return runner.Run(name, inputs, ProductVersion.WithLibTorch, (folder, progress) =>
        {
            using var cache = plan.Teachers is null ? null : LogitCache.Open(plan.Teachers.Folder);
            using var validationCache = plan.Validation is null ? null : LogitCache.Open(plan.Validation.Folder);
            var student = file
                ?? Architectures.Build(recipe.Student.Architecture!, sets.Transfer.SampleShape, plan.Classes, plan.Training.Seed);
            var import = recipe.Student.Import with { Seed = plan.Training.Seed };
            var data = new TrainingData(sets.Transfer, recipe.Data.Preprocessing, cache, sets.Validation, validationCache);
            var result = Trainer.Train(student, import, data, plan.Objective, plan.Training, folder, progress, token);
            result.Student.Save(Path.Combine(folder, ModelFile));
        });
    }
}
