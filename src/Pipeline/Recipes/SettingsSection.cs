using System.Collections;
using System.Globalization;
using OnnxKd.Core.Settings;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>Reads and writes whatever declares its settings: terms, optimizers, schedules, options of training and capture.</summary>
/// <remarks>
/// One of several kinds is written as its name alone, as <c>{ name: KIND, … }</c>, or, where its first setting has the name of the kind, as
/// <c>{ KIND: …, … }</c>.
/// </remarks>
internal static class SettingsSection
{
    private const string KindKey = "name";

    /// <summary>Reads settings.</summary>
    /// <typeparam name="T">A type whose properties are settings.</typeparam>
    /// <param name="value">A mapping of keys.</param>
    /// <param name="basis">Where keys that are not given come from; <c>null</c>: the defaults.</param>
    public static T Read<T>(RecipeValue value, T? basis = null) where T : class => (T)Read(typeof(T), value, basis);

    /// <summary>Reads settings of a type.</summary>
    /// <inheritdoc cref="Read{T}(RecipeValue, T)"/>
    public static object Read(Type type, RecipeValue value, object? basis = null)
    {
        var schema = SettingSchema.Of(type);
        return Read(schema, value.Map(NamesOf(schema)), basis);
    }

    /// <summary>Reads settings from a mapping whose keys were checked.</summary>
    /// <inheritdoc cref="Read{T}(RecipeValue, T)"/>
    public static T Read<T>(RecipeMap map, T? basis = null) where T : class => (T)Read(SettingSchema.Of(typeof(T)), map, basis);

    /// <summary>Reads settings of a type, or the first of them alone.</summary>
    public static object ReadShort(Type type, RecipeValue value)
    {
        var schema = SettingSchema.Of(type);
        return value.IsMap ? Read(type, value) : schema.Create(new Dictionary<Setting, object?> { { schema.Settings[0], Read(schema.Settings[0], value) } });
    }

    /// <summary>Reads one of several kinds.</summary>
    /// <param name="kinds">The kinds.</param>
    /// <param name="value">The value.</param>
    /// <param name="basis">Where keys that are not given come from, if it is of the same kind.</param>
    public static object ReadKind(KindTable kinds, RecipeValue value, object? basis)
    {
        string[] names = [.. kinds.Names];
        if (!value.IsMap)
            return Read(kinds.Find(value.OneOf(names))!, value.Empty());
        if (value.Entries().Select(entry => kinds.Find(entry.Key.Text())).FirstOrDefault(type => type is not null) is { } own)
            return Read(own, value);
        var named = value.Entries().FirstOrDefault(entry => entry.Key.Is(KindKey)).Value;
        var type = named is null ? basis?.GetType() ?? throw value.Error($"The key '{KindKey}' is missing.", expected: $"one of {string.Join(", ", names)}")
            : kinds.Find(named.OneOf(names))!;
        var schema = SettingSchema.Of(type);
        return Read(schema, value.Map([KindKey, .. NamesOf(schema)]), basis?.GetType() == type ? basis : null);
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

    /// <summary>Reads the value of one setting.</summary>
    /// <param name="setting">The setting.</param>
    /// <param name="value">The value.</param>
    /// <param name="basis">Where keys of a kind that are not given come from, if it is of the same kind.</param>
    public static object? Read(Setting setting, RecipeValue value, object? basis = null)
    {
        if (setting.IsOptional && (value.IsNone || value.Is(setting.Null)))
            return null;
        if (SettingForms.Find(setting.Type) is { } form)
            return form.Read(value);
        if (!setting.IsList)
            return ReadOne(setting, value, basis);
        var read = setting.CanBeEmpty && value.IsNone ? []
            : setting.CanBeEmpty ? value.AnyNumberOf(entry => ReadOne(setting, entry, null))
            : value.OneOrMore(entry => ReadOne(setting, entry, null));
        var entries = Array.CreateInstance(setting.Element, read.Count);
        for (var i = 0; i < read.Count; i++)
            entries.SetValue(read[i], i);
        return entries;
    }

    /// <summary>Writes settings, every one spelt out.</summary>
    /// <param name="settings">The object.</param>
    /// <param name="file">How a path is written.</param>
    /// <param name="forKey">Whether what cannot change a result, and what there is none of by default, is left out.</param>
    public static YamlMappingNode Write(object settings, Func<string, string>? file = null, bool forKey = false) =>
        YamlTree.Map([.. Lines(settings, file, forKey)]);

