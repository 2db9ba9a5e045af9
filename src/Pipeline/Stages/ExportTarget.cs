using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Onnx;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.StudentTrainer.Export;

namespace OnnxKd.Pipeline.Stages;

/// <summary>What may be replaced by a student: a student of ours that the recipe does not read.</summary>
internal static class ExportTarget
{
    /// <summary>Checks a file that is to be written; nothing is changed.</summary>
    /// <param name="path">The file.</param>
    /// <param name="recipe">What reads files.</param>
    /// <param name="force">Whether any regular file may be replaced.</param>
    /// <exception cref="InputException">Something else is in the place.</exception>
    public static void Require(string path, Recipe recipe, bool force)
    {
        var found = FileStatus.Of(path).Kind;
        if (found is not (FileKind.None or FileKind.Regular))
            throw new InputException(
                "The student would replace what is not a file.", path, found.ToString().ToLowerInvariant(), "a file, or nothing", "choose another name");
        if (found == FileKind.None || force)
            return;
        if (Inputs(recipe).Contains(FileStatus.Of(path).Identity))
            throw Refuse("a file that the recipe reads");
        if (!IsOurs(path))
            throw Refuse("a file that onnxkd has not written");

        InputException Refuse(string what) => new(
            "The student would replace something else.", path, what, "a student that onnxkd wrote, or nothing", "choose another name, or say --force");
    }

    /// <summary>Whether a file is a student that onnxkd exported.</summary>
    private static bool IsOurs(string path)
    {
        try
        {
            return OnnxModel.Load(path).Proto.MetadataProps.Any(entry => entry.Key.StartsWith(Provenance.Prefix, StringComparison.Ordinal));
        }
        catch (OnnxKdException)
        {
            return false;
        }
    }

    private static HashSet<(long Device, long Inode)> Inputs(Recipe recipe)
    {
        TransferSetFiles[] sets = [.. new[] { recipe.Data.Transfer, recipe.Data.Validation, recipe.Data.Test }.OfType<Core.TransferSets.TransferSetOptions>()
            .Select(set => new TransferSetFiles(set.Samples, set.Labels, set.Lengths, set.Texts))];
        var teachers = recipe.Trainings.Select(step => step.Teachers).Append(recipe.Reference).SelectMany(teachers => teachers.Capture.Teachers);
        var models = teachers.Select(teacher => teacher.Model).Concat(recipe.Trainings.SelectMany(step => step.Learners).Select(learner => learner.Student.Model));
        var files = models.Append(recipe.Data.Alphabet?.File).Concat(sets.SelectMany(set => set.All));
        return [.. files.OfType<string>().Where(path => path.Length > 0).Select(FileStatus.Of).Where(status => status.Kind != FileKind.None).Select(status => status.Identity)];
    }

    private sealed record TransferSetFiles(params string?[] All);
}
