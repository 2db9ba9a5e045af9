using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Students;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>The key <c>student</c>: a file, or a built-in architecture with its options.</summary>
internal static class StudentSection
{
    private static readonly string[] FileKeys = ["init", "output", "class-axis", "norm-overlay"];

    /// <summary>Reads it.</summary>
    public static StudentSource Read(RecipeValue value)
    {
        // The architecture decides which keys are known.
        var named = value.IsMap ? value.Entries().FirstOrDefault(entry => entry.Key.Text() == "architecture").Value : null;
        var options = named is null ? [] : Architectures.OptionsOf(Name(named));
        var own = named is null ? FileKeys : options.Select(option => option.Name);
        var map = value.Map(["model", "architecture", .. own, "parameters"]);
        var import = new StudentImport { Parameters = map.Read("parameters", ParameterOverrides.None, ReadParameters) };
        if (map.Find("model") is { } model)
            return named is null
                ? new(null, model.File(), ReadImport(map, import))
                : throw value.Error(
                    "A student is either a file or a built-in architecture.", "both model and architecture", remedy: "remove one");
        var student = new StudentOptions { Architecture = map.Require("architecture").Text() };
        foreach (var option in options)
        {
            if (map.Find(option.Name) is { } given)
                student.Values[option.Name] = Read(option, given);
        }
        return new(student, null, import);
    }

    /// <summary>Writes it, with every option of the architecture.</summary>
    /// <param name="student">The options.</param>
    /// <param name="model">What stands for the model's file: its path, or its digest.</param>
    public static YamlNode Write(StudentSource student, string? model) => student.Architecture is { } architecture
        ? YamlTree.Map(
        [
            ("architecture", architecture.Architecture),
            .. Architectures.Resolve(architecture).Select(entry => (entry.Option.Name, entry.Value)),
            ("parameters", WriteParameters(student.Import.Parameters)),
        ])
        : YamlTree.Map(
            ("model", model),
            ("init", student.Import.Initialisation == Initialisation.Keep ? "keep" : "fresh"),
            ("output", student.Import.Output),
            ("class-axis", student.Import.ClassAxis),
            ("norm-overlay", student.Import.NormOverlay is { } overlay ? overlay : "auto"),
            ("parameters", WriteParameters(student.Import.Parameters)));

    private static StudentImport ReadImport(RecipeMap map, StudentImport import) => import with
    {
        Initialisation = map.Read("init", Initialisation.Keep, v => v.OneOf("keep", "fresh") == "keep" ? Initialisation.Keep : Initialisation.Fresh),
        Output = map.Read("output", null, v => v.IsNone ? null : v.Text()),
        ClassAxis = map.Read("class-axis", (int?)null, v => v.IsNone ? null : v.WholeNumber(int.MinValue)),
        NormOverlay = map.Read("norm-overlay", (bool?)null, v => v.OneOf("auto", "true", "false") is var word && word == "auto" ? null : word == "true"),
    };

    private static ParameterOverrides ReadParameters(RecipeValue value)
    {
        if (value.IsNone)
            return ParameterOverrides.None;
        var map = value.Map("include", "exclude");
        return new(Patterns("include"), Patterns("exclude"));

        IReadOnlyList<string> Patterns(string key) => map.Read(key, [], v => v.OneOrMore(pattern => pattern.Text()));
    }

    private static YamlNode? WriteParameters(ParameterOverrides parameters) => parameters.Include.Count + parameters.Exclude.Count == 0
        ? null
        : YamlTree.Map(
            ("include", parameters.Include.Count > 0 ? parameters.Include : null),
            ("exclude", parameters.Exclude.Count > 0 ? parameters.Exclude : null));

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
