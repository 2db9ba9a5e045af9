using System.Globalization;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>The numbers that a key of a recipe takes.</summary>
/// <param name="Description">In words, for messages.</param>
/// <param name="Contains">Whether a finite number is one of them.</param>
internal sealed record NumberRange(string Description, Predicate<double> Contains)
{
    /// <summary>Every finite number.</summary>
    public static NumberRange Any { get; } = new("a number", _ => true);

    /// <summary>Numbers above a bound.</summary>
    public static NumberRange Above(double bound) => new($"a number above {Show(bound)}", value => value > bound);

    /// <summary>Numbers from a bound on.</summary>
    public static NumberRange AtLeast(double bound) => new($"a number from {Show(bound)} on", value => value >= bound);

    /// <summary>Numbers between two bounds, both included.</summary>
    public static NumberRange Between(double from, double to) =>
        new($"a number from {Show(from)} to {Show(to)}", value => value >= from && value <= to);

    private static string Show(double bound) => bound.ToString(CultureInfo.InvariantCulture);
}
