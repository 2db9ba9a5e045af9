using System.Collections;
using System.Text.Json;
using System.Text.Json.Nodes;
using OnnxKd.Core.Text;

namespace OnnxKd.Core.Settings;

/// <summary>Settings as JSON for keys and identities: with the names of recipes, without what cannot change a result.</summary>
internal static class SettingJson
{
    private const string KindKey = "kind";

    /// <summary>Writes settings.</summary>
    public static JsonObject Write(object settings)
    {
        var json = new JsonObject();
        if (KindTable.Of(settings.GetType()) is { } kinds)
            json.Add(KindKey, kinds.NameOf(settings.GetType()));
        foreach (var setting in SettingSchema.Of(settings.GetType()).Settings.Where(setting => !setting.IsOutsideKey))
            json.Add(setting.Name, Node(setting, setting.Get(settings)));
        return json;
    }

    private static JsonNode? Node(Setting setting, object? value) => value switch
    {
        null => null,
        Enum word => setting.WordOf(word),
        EpochSchedule { Constant: { } constant } => constant,
        EpochSchedule schedule => new JsonArray([.. schedule.Points.Select(point => new JsonArray(point.Epoch, point.Value))]),
        IEnumerable list when setting.IsList => new JsonArray([.. list.Cast<object>().Select(entry => Node(setting, entry))]),
        _ when SettingSchema.IsSettings(value.GetType()) => Write(value),
        _ => JsonSerializer.SerializeToNode(value, value.GetType(), CanonicalJson.Options),
    };
}
