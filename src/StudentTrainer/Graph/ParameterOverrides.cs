using System.IO.Enumeration;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Text;

namespace OnnxKd.StudentTrainer.Graph;

/// <summary>What the user decides of the parameters: names of tensors, with <c>*</c> and <c>?</c>.</summary>
/// <param name="Include">These are learned, although the plan would not.</param>
/// <param name="Exclude">These are not learned; applied last.</param>
public sealed record ParameterOverrides(IReadOnlyList<string> Include, IReadOnlyList<string> Exclude)
{
    /// <summary>The plan stays as it is.</summary>
    public static ParameterOverrides None { get; } = new([], []);

    /// <summary>Whether a tensor must stay as it is.</summary>
    internal bool Excludes(string name) => Exclude.Any(pattern => Matches(pattern, name));

    /// <summary>The plan with the user's decisions.</summary>
    /// <exception cref="InputException">A pattern matches no tensor that could be learned.</exception>
    internal IReadOnlyList<PlannedWeight> Apply(IReadOnlyList<PlannedWeight> plan)
    {
        var included = Matches(Include, "include", [.. plan.Where(weight => TensorTypes.IsFloat(weight.Source.DataType))]);
        var excluded = Matches(Exclude, "exclude", [.. plan.Where(IsLearned)]);
        return [.. plan.Select(weight => weight with { Role = RoleOf(weight) })];

        bool IsLearned(PlannedWeight weight) => weight.Role == WeightRole.Parameter || included.Contains(weight.Name);

        WeightRole RoleOf(PlannedWeight weight) =>
            excluded.Contains(weight.Name) ? WeightRole.Constant
            : IsLearned(weight) ? WeightRole.Parameter
            : weight.Role;
    }

    private static bool Matches(string pattern, string name) => FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false);

    private static HashSet<string> Matches(IReadOnlyList<string> patterns, string key, List<PlannedWeight> candidates)
    {
        var matches = new HashSet<string>(StringComparer.Ordinal);
        string[] names = [.. candidates.Select(weight => weight.Name)];
        foreach (var pattern in patterns)
        {
            string[] hits = [.. names.Where(name => Matches(pattern, name))];
            if (hits.Length == 0)
                throw new InputException(
                    "A parameter pattern matches no tensor.",
                    where: $"student.parameters.{key}",
                    found: $"'{pattern}'",
                    expected: $"one of {string.Join(", ", names.Take(12))}{(names.Length > 12 ? $" … ({names.Length} in all)" : "")}",
                    remedy: Suggestions.Nearest(pattern, names) is { } nearest
                        ? $"did you mean '{nearest}'?"
                        : "see 'onnxkd inspect --plan' for the names");
            matches.UnionWith(hits);
        }
        return matches;
    }
}
