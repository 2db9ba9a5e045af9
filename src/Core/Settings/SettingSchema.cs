using System.Collections.Concurrent;
using System.Reflection;

namespace OnnxKd.Core.Settings;

/// <summary>The settings that a type declares, those of its base types first, in the order of the source.</summary>
public sealed class SettingSchema
{
    private static readonly ConcurrentDictionary<Type, SettingSchema> Known = new();

    private readonly Type type;

    private SettingSchema(Type type)
    {
        this.type = type;
        var blank = Activator.CreateInstance(type, nonPublic: true)!;
        Settings =
        [
            .. Lineage(type).SelectMany(level => level.GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly))
                .Select(property => (Property: property, Declaration: property.GetCustomAttribute<SettingAttribute>(inherit: false)))
                .Where(pair => pair.Declaration is not null)
                .Select(pair => new Setting(pair.Property, pair.Declaration!, pair.Property.GetValue(blank))),
        ];
    }

    /// <summary>The settings.</summary>
    public IReadOnlyList<Setting> Settings { get; }

    /// <summary>The settings of a type that has a constructor without parameters.</summary>
    public static SettingSchema Of(Type type) => Known.GetOrAdd(type, static type => new(type));

    /// <summary>Whether a type has properties that are settings.</summary>
    public static bool Declares(Type type) =>
        type.GetProperties(BindingFlags.Instance | BindingFlags.Public).Any(property => property.IsDefined(typeof(SettingAttribute)));

    /// <summary>Makes an object.</summary>
    /// <param name="values">The values of settings.</param>
    /// <param name="basis">An object of the type whose other settings are taken over; <c>null</c>: the defaults.</param>
    public object Create(IReadOnlyDictionary<Setting, object?> values, object? basis = null)
    {
        var made = Activator.CreateInstance(type, nonPublic: true)!;
        foreach (var setting in Settings)
        {
            if (values.TryGetValue(setting, out var value))
                setting.Set(made, value);
            else if (basis is not null)
                setting.Set(made, setting.Get(basis));
        }

        return made;
    }

    private static IEnumerable<Type> Lineage(Type type) =>
        type.BaseType is { } parent && parent != typeof(object) ? [.. Lineage(parent), type] : [type];
}
