using System.Reflection;
using System.Text.Json.Serialization;

namespace OnnxKd.Core.Settings;

/// <summary>
/// The explicit table of the kinds of something: of terms, optimizers, schedules. Each kind is a type with settings of its own. A type whose
/// kinds a recipe may choose between has a public static property <c>Kinds</c> of this type.
/// </summary>
/// <param name="entries">Names in recipes, and types.</param>
public sealed class KindTable(params (string Name, Type Type)[] entries)
{
    /// <summary>The names, in order.</summary>
    public IReadOnlyList<string> Names { get; } = [.. entries.Select(entry => entry.Name)];

    /// <summary>The types, in order.</summary>
    public IReadOnlyList<Type> Types { get; } = [.. entries.Select(entry => entry.Type)];

    /// <summary>The type of a kind; <c>null</c> if there is none of that name.</summary>
    public Type? Find(string name) => Array.Find(entries, entry => entry.Name == name).Type;

    /// <summary>The name of a kind.</summary>
    public string NameOf(Type type) => Array.Find(entries, entry => entry.Type == type).Name
        ?? throw new ArgumentException($"{type.Name} is not in the table.", nameof(type));

    /// <summary>
    /// The table of an abstract type or of the one it extends, as far as the kinds are of that type; <c>null</c> if there is none.
    /// </summary>
    public static KindTable? Of(Type type)
    {
        var table = type.GetProperty("Kinds", BindingFlags.Public | BindingFlags.Static | BindingFlags.FlattenHierarchy)?.GetValue(null);
        return (table as KindTable)?.Only(type);
    }

    /// <summary>The kinds that a type lists for JSON; recipes have dashes where JSON has underscores.</summary>
    public static KindTable OfJson(Type type) => new(
    [
        .. type.GetCustomAttributes<JsonDerivedTypeAttribute>(inherit: false)
            .Select(kind => (((string)kind.TypeDiscriminator!).Replace('_', '-'), kind.DerivedType)),
    ]);

    private KindTable Only(Type type) => Types.All(type.IsAssignableFrom) ? this : new([.. entries.Where(entry => type.IsAssignableFrom(entry.Type))]);
}
