using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Preparation.Steps;
using OnnxKd.Core.Settings;
using OnnxKd.Core.TransferSets;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Optimizers;
using OnnxKd.StudentTrainer.Students;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.StudentTrainer.Training;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>The documentation of a recipe's settings, section by section, from their declarations.</summary>
internal static class SettingsPages
{
    private static readonly (string Name, Func<string> Text)[] Table =
    [
        ("classes", () => SettingsReference.Table(typeof(ClassSelection))),
        ("preprocessing", () => SettingsReference.Table(typeof(Preprocessing))),
        ("log", () => SettingsReference.Table(typeof(SymmetricLog))),
        ("teachers", () => SettingsReference.Table(typeof(TeacherOptions))),
        ("capture", () => SettingsReference.Table(typeof(CaptureOptions))),
        ("storages", () => SettingsReference.Table(StreamStorage.Kinds)),
        ("augmentation", () => SettingsReference.Table(AugmentationStep.Kinds)),
        ("student-files", () => SettingsReference.Table(typeof(StudentImport))),
        ("students", () => Architectures.Reference().TrimStart('\n')),
        ("terms", () => SettingsReference.Table(Term.Kinds)),
        ("attachments", () => SettingsReference.Table(Attachment.Kinds)),
        ("training", () => SettingsReference.Table(typeof(TrainingOptions))),
        ("export", () => SettingsReference.Table(typeof(ExportOptions))),
        ("adjust-bias", () => SettingsReference.Table(typeof(BiasOptions))),
        ("quantise", () => SettingsReference.Table(typeof(QuantiseOptions))),
        ("cluster", () => SettingsReference.Table(typeof(ClusterOptions))),
        ("combine", () => SettingsReference.Table(typeof(CombineOptions))),
        ("tracking", () => SettingsReference.Table(typeof(TrackingOptions))),
        ("early-stop", () => SettingsReference.Table(typeof(EarlyStopOptions))),
        ("optimizers", () => SettingsReference.Table(OptimizerOptions.Kinds)),
        ("schedules", () => SettingsReference.Table(ScheduleOptions.Kinds)),
    ];

    // Keys of recipes whose settings stand in tables of other names.
    private static readonly Dictionary<string, string[]> TablesOfKeys = new(StringComparer.Ordinal)
    {
        ["data"] = ["classes", "preprocessing", "log"],
        ["student"] = ["student-files", "students", "attachments"],
        ["objective"] = ["terms"],
        ["optimizer"] = ["optimizers"],
        ["schedule"] = ["schedules"],
        ["storage"] = ["storages"],
        ["feature-storage"] = ["storages"],
    };

    /// <summary>The sections, in the order of a recipe.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Table.Select(section => section.Name)];

    /// <summary>Keys of recipes that stand for sections of other names.</summary>
    public static IEnumerable<string> Keys => TablesOfKeys.Keys;

    /// <summary>The sections that a name means: itself, or those of a recipe's key; none: it means none.</summary>
    public static IReadOnlyList<string> Find(string name) => Names.Contains(name) ? [name] : TablesOfKeys.GetValueOrDefault(name, []);

    /// <summary>A section, in Markdown.</summary>
    public static string Text(string name) => Array.Find(Table, section => section.Name == name).Text();
}
