using System.Collections.Concurrent;
using System.Reflection;

namespace OnnxKd.Core.Settings;

/// <summary>
/// The settings that a type declares: those that must be given first, then those of its base types first, in the order of the source. The
/// type has a constructor without parameters, public or not, which sets the defaults.
/// </summary>
internal sealed class SettingSchema
{
    private static readonly ConcurrentDictionary<Type, SettingSchema> Known = new();

    private SettingSchema(Type type)
    {
        Type = type;
        var blank = Create(new Dictionary<Setting, object?>());
        Settings =
        [
            .. Lineage(type).SelectMany(level => level.GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly))
                .Select(property => (Property: property, Declaration: property.GetCustomAttribute<SettingAttribute>(inherit: false)))
                .Where(pair => pair.Declaration is not null)
                .Select(pair => new Setting(pair.Property, pair.Declaration!, pair.Property.GetValue(blank)))
                .OrderBy(setting => !setting.IsRequired),
        ];
    }

    /// <summary>The type.</summary>
    public Type Type { get; }

    /// <summary>The settings.</summary>
    public IReadOnlyList<Setting> Settings { get; } = [];

    /// <summary>The setting of a name; <c>null</c> if there is none.</summary>
    public Setting? this[string name] => Settings.FirstOrDefault(setting => setting.Name == name);

    /// <summary>The settings of a type that has a constructor without parameters.</summary>
    public static SettingSchema Of(Type type) => Known.GetOrAdd(type, static type => new(type));

    /// <summary>The first setting of an object that is out of range, also within other settings; <c>null</c> if none is.</summary>
    public static SettingProblem? Problem(object owner)
    {
        foreach (var setting in Of(owner.GetType()).Settings)
        {
            var value = setting.Get(owner);
            if (!setting.Accepts(value))
                return new(setting.Name, setting.Describe(value), setting.Expected);
            if (value is not null && IsSettings(value.GetType()) && Problem(value) is { } problem)
                return problem with { Setting = $"{setting.Name}.{problem.Setting}" };
        }

        return null;
    }

    /// <summary>Whether values of a type have settings of their own.</summary>
    internal static bool IsSettings(Type type) => KindTable.Of(type) is not null
        || type.GetProperties().Any(property => property.IsDefined(typeof(SettingAttribute)));

    /// <summary>A new object whose settings have their defaults.</summary>
    public T Default<T>() => (T)Create(new Dictionary<Setting, object?>());

    /// <summary>Makes an object.</summary>
    /// <param name="values">The values of settings.</param>
    /// <param name="basis">An object of the type whose other settings are taken over; <c>null</c>: the defaults.</param>
    public object Create(IReadOnlyDictionary<Setting, object?> values, object? basis = null)
    {
        var made = Activator.CreateInstance(Type, nonPublic: true)!;
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
