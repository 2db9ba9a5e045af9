using System.Globalization;
using OnnxKd.StudentTrainer.Losses;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>The key <c>objective</c>: a list of terms, each with its name as the only key.</summary>
internal static class ObjectiveSection
{
    /// <summary>The term that learns from softened probabilities of a teacher.</summary>
    public const string Soft = "soft";

    /// <summary>The term that learns from labels.</summary>
    public const string Hard = "hard";

    /// <summary>The term that learns from a teacher's logits.</summary>
    public const string LogitMatching = "logit-matching";

    /// <summary>Hard labels alone.</summary>
    public static IReadOnlyList<TermOptions> HardOnly { get; } = [new() { Name = Hard }];

    /// <summary>Whether a term needs a teacher.</summary>
    public static bool NeedsTeacher(TermOptions term) => term.Name is Soft or LogitMatching;

    /// <summary>Reads it.</summary>
    public static IReadOnlyList<TermOptions> Read(RecipeValue value)
    {
        var terms = value.List(ReadTerm);
        return terms.Count > 0 ? terms : throw value.OutOfRange("at least one term, for example '- hard: { weight: 1 }'");
    }

    /// <summary>Writes it.</summary>
    public static IEnumerable<YamlNode> Write(IReadOnlyList<TermOptions> objective) => objective.Select(term => YamlTree.Map(
        (term.Name, YamlTree.Line(
            ("temperature", term.Name == Soft ? term.Temperature : null),
            ("stream", term.Stream),
            ("weight", WriteWeight(term.Weight))))));

    private static TermOptions ReadTerm(RecipeValue value)
    {
        var map = value.Map(Soft, Hard, LogitMatching);
        if (value.Entries().Count() != 1)
            throw value.Error("A term of the objective has one name.", remedy: "begin each term with a dash of its own");
        var name = value.Entries().Single().Key.Text();
        var term = map.Require(name).Map(Keys(name));
        return new()
        {
            Name = name,
            Temperature = term.Read("temperature", 1, v => v.Number(NumberRange.Above(0))),
            Stream = term.Read("stream", null, v => v.Text()),
            Weight = term.Read("weight", WeightSchedule.Constant(1), ReadWeight),
        };
    }

    private static string[] Keys(string name) => name switch
    {
        Soft => ["temperature", "stream", "weight"],
        LogitMatching => ["stream", "weight"],
        _ => ["weight"],
    };

    /// <summary>A number, or epochs and weights: <c>{ 0: 1, 10: 0.5 }</c>.</summary>
    private static WeightSchedule ReadWeight(RecipeValue value)
    {
        if (!value.IsMap)
            return WeightSchedule.Constant(value.Number(NumberRange.AtLeast(0)));
        var points = value.Entries()
            .Select(entry => (entry.Key.Number(NumberRange.AtLeast(0)), entry.Value.Number(NumberRange.AtLeast(0))))
            .OrderBy(point => point.Item1).ToArray();
        return points.Length > 0 ? new(points) : throw value.OutOfRange("at least one epoch with its weight");
    }

    private static object WriteWeight(WeightSchedule weight) => weight.Points is [(0, var constant)]
        ? constant
        : YamlTree.Line([.. weight.Points.Select(p => (p.Epoch.ToString(CultureInfo.InvariantCulture), (object?)p.Weight))]);
}
