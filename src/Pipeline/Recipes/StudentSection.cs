using OnnxKd.StudentTrainer.Students;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>The key <c>student</c>: a file, or a built-in architecture with its options.</summary>
internal static class StudentSection
{
    private static readonly string[] FileKeys = ["model"];

    /// <summary>Reads it.</summary>
    public static StudentSource Read(RecipeValue value)
    {
        // The architecture decides which keys are known.
        var named = value.IsMap ? value.Entries().FirstOrDefault(entry => entry.Key.Text() == "architecture").Value : null;
        var options = named is null ? [] : Architectures.OptionsOf(Name(named));
        var map = value.Map([.. FileKeys, "architecture", .. options.Select(option => option.Name)]);
        if (map.Find("model") is { } model)
            return named is null
                ? new(null, model.File())
                : throw value.Error(
                    "A student is either a file or a built-in architecture.", "both model and architecture", remedy: "remove one");
        var student = new StudentOptions { Architecture = map.Require("architecture").Text() };
        foreach (var option in options)
        {
            if (map.Find(option.Name) is { } given)
                student.Values[option.Name] = Read(option, given);
        }
        return new(student, null);
    }

    /// <summary>Writes it, with every option of the architecture.</summary>
    /// <param name="student">The options.</param>
    /// <param name="model">What stands for the model's file: its path, or its digest.</param>
    public static YamlNode Write(StudentSource student, string? model) => student.Architecture is { } architecture
        ? YamlTree.Map(
        [
            ("architecture", architecture.Architecture),
            .. Architectures.Resolve(architecture).Select(entry => (entry.Option.Name, entry.Value)),
        ])
        : YamlTree.Map(("model", model));

    private static string Name(RecipeValue value) =>
        Architectures.IsKnown(value.Text()) ? value.Text() : value.OneOf([.. Architectures.Names]);

    private static object? Read(StudentOption option, RecipeValue value) =>
        Parse(option, value) is var parsed && option.Accepts(parsed) ? parsed : throw value.OutOfRange(option.Expected);

    private static object? Parse(StudentOption option, RecipeValue value) => option.Kind switch
    {
        _ when option.Default is null && value.IsNone => null,
        OptionKind.Size => value.WholeNumber(option.Minimum),
        OptionKind.Sizes => value.OneOrMore(size => size.WholeNumber(option.Minimum)),
        OptionKind.Probability => value.Number(NumberRange.BelowOne),
        OptionKind.Probabilities => value.OneOrMore(probability => probability.Number(NumberRange.BelowOne)),
        OptionKind.Factor => value.Number(NumberRange.Above(0)),
        _ => value.OneOf([.. option.Words]),
    };
}
