using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Onnx;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.StudentTrainer.Export;
using OnnxKd.TeacherRunner.Deployment;

namespace OnnxKd.Pipeline.Stages;

/// <summary>What may be replaced by a model: never what is read; of the rest, what is ours.</summary>
internal static class ExportTarget
{
    /// <summary>Checks a file that is to be written; nothing of another name is changed but what a killed writer of it left.</summary>
    /// <param name="path">The file.</param>
    /// <param name="recipe">What reads files.</param>
    /// <param name="recipeFile">The recipe's own file; <c>null</c>: it has none.</param>
    /// <param name="force">Whether any other regular file may be replaced.</param>
    /// <exception cref="InputException">Something else is in the place.</exception>
    public static void Require(string path, Recipe recipe, string? recipeFile, bool force) =>
        Require(path, Models(recipe), RecipeFile.FilesOf(recipe).Append(recipeFile), force);

    /// <inheritdoc cref="Require(string, Recipe, string, bool)"/>
    /// <param name="path">The file.</param>
    /// <param name="models">Models that are read, with what lies beside them.</param>
    /// <param name="files">Other files that are read.</param>
    /// <param name="force">Whether any other regular file may be replaced.</param>
    public static void Require(string path, IEnumerable<string> models, IEnumerable<string?> files, bool force)
    {
        AtomicFile.RemoveLeftovers(Path.GetDirectoryName(Path.GetFullPath(path))!, of: Path.GetFileName(path));
        var found = FileStatus.Of(path);
        if (found.Kind is not (FileKind.None or FileKind.Regular))
            throw new InputException(
                "The model would replace what is not a file.", path, found.Kind.ToString().ToLowerInvariant(), "a file, or nothing", "choose another name");
        if (found.Kind == FileKind.None)
            return;
        if (models.SelectMany(OnnxModel.FilesOf).Concat(files.OfType<string>().Where(file => file.Length > 0).SelectMany(FilePattern.Expand))
            .Select(FileStatus.Of).Any(input => input.Kind != FileKind.None && input.Identity == found.Identity))
            throw Refuse("a file that is read", "choose another name");
        if (!force && !IsOurs(path))
            throw Refuse("a file that onnxkd has not written", "choose another name, or say --force");

        InputException Refuse(string what, string remedy) => new("The model would replace something else.", path, what, "a model that onnxkd wrote, or nothing", remedy);
    }

    /// <summary>Whether a file is a model that onnxkd exported or converted.</summary>
    private static bool IsOurs(string path)
    {
        try
        {
            using var session = ModelSession.Open(path, brief: true);
            return session.Metadata.Keys.Any(key => key.StartsWith(Provenance.Prefix, StringComparison.Ordinal));
        }
        catch (OnnxKdException)
        {
            return false;
        }
    }

    private static IEnumerable<string> Models(Recipe recipe) => recipe.Trainings.Select(step => step.Teachers).Append(recipe.Reference)
        .SelectMany(teachers => teachers.Capture.Teachers).Select(teacher => teacher.Model)
        .Concat(recipe.Trainings.SelectMany(step => step.Learners).Select(learner => learner.Student.Model)).OfType<string>().Where(path => path.Length > 0);
}
