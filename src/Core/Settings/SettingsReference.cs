using System.Globalization;
using System.Text;

namespace OnnxKd.Core.Settings;

/// <summary>The documentation of settings, in Markdown, from their declarations.</summary>
public static class SettingsReference
{
    /// <summary>A table of a type's settings.</summary>
    public static string Table(Type type) => Table(SettingSchema.Of(type).Settings);

    /// <summary>For each kind its name and a table of its settings.</summary>
    public static string Kinds(KindTable kinds)
    {
        var text = new StringBuilder();
        foreach (var (name, type) in kinds.Names.Zip(kinds.Types))
            text.Append(CultureInfo.InvariantCulture, $"{(text.Length > 0 ? "\n" : "")}`{name}`{Below(SettingSchema.Of(type).Settings)}");
        return text.ToString();
    }

    private static string Below(IReadOnlyList<Setting> settings) => settings.Count == 0 ? ": no settings\n" : $"\n\n{Table(settings)}";

    private static string Table(IReadOnlyList<Setting> settings)
    {
        var text = new StringBuilder("| key | takes | default | meaning |\n|---|---|---|---|\n");
        foreach (var setting in settings)
            text.Append(
                CultureInfo.InvariantCulture,
                $"| `{setting.Name}` | {setting.Expected} | {Default(setting)} | {setting.Meaning} |\n");
        return text.ToString();
    }

    private static string Default(Setting setting) => setting.IsRequired ? "required" : setting.Describe(setting.Default);
}
