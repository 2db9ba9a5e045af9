using OnnxKd.Core.Errors;
using OnnxKd.Core.Text;

namespace OnnxKd.StudentTrainer.Losses;

/// <summary>Every term that an objective can be made of.</summary>
internal static class LossTable
{
    private static readonly Dictionary<string, Func<TermOptions, LossTerm>> Terms = new(StringComparer.Ordinal)
    {
        { "soft", options => new SoftTargetTerm(options.Temperature) },
        { "hard", _ => new HardLabelTerm() },
        { "logit-matching", _ => new LogitMatchingTerm() },
    };

    private static readonly string[] Tempered = ["soft"];

    /// <summary>The names.</summary>
    public static IReadOnlyCollection<string> Names => Terms.Keys;

    /// <summary>Makes a term.</summary>
    /// <exception cref="InputException">An unknown name, or a temperature that makes no sense.</exception>
    public static LossTerm Create(TermOptions options)
    {
        if (!Terms.TryGetValue(options.Name, out var create))
            throw new InputException(
                "A term of the objective is not known.",
                where: "objective",
                found: options.Name,
                expected: string.Join(", ", Names),
                remedy: Suggestions.Nearest(options.Name, Names) is { } nearest ? $"did you mean '{nearest}'?" : null);
        if (!(options.Temperature > 0 && double.IsFinite(options.Temperature)))
            throw new InputException(
                "A temperature is out of range.", $"objective, term '{options.Name}'", $"{options.Temperature}", "a number above 0");
        if (options.Temperature != 1 && !Tempered.Contains(options.Name))
            throw new InputException(
                "A term takes no temperature.",
                where: $"objective, term '{options.Name}'",
                found: $"temperature {options.Temperature}",
                expected: $"a temperature only for {string.Join(", ", Tempered)}",
                remedy: "remove the temperature");
        var term = create(options);
        if (options.Stream is not null && !term.Needs.HasFlag(TermNeeds.Teacher))
            throw new InputException(
                "A term learns from no teacher.",
                where: $"objective, term '{options.Name}'",
                found: $"stream '{options.Stream}'",
                remedy: "remove the stream");
        return term;
    }
}
