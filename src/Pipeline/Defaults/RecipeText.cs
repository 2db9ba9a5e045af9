using System.Globalization;
using System.Text;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Reports;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.Pipeline.Defaults;

/// <summary>A recipe as a text for people: every key with its value, and before each section what it is for and what was found in the files.</summary>
internal static class RecipeText
{
    private static readonly Dictionary<string, string> Meanings = new(StringComparer.Ordinal)
    {
        ["name"] = "The run's folder: runs/NAME.",
        ["seed"] = "Of initial weights, order, dropout and views: the same seed gives the same student.onnx.",
        ["data"] = "What the student learns from (transfer) and is measured on (test). Paths are relative to this file.",
        ["teachers"] = "Several: an ensemble. 'onnxkd inspect MODEL' shows what a model can teach.",
        ["capture"] = "How the teachers' answers are kept: they run once.",
        ["student"] = "docs/students.md lists all built-in students; or an ONNX file of yours: { model: small.onnx }.",
        ["objective"] = "Any mix of terms; docs/methods/README.md says what each method is for.",
        ["training"] = "'onnxkd settings training' says what each key means.",
        ["baseline"] = "The same student on hard labels, for comparison.",
        ["export"] = "How student.onnx is written.",
    };

    /// <summary>Writes a recipe.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="folder">Where the text will stand.</param>
    /// <param name="facts">What was found in the files, by section.</param>
    public static string Write(Recipe recipe, string folder, IReadOnlyDictionary<string, IReadOnlyList<string>> facts)
    {
        var text = new StringBuilder();
        foreach (var line in RecipeFile.Write(recipe, folder).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var key = line.Split(':')[0];
            if (Meanings.TryGetValue(key, out var meaning))
                text.Append(text.Length > 0 ? "\n" : "").Append(CultureInfo.InvariantCulture, $"# {meaning}\n").AppendJoin("", facts.GetValueOrDefault(key, []).Select(fact => $"# Found: {fact}\n"));
            text.Append(line).Append('\n');
        }
        return text.ToString();
    }

    /// <summary>What is in the files of a recipe.</summary>
    /// <exception cref="Core.Errors.OnnxKdException">One cannot be read.</exception>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> FactsOf(Recipe recipe)
    {
        using var transfer = TransferSet.Open(recipe.Data.Transfer);
        using var test = recipe.Data.Test is null ? null : TransferSet.Open(recipe.Data.Test, transfer);
        return new Dictionary<string, IReadOnlyList<string>>
        {
            ["data"] =
            [
                $"transfer: {Describe(transfer)}",
                test is null ? "no test set: add one (--test-samples, --test-labels), so that the student is measured" : $"test: {Describe(test)}",
            ],
            ["teachers"] = [.. recipe.Reference.Capture.Teachers.Select(teacher => teacher.IsRecorded ? $"{teacher.File}: what a teacher said of the samples" : Describe(teacher, transfer))],
        };
    }

    private static string Describe(TransferSet set) => string.Create(
        CultureInfo.InvariantCulture, $"{set.Count:#,0} samples of {(set.SampleShape.Parts.Count > 0 ? "" : $"{set.Type.Name()} ")}{set.SampleShape}, ")
        + (set.IsLabelled ? $"labels 0 to {set.LargestLabel}" : "without labels");

    private static string Describe(TeacherOptions teacher, TransferSet set)
    {
        var found = ModelInspection.Of(SharedModels.Load(teacher.Model), new(Set: set) { Teacher = teacher });
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{found.File}: {string.Join(", ", found.Inputs)} gives {string.Join(", ", found.Outputs)}; {string.Join(", ", found.Kinds.DefaultIfEmpty("kind as named"))}; {found.Parameters:#,0} parameters").ReplaceLineEndings(" ");
    }
}
