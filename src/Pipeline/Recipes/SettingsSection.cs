using System.Collections;
using System.Globalization;
using OnnxKd.Core.Settings;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>Reads and writes whatever declares its settings: terms, optimizers, schedules, options of training and capture.</summary>
internal static class SettingsSection
{
    private const string None = "none";
    private const string KindKey = "name";

    /// <summary>Reads settings.</summary>
    /// <typeparam name="T">A type whose properties are settings.</typeparam>
    /// <param name="value">A mapping of keys.</param>
    /// <param name="basis">Where keys that are not given come from; <c>null</c>: the defaults.</param>
    public static T Read<T>(RecipeValue value, T? basis = null) where T : class => (T)Read(typeof(T), value, basis);

    /// <summary>Reads settings of a type.</summary>
    /// <inheritdoc cref="Read{T}"/>
    public static object Read(Type type, RecipeValue value, object? basis = null) => Read(SettingSchema.Of(type), value, basis, []);

    /// <summary>Reads one of several kinds: <c>{ name: KIND, … }</c>, or its name alone.</summary>
    /// <param name="kinds">The kinds.</param>
    /// <param name="value">The value.</param>
    /// <param name="basis">Where keys that are not given come from, if it is of the same kind.</param>
    public static object ReadKind(KindTable kinds, RecipeValue value, object? basis)
    {
        string[] names = [.. kinds.Names];
        if (!value.IsMap)
            return Read(kinds.Find(value.OneOf(names))!, value.Empty());
        var named = value.Entries().FirstOrDefault(entry => entry.Key.Is(KindKey)).Value;
        var type = named is null ? basis?.GetType() ?? throw value.Error($"The key '{KindKey}' is missing.", expected: $"one of {string.Join(", ", names)}")
            : kinds.Find(named.OneOf(names))!;
        return Read(SettingSchema.Of(type), value, basis?.GetType() == type ? basis : null, [KindKey]);
    }

    /// <summary>Reads <c>KIND: { … }</c>, a mapping of one key.</summary>
    public static object ReadNamed(KindTable kinds, RecipeValue value, string what)
    {
        var map = value.Map([.. kinds.Names]);
        var entries = value.Entries().ToArray();
        if (entries.Length != 1)
            throw value.Error($"{what} has one name.", $"{entries.Length} names", remedy: "begin each with a dash of its own");
        var name = entries[0].Key.Text();
        return Read(kinds.Find(name)!, map.Require(name));
    }

    /// <summary>Writes settings, every one spelt out.</summary>
    /// <param name="settings">The object.</param>
    /// <param name="file">How a path is written.</param>
    /// <param name="forKey">Whether what cannot change a result is left out.</param>
    /// <param name="kind">The name of its kind, where it has one.</param>
    public static YamlMappingNode Write(object settings, Func<string, string>? file = null, bool forKey = false, string? kind = null) =>
        YamlTree.Map(
        [
            (KindKey, kind),
            .. SettingSchema.Of(settings.GetType()).Settings.Where(setting => !(forKey && setting.IsOutsideKey))
                .Select(setting => (setting.Name, Write(setting, setting.Get(settings), file, forKey))),
        ]);

    /// <summary>Writes <c>KIND: { … }</c>.</summary>
    public static YamlMappingNode WriteNamed(KindTable kinds, object settings, bool forKey = false)
    {
        var line = Write(settings, forKey: forKey);
        line.Style = YamlDotNet.Core.Events.MappingStyle.Flow;
        return YamlTree.Map((kinds.NameOf(settings.GetType()), line));
    }

    private static object Read(SettingSchema schema, RecipeValue value, object? basis, string[] more)
    {
        var map = value.Map([.. more, .. schema.Settings.Select(setting => setting.Name)]);
        var values = new Dictionary<Setting, object?>();
        foreach (var setting in schema.Settings)
        {
            if (setting.IsRequired && basis is null)
                map.Require(setting.Name);
            if (map.Find(setting.Name) is { } given)
                values.Add(setting, Read(setting, given, basis is null ? setting.Default : setting.Get(basis)));
        }

        return schema.Create(values, basis);
    }

    private static object? Read(Setting setting, RecipeValue value, object? basis)
    {
        if (SettingForms.Find(setting.Type) is { } form)
            return form.Read(value);
        if (setting.IsOptional && value.IsNone)
            return null;
        if (!setting.IsList)
            return ReadOne(setting, value, basis);
        var entries = Array.CreateInstance(setting.Element, 0);
        var read = value.IsNone ? [] : value.AnyNumberOf(entry => ReadOne(setting, entry, null));
        entries = Array.CreateInstance(setting.Element, read.Count);
        for (var i = 0; i < read.Count; i++)
            entries.SetValue(read[i], i);
        return entries;
    }

    private static object ReadOne(Setting setting, RecipeValue value, object? basis)
    {
        var type = setting.Element;
        if (type == typeof(bool))
            return value.Flag();
        if (type == typeof(string))
            return setting.Words.Count > 0 ? value.OneOf([.. setting.Words]) : setting.IsFile ? value.File() : value.Text();
        if (type.IsPrimitive)
            return Convert.ChangeType(value.Number(new(setting.Range, setting.Contains)), type, CultureInfo.InvariantCulture);
        return KindTable.Of(type) is { } kinds ? ReadKind(kinds, value, basis) : Read(type, value, basis);
    }

    private static object? Write(Setting setting, object? value, Func<string, string>? file, bool forKey) => value switch
    {
        null => setting.Default is null ? null : None,
        _ when SettingForms.Find(setting.Type) is { } form => form.Write(value),
        string text => setting.IsFile && file is not null ? file(text) : text,
        IEnumerable list => list.Cast<object>().ToArray() is { Length: > 0 } entries
            ? entries.Select(entry => Write(setting, entry, file, forKey)).ToArray()
            : setting.Default is IEnumerable none && !none.Cast<object>().Any() ? null : None,
        bool or IConvertible => value,
        _ => Write(value, file, forKey, KindTable.Of(setting.Element)?.NameOf(value.GetType())),
    };
}
