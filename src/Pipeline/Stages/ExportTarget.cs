using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.StudentTrainer.Export;
using OnnxKd.TeacherRunner.Deployment;

namespace OnnxKd.Pipeline.Stages;

/// <summary>What may be replaced by a model: one of ours that is not read.</summary>
internal static class ExportTarget
{
    /// <summary>Checks a file that is to be written; nothing is changed.</summary>
    /// <param name="path">The file.</param>
    /// <param name="recipe">What reads files.</param>
    /// <param name="force">Whether any regular file may be replaced.</param>
    /// <exception cref="InputException">Something else is in the place.</exception>
    public static void Require(string path, Recipe recipe, bool force) => Require(path, Inputs(recipe), force);

    /// <inheritdoc cref="Require(string, Recipe, bool)"/>
    /// <param name="path">The file.</param>
    /// <param name="inputs">The files that are read.</param>
    /// <param name="force">Whether any regular file may be replaced.</param>
    public static void Require(string path, IEnumerable<string> inputs, bool force)
    {
        var found = FileStatus.Of(path).Kind;
        if (found is not (FileKind.None or FileKind.Regular))
            throw new InputException(
                "The model would replace what is not a file.", path, found.ToString().ToLowerInvariant(), "a file, or nothing", "choose another name");
        if (found == FileKind.None || force)
            return;
        if (inputs.Select(FileStatus.Of).Any(input => input.Kind != FileKind.None && input.Identity == FileStatus.Of(path).Identity))
            throw Refuse("a file that is read");
        if (!IsOurs(path))
            throw Refuse("a file that onnxkd has not written");

        InputException Refuse(string what) => new(
            "The model would replace something else.", path, what, "a model that onnxkd wrote, or nothing", "choose another name, or say --force");
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

    private static IEnumerable<string> Inputs(Recipe recipe)
    {
        TransferSetFiles[] sets = [.. new[] { recipe.Data.Transfer, recipe.Data.Validation, recipe.Data.Test }.OfType<Core.TransferSets.TransferSetOptions>()
            .SelectMany(set => set.Modalities.ByName.Values.Prepend(set)).Select(set => new TransferSetFiles(set.Samples, set.Labels, set.Lengths, set.Groups, set.Texts, set.Ids, [.. set.Inputs.All.Select(input => input.File)]))];
        var teachers = recipe.Trainings.Select(step => step.Teachers).Append(recipe.Reference).SelectMany(teachers => teachers.Capture.Teachers);
        var models = teachers.SelectMany(teacher => teacher.Signals.Paths.Concat(teacher.ValidationSignals.Paths).Concat(teacher.TestSignals.Paths).Append(teacher.Model)).Concat(recipe.Trainings.SelectMany(step => step.Learners).Select(learner => learner.Student.Model));
        var files = models.Append(recipe.Data.Alphabet?.File).Concat(sets.SelectMany(set => set.All));
        return files.OfType<string>().Where(path => path.Length > 0).SelectMany(FilePattern.Expand);
    }

    private sealed record TransferSetFiles(string? Samples, string? Labels, string? Lengths, string? Groups, string? Texts, string? Ids, IReadOnlyList<string?> Inputs)
    {
        public IEnumerable<string?> All => [Samples, Labels, Lengths, Groups, Texts, Ids, .. Inputs];
    }
}
