using OnnxKd.Core.Settings;

namespace OnnxKd.Core.Preparation.Steps;

/// <summary>What must hold between settings and samples; each rule gives the problem, or <c>null</c>.</summary>
internal static class StepRules
{
    public static SettingProblem? AtMost(string setting, int value, int maximum) =>
        value <= maximum ? null : new(setting, $"{value}", $"at most {maximum}");
}
