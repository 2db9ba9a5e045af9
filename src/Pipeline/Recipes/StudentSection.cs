using OnnxKd.StudentTrainer.Students;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>The key <c>student</c>.</summary>
internal static class StudentSection
{
    /// <summary>Reads it.</summary>
    public static StudentSource Read(RecipeValue value)
    {
        var map = value.Map("model", "architecture", "widths", "hidden", "dropout");
        if (map.Find("model") is { } model)
            return map.Find("architecture") is null
                ? new(null, model.File())
                : throw value.Error(
                    "A student is either a file or a built-in architecture.", "both model and architecture", remedy: "remove one");
        return new(
            new()
            {
                Architecture = map.Require("architecture").OneOf([.. Architectures.Names]),
                Widths = map.Read("widths", null, v => v.OneOrMore(width => width.WholeNumber(1))),
                Hidden = map.Read("hidden", (int?)null, v => v.WholeNumber(1)),
                Dropout = map.Read("dropout", null, v => v.IsNone ? null : v.OneOrMore(p => p.Number(NumberRange.BelowOne))),
            },
            null);
    }

    /// <summary>Writes it.</summary>
    /// <param name="student">The options.</param>
    /// <param name="model">What stands for the model's file: its path, or its digest.</param>
    public static YamlNode Write(StudentSource student, string? model) => YamlTree.Map(
        ("model", model),
        ("architecture", student.Architecture?.Architecture),
        ("widths", student.Architecture?.Widths),
        ("hidden", student.Architecture?.Hidden),
        ("dropout", student.Architecture?.Dropout));
}
