using System.Reflection;

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

    /// <summary>The type of a kind; <c>null</c> if there is none of that name.</summary>
    public Type? Find(string name) => Array.Find(entries, entry => entry.Name == name).Type;

    /// <summary>The name of a kind.</summary>
    public string NameOf(Type type) => Array.Find(entries, entry => entry.Type == type).Name
        ?? throw new ArgumentException($"{type.Name} is not in the table.", nameof(type));

    /// <summary>The table of a type; <c>null</c> if it has none.</summary>
    public static KindTable? Of(Type type) =>
        type.GetProperty("Kinds", BindingFlags.Public | BindingFlags.Static | BindingFlags.FlattenHierarchy)?.GetValue(null) as KindTable;
}
