using OnnxKd.Core.Settings;

namespace OnnxKd.StudentTrainer.Terms;

/// <summary>Every term that an objective can be made of.</summary>
internal static class TermTable
{
    /// <summary>Names in recipes, and types.</summary>
    public static KindTable Kinds { get; } = new(
        ("soft", typeof(SoftTerm)),
        ("hard", typeof(HardTerm)),
        ("logit-matching", typeof(LogitMatchingTerm)),
        ("hint", typeof(HintTerm)));
}
