namespace OnnxKd.Core.Preparation.Steps;

/// <summary>What must hold of settings; each rule gives the problem, or <c>null</c>.</summary>
internal static class StepRules
{
    public static StepProblem? AtLeast(string setting, int value, int minimum) =>
        value >= minimum ? null : new(setting, $"{value}", $"{minimum} or more");

    public static StepProblem? AtMost(string setting, int value, int maximum) =>
        value <= maximum ? null : new(setting, $"{value}", $"at most {maximum}");

    /// <summary>A finite number as a 32-bit float, since samples hold no others.</summary>
    public static StepProblem? Finite(string setting, double value) =>
        float.IsFinite((float)value) ? null : Bad(setting, value, "a finite number");

    public static StepProblem? Between(string setting, double value, double minimum, double maximum) =>
        value >= minimum && value <= maximum ? null : Bad(setting, value, FormattableString.Invariant($"{minimum} to {maximum}"));

    public static StepProblem? Probability(string setting, double value) => Between(setting, value, 0, 1);

    public static StepProblem? Above(string setting, double value, double bound) =>
        value > bound && float.IsFinite((float)value) ? null : Bad(setting, value, FormattableString.Invariant($"a number above {bound}"));

    public static StepProblem? NotNegative(string setting, double value) =>
        value >= 0 && float.IsFinite((float)value) ? null : Bad(setting, value, "a number from 0 on");

    /// <summary>An interval above 0 that ends at a maximum.</summary>
    public static StepProblem? Positive(string setting, Interval value, double maximum = 1e6) =>
        value.From > 0 && value.From <= value.To && value.To <= maximum
            ? null
            : new(setting, $"{value}", FormattableString.Invariant($"[from, to] with 0 < from ≤ to ≤ {maximum}"));

    private static StepProblem Bad(string setting, double value, string expected) =>
        new(setting, FormattableString.Invariant($"{value}"), expected);
}