    /// <summary>Writes <c>KIND: { … }</c>.</summary>
    public static YamlMappingNode WriteNamed(KindTable kinds, object settings, bool forKey = false) =>
        YamlTree.Map((kinds.NameOf(settings.GetType()), YamlTree.Line([.. Lines(settings, null, forKey)])));

    /// <summary>Writes settings on one line; a single setting alone, and a kind without settings as its name.</summary>
    public static object WriteShort(object settings, bool forKey = false)
    {
        var all = SettingSchema.Of(settings.GetType()).Settings;
        return all.Count == 1 ? Write(all[0], all[0].Get(settings), null, forKey)! : YamlTree.Line([.. Lines(settings, null, forKey)]);
    }

    /// <summary>Writes the value of one setting; <c>null</c>: it is left out.</summary>
    public static object? Write(Setting setting, object? value, Func<string, string>? file = null, bool forKey = false) => value switch
    {
        null => forKey && setting.Default is null ? null : setting.Null,
        _ when SettingForms.Find(setting.Type) is { } form => form.Write(value, file),
        string text => setting.IsFile && file is not null ? file(text) : text,
        Enum word => setting.WordOf(word),
        Interval interval => new[] { interval.From, interval.To },
        EpochSchedule { Constant: { } constant } => constant,
        EpochSchedule schedule => YamlTree.Line([.. schedule.Points.Select(point => (point.Epoch.ToString(CultureInfo.InvariantCulture), (object?)point.Value))]),
        IEnumerable list => list.Cast<object>().ToArray() is { Length: > 0 } entries
            ? entries.Select(entry => Write(setting, entry, file, forKey)).ToArray()
            : setting.Null,
        bool or IConvertible => value,
        _ => WriteKind(value, file, forKey),
    };

    private static object WriteKind(object value, Func<string, string>? file, bool forKey)
    {
        if (KindTable.Of(value.GetType()) is not { } kinds)
            return YamlTree.Line([.. Lines(value, file, forKey)]);
        var (name, settings) = (kinds.NameOf(value.GetType()), SettingSchema.Of(value.GetType()).Settings);
        if (settings.Count == 0)
            return name;
        (string, object?)[] lines = [.. Lines(value, file, forKey)];
        return settings[0].Name == name ? YamlTree.Line(lines) : YamlTree.Line([(KindKey, name), .. lines]);
    }

    private static IEnumerable<(string Key, object? Value)> Lines(object settings, Func<string, string>? file, bool forKey) =>
        SettingSchema.Of(settings.GetType()).Settings.Where(setting => !(forKey && setting.IsOutsideKey))
            .Select(setting => (setting.Name, Write(setting, setting.Get(settings), file, forKey)));

    private static string[] NamesOf(SettingSchema schema) => [.. schema.Settings.Select(setting => setting.Name)];

    private static object Read(SettingSchema schema, RecipeMap map, object? basis)
    {
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

    private static object ReadOne(Setting setting, RecipeValue value, object? basis)
    {
        var (type, range) = (setting.Element, new NumberRange(setting.Range, setting.Contains));
        if (type == typeof(bool))
            return value.Flag(setting.Expected);
        if (type.IsEnum)
            return setting.ValueOf(value.OneOf([.. setting.Words]));
        if (type == typeof(string))
            return setting.Words.Count > 0 ? value.OneOf([.. setting.Words]) : setting.IsFile ? value.File() : value.Text();
        if (type == typeof(Interval))
            return value.List(end => end.Number(range)) is [var from, var to] && from <= to ? new Interval(from, to) : throw value.OutOfRange(setting.Expected);
        if (type == typeof(EpochSchedule))
            return ReadSchedule(setting, value, range);
        if (type.IsPrimitive)
            return Convert.ChangeType(value.Number(range), type, CultureInfo.InvariantCulture);
        return KindTable.Of(type) is { } kinds ? ReadKind(kinds, value, basis) : Read(type, value);
    }

    private static EpochSchedule ReadSchedule(Setting setting, RecipeValue value, NumberRange range)
    {
        if (!value.IsMap)
            return value.Number(range);
        var schedule = new EpochSchedule(
            [.. value.Entries().Select(entry => (Epoch: entry.Key.Number(NumberRange.AtLeast(0)), entry.Value.Number(range))).OrderBy(point => point.Epoch)]);
        return schedule.IsInOrder ? schedule : throw value.OutOfRange(setting.Expected);
    }
}
