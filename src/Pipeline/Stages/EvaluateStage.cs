using OnnxKd.Core.Files;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Reports;
using OnnxKd.TeacherRunner.Capture;

namespace OnnxKd.Pipeline.Stages;

/// <summary>Measures teacher, student and baseline on the test set.</summary>
internal static class EvaluateStage
{
    private const string FileName = "evaluation.json";

    /// <summary>Measures, or finds the figures.</summary>
    /// <param name="runner">Runs the stage.</param>
    /// <param name="recipe">The recipe.</param>
    /// <param name="sets">Its sets.</param>
    /// <param name="student">The exported student.</param>
    /// <param name="baseline">The exported baseline, if there is one.</param>
    /// <param name="token">Stops between batches.</param>
    public static RunMetrics Run(
        StageRunner runner, Recipe recipe, RecipeSets sets, string student, string? baseline, CancellationToken token)
    {
        var together = CaptureTest(runner, recipe, sets, "test-teacher", recipe.Capture.Teachers, token);
        var alone = recipe.Capture.Teachers.Count < 2
            ? []
            : recipe.Capture.Teachers.Select((t, i) => CaptureTest(runner, recipe, sets, $"test-teacher-{i + 1}", [t], token)).ToArray();
        var inputs = new StageInputs()
            .Add("name", recipe.Name)
            .Add("seed", $"{recipe.Seed}")
            .Add("student", OnnxModel.Load(student).Digest)
            .Add("class-axis", $"{recipe.Student.Import.ClassAxis}" is { Length: > 0 } axis ? axis : null)
            .Add("baseline", baseline is null ? null : OnnxModel.Load(baseline).Digest)
            .Add("teachers", together is null ? null : string.Join(' ', alone.Prepend(together).Select(cache => cache!.Digest)))
            .Add("samples", sets.Test?.SamplesDigest)
            .Add("labels", sets.Test?.LabelsDigest)
            .Add("lengths", sets.Test?.LengthsDigest)
            .Add("texts", sets.Test?.TextsDigest)
            .Add("alphabet", sets.Alphabet?.Digest)
            .Add("preprocessing", DataSection.WritePreprocessing(recipe.Data.Preprocessing))
            .Add("device", recipe.Capture.Device);
        var stage = runner.Run("evaluate", inputs, ProductVersion.WithOnnxRuntime, (folder, _) =>
        {
            using var teacher = together is null ? null : LogitCache.Open(together.Folder);
            var against = sets.Test is null ? null : new EvaluationSet(sets.Test, teacher, sets.Alphabet);
            var evaluation = new Evaluation(against, sets.Transfer.SampleShape, recipe.Capture.Device, token);
            var metrics = new RunMetrics(
                recipe.Name,
                recipe.Seed,
                sets.Test?.Count,
                teacher is null ? null : evaluation.OfCache(teacher, recipe.Capture.Teachers),
                evaluation.OfModel(Own(student)),
                baseline is null ? null : evaluation.OfModel(Own(baseline)),
                alone.Length == 0 ? null : [.. alone.Zip(recipe.Capture.Teachers, OfMember)]);
            AtomicFile.WriteAllText(Path.Combine(folder, FileName), CanonicalJson.Serialize(metrics));

            ModelMetrics OfMember(CapturedLogits? captured, TeacherOptions member)
            {
                using var logits = LogitCache.Open(captured!.Folder);
                return evaluation.OfCache(logits, [member]);
            }
        });
        var path = Path.Combine(stage, FileName);
        return CanonicalJson.Deserialize<RunMetrics>(InputFile.ReadAllBytes(path, "A stage's figures"), path);

        TeacherOptions Own(string model) => new()
        {
            Model = model, Output = recipe.Student.Import.Output, ClassAxis = recipe.Student.Import.ClassAxis,
            Preprocessing = recipe.Data.Preprocessing,
        };
    }

    private static CapturedLogits? CaptureTest(
        StageRunner runner, Recipe recipe, RecipeSets sets, string name, IReadOnlyList<TeacherOptions> teachers, CancellationToken token) =>
        sets.Test is null || teachers.Count == 0
            ? null
            : CaptureStage.Run(runner, name, sets.Test, CaptureStage.ForFigures(recipe.Capture, teachers), token);
}
