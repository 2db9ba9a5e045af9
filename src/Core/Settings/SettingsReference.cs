using System.Globalization;
using System.Text;

namespace OnnxKd.Core.Settings;

/// <summary>The documentation of settings, in Markdown, from their declarations.</summary>
internal static class SettingsReference
{
    /// <summary>A table of a type's settings.</summary>
    public static string Table(Type type)
    {
        var text = new StringBuilder("| key | takes | default | meaning |\n|---|---|---|---|\n");
        foreach (var setting in SettingSchema.Of(type).Settings)
            text.Append(CultureInfo.InvariantCulture, $"| {Line(setting)} |\n");
        return text.ToString();
    }

    /// <summary>A table of the settings of several kinds.</summary>
    public static string Table(KindTable kinds)
    {
        var text = new StringBuilder("| kind | key | takes | default | meaning |\n|---|---|---|---|---|\n");
        foreach (var (name, type) in kinds.Names.Zip(kinds.Types))
        {
            var lines = SettingSchema.Of(type).Settings.Select(Line).DefaultIfEmpty("| | |");
            foreach (var line in lines)
                text.Append(CultureInfo.InvariantCulture, $"| `{name}` | {line} |\n");
        }

        return text.ToString();
    }

    private static string Line(Setting setting) =>
        $"`{setting.Name}` | {setting.Expected} | {(setting.IsRequired ? "required" : setting.Describe(setting.Default))} | {setting.Meaning}";
}
