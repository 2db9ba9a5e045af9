using OnnxKd.Core.Errors;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>A mapping of a recipe whose keys were checked.</summary>
internal sealed class RecipeMap(RecipeSource source, string path, YamlMappingNode mapping, YamlNode place)
{
    /// <summary>The value of a key; <c>null</c> if it is not there.</summary>
    public RecipeValue? Find(string key) => mapping.Children.TryGetValue(new YamlScalarNode(key), out var value)
        ? new(source, RecipeValue.Join(path, key), value)
        : null;

    /// <summary>The value of a key that must be there.</summary>
    /// <exception cref="InputException">It is not.</exception>
    public RecipeValue Require(string key) => Find(key) ?? throw new InputException(
        "A recipe lacks a key.", source.Where(place), found: $"no '{RecipeValue.Join(path, key)}'", remedy: "add it");

    /// <summary>The value of a key, or what stands in for it.</summary>
    public T Read<T>(string key, T fallback, Func<RecipeValue, T> read) => Find(key) is { } value ? read(value) : fallback;
}
