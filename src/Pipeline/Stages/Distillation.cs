using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Reports;
using OnnxKd.Pipeline.Terminal;
using OnnxKd.StudentTrainer.Students;

namespace OnnxKd.Pipeline.Stages;

/// <summary>
/// A recipe at work in its run folder: cache, train, export, verify, evaluate. Each step asks for those before it, and what is finished is
/// reused, so every command is a call of the last step it wants.
/// </summary>
internal sealed class Distillation : IDisposable
{
    /// <summary>The stage that captures the teachers over the transfer set.</summary>
    public const string CacheName = "cache";

    /// <summary>The resolved recipe within the run's folder.</summary>
    public const string RecipeName = "recipe.yaml";

    private const string Student = "student";
    private const string Baseline = "baseline";

    private readonly Recipe recipe;
    private readonly string folder;
    private readonly FolderLock folderLock;
    private readonly RecipeSets sets;
    private readonly StageRunner runner;
    private readonly CancellationToken token;
    private CapturedLogits? captured;

    private Distillation(
        Recipe recipe, string run, string folder, FolderLock folderLock, StageReporter reporter, CancellationToken token)
    {
        (this.recipe, this.folder, this.folderLock, this.token) = (recipe, folder, folderLock, token);
        runner = new(run, reporter, folder);
        sets = RecipeSets.Open(recipe.Data);
    }

    /// <summary>Where the results are: the run's folder, or one within it.</summary>
    public string Folder => folder;

    /// <summary>The folder of a recipe's run.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="runs">The folder of all runs.</param>
    public static string FolderOf(Recipe recipe, string runs) => Path.GetFullPath(Path.Combine(runs, recipe.Name));

    /// <summary>Writes the resolved recipe into the run's folder.</summary>
    public static void WriteRecipe(Recipe recipe, string folder) =>
        AtomicFile.WriteAllText(Path.Combine(folder, RecipeName), RecipeFile.Write(recipe, folder));

    /// <summary>Takes a run folder and opens the recipe's sets.</summary>
    /// <param name="recipe">What to do.</param>
    /// <param name="runs">The folder of all runs; the run is the folder below it that has the recipe's name.</param>
    /// <param name="reporter">Told what happens.</param>
    /// <param name="token">Stops the work; what is done stays.</param>
    /// <param name="results">Where the results go, within the run's folder; default: there.</param>
    /// <exception cref="InputException">Another process works in the folder, or a set is wrong.</exception>
    public static Distillation Open(Recipe recipe, string runs, StageReporter reporter, CancellationToken token, string results = "")
    {
        var run = FolderOf(recipe, runs);
        var folderLock = FolderLock.Acquire(run);
        try
        {
            AtomicFile.RemoveLeftovers(run, recurse: true);
            var folder = Directory.CreateDirectory(Path.Combine(run, results)).FullName;
            var distillation = new Distillation(recipe, run, folder, folderLock, reporter, token);
            if (recipe.Student.Architecture is { } student)
                Architectures.RequireFit(student, distillation.sets.Transfer.SampleShape);
            WriteRecipe(recipe, folder);
            return distillation;
        }
        catch
        {
            folderLock.Dispose();
            throw;
        }
    }

    /// <summary>Captures the teachers over the transfer set; <c>null</c> without teachers.</summary>
    public CapturedLogits? Cache()
    {
        if (recipe.HasTeachers && captured is null)
        {
            captured = CaptureStage.Run(runner, CacheName, sets.Transfer, recipe.Capture, token);
            sets.Alphabet?.RequireClasses(recipe.Capture.Teachers[0].Model, captured.Classes);
        }
        return captured;
    }

    /// <summary>Trains the student.</summary>
    /// <returns>The training's folder.</returns>
    public string TrainStudent()
    {
        var teachers = Cache();
        var asTheyAre = CaptureStage.ForFigures(recipe.Capture, recipe.Capture.Teachers);
        var validation = teachers is null || sets.Validation is null
            ? null
            : CaptureStage.Run(runner, "validation", sets.Validation, asTheyAre, token);
        return TrainStage.Run(
            runner, recipe, sets, new(Student, recipe.Objective, recipe.Training, Classes(teachers), teachers, validation), token);
    }

    /// <summary>Trains the same student without a teacher.</summary>
    /// <returns>The training's folder; <c>null</c> if the recipe wants none.</returns>
    public string? TrainBaseline() => recipe.Baseline is not { } baseline
        ? null
        : TrainStage.Run(runner, recipe, sets, new(Baseline, baseline.Objective, baseline.Training, Classes(Cache())), token);

    /// <summary>Writes the trained models into the run folder.</summary>
    public ExportedModels Export()
    {
        var student = Export(TrainStudent(), Student, Cache());
        return new(student, TrainBaseline() is { } trained ? Export(trained, Baseline, null) : null);
    }

    /// <summary>Verifies the exported models in ONNX Runtime.</summary>
    /// <returns>The student's figures.</returns>
    /// <exception cref="CheckFailedException">An exported model does not give what the trained one gave.</exception>
    public ParityMetrics Verify(ExportedModels models)
    {
        if (models.Baseline is { } baseline)
            Verify(Baseline, baseline);
        return Verify(Student, models.Student);

        ParityMetrics Verify(string name, string model) => VerifyStage.Run(
            runner, $"verify-{name}", model, recipe.Student.Import, sets.Verification, recipe.Data.Preprocessing, token);
    }

    /// <summary>Measures everything and writes the report.</summary>
    public RunMetrics Evaluate()
    {
        var models = Export();
        var parity = Verify(models);
        var metrics = EvaluateStage.Run(runner, recipe, sets, models.Student, models.Baseline, token) with { Parity = parity };
        AtomicFile.WriteAllText(Path.Combine(folder, RunMetrics.FileName), CanonicalJson.Serialize(metrics));
        AtomicFile.WriteAllText(Path.Combine(folder, "report.md"), Report.Markdown(metrics));
        return metrics;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        sets.Dispose();
        folderLock.Dispose();
    }

    /// <summary>The teachers' classes; else one more than the largest label.</summary>
    private int Classes(CapturedLogits? teachers) =>
        teachers?.Classes ?? Math.Max(2, sets.Transfer.LargestLabel + 1);

    private string Export(string trained, string name, CapturedLogits? teachers)
    {
        var target = Path.Combine(folder, $"{name}.onnx");
        ExportStage.Run(trained, target,
        [
            ("recipe_sha256", Hashing.Sha256(RecipeFile.WriteWithoutPaths(recipe))),
            ("seed", $"{recipe.Seed}"),
            ("teacher_sha256", teachers is null ? null : string.Join(' ', teachers.TeacherDigests)),
            ("cache_sha256", teachers?.Digest),
            ("samples_sha256", sets.Transfer.SamplesDigest),
            ("preprocessing", YamlTree.Text(DataSection.WritePreprocessing(recipe.Data.Preprocessing)).TrimEnd()),
        ]);
        return target;
    }
}

/// <summary>What a run exports.</summary>
/// <param name="Student">The student's file.</param>
/// <param name="Baseline">The baseline's, if the recipe wants one.</param>
internal sealed record ExportedModels(string Student, string? Baseline);
