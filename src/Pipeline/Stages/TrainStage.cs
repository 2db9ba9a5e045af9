using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Onnx;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.StudentTrainer.Losses;
using OnnxKd.StudentTrainer.Students;
using OnnxKd.StudentTrainer.Training;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Stages;

/// <summary>Trains one student.</summary>
internal static class TrainStage
{
    /// <summary>The trained model within the stage's folder.</summary>
    public const string ModelFile = "model.onnx";

    /// <summary>One line for each epoch within the stage's folder.</summary>
    public const string EventsFile = "events.jsonl";

    /// <summary>Trains, goes on with an interrupted training, or finds the finished one.</summary>
    /// <param name="runner">Runs the stage.</param>
    /// <param name="name">The stage's name.</param>
    /// <param name="recipe">The recipe.</param>
    /// <param name="sets">Its sets.</param>
    /// <param name="teachers">The teachers' logits on the transfer set; <c>null</c> to learn from labels alone.</param>
    /// <param name="validation">The teachers' logits on the validation set, to measure agreement; <c>null</c>: it is not measured.</param>
    /// <param name="classes">The number of classes, for a built-in architecture; a file has its own.</param>
    /// <param name="objective">The terms.</param>
    /// <param name="training">The settings.</param>
    /// <param name="token">Saves a checkpoint and stops.</param>
    /// <returns>The stage's folder.</returns>
    public static string Run(
        StageRunner runner, string name, Recipe recipe, RecipeSets sets, CapturedLogits? teachers, CapturedLogits? validation, int classes,
        IReadOnlyList<TermOptions> objective, TrainingOptions training, CancellationToken token)
    {
        var file = recipe.Student.Model is { } path ? OnnxModel.Load(path) : null;
        var inputs = new StageInputs()
            .Add("student", StudentSection.Write(recipe.Student, file?.Digest))
            .Add("classes", $"{classes}")
            .Add("objective", new YamlSequenceNode(ObjectiveSection.Write(objective)))
            .Add("training", TrainingSection.Write(training))
            .Add("seed", $"{training.Seed}")
            .Add("preprocessing", DataSection.WritePreprocessing(recipe.Data.Preprocessing))
            .Add("samples", sets.Transfer.SamplesDigest)
            .Add("first-id", $"{sets.Transfer.IdOf(0)}")
            .Add("labels", sets.Transfer.LabelsDigest)
            .Add("validation-samples", sets.Validation?.SamplesDigest)
            .Add("validation-labels", sets.Validation?.LabelsDigest)
            .Add("cache", teachers?.Digest)
            .Add("validation-cache", validation?.Digest);
        return runner.Run(name, inputs, ProductVersion.WithLibTorch, (folder, progress) =>
        {
            using var cache = teachers is null ? null : LogitCache.Open(teachers.Folder);
            using var validationCache = validation is null ? null : LogitCache.Open(validation.Folder);
            var student = file ?? Architectures.Build(recipe.Student.Architecture!, sets.Transfer.SampleShape, classes, training.Seed);
            var data = new TrainingData(sets.Transfer, recipe.Data.Preprocessing, cache, sets.Validation, validationCache);
            var result = Trainer.Train(student, data, objective, training, folder, progress, token);
            result.Student.Save(Path.Combine(folder, ModelFile));
        });
    }
}
