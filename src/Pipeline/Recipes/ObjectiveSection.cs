using OnnxKd.StudentTrainer.Terms;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>The key <c>objective</c>: a list of terms, each with its name as the only key.</summary>
internal static class ObjectiveSection
{
    /// <summary>The name of the term that learns from softened probabilities of a teacher.</summary>
    public const string Soft = "soft";

    /// <summary>The name of the term that learns from labels.</summary>
    public const string Hard = "hard";

    /// <summary>Hard labels alone.</summary>
    public static IReadOnlyList<Term> HardOnly { get; } = [new HardTerm()];

    /// <summary>Reads it.</summary>
    public static IReadOnlyList<Term> Read(RecipeValue value)
    {
        var terms = value.List(term => (Term)SettingsSection.ReadNamed(Term.Kinds, term, "A term of the objective"));
        return terms.Count > 0 ? terms : throw value.OutOfRange("at least one term, for example '- hard: { weight: 1 }'");
    }

    /// <summary>Writes it.</summary>
    public static IEnumerable<YamlNode> Write(IReadOnlyList<Term> objective) => objective.Select(term => SettingsSection.WriteNamed(Term.Kinds, term));
}
