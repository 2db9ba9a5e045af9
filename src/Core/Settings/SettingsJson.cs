using System.Collections;
using System.Text.Json.Nodes;

namespace OnnxKd.Core.Settings;

/// <summary>Settings as JSON, for identities: equal settings give equal text, and what cannot change a result is left out.</summary>
public static class SettingsJson
{
    /// <summary>Writes an object whose properties are settings.</summary>
    public static JsonObject Write(object settings)
    {
        var written = new JsonObject();
        if (KindTable.Of(settings.GetType()) is { } kinds)
            written.Add("kind", kinds.NameOf(settings.GetType()));
        foreach (var setting in SettingSchema.Of(settings.GetType()).Settings.Where(setting => !setting.IsOutsideKey))
            written.Add(setting.Name, Value(setting.Get(settings)));
        return written;
    }

    private static JsonNode? Value(object? value) => value switch
    {
        null => null,
        bool flag => JsonValue.Create(flag),
        int number => JsonValue.Create(number),
        long number => JsonValue.Create(number),
        ulong number => JsonValue.Create(number),
        double number => JsonValue.Create(number),
        string text => JsonValue.Create(text),
        IEnumerable list => new JsonArray([.. list.Cast<object?>().Select(Value)]),
        _ when SettingSchema.Declares(value.GetType()) => Write(value),
        _ => JsonValue.Create(value.ToString()),
    };
}
