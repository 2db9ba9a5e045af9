using System.Globalization;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>The YAML tree of a recipe, and where each part of it was written: in a file, or on the command line.</summary>
internal sealed class RecipeSource
{
    private const int MostBytes = 1 << 20;
    private const string Structure = "[]{}\"':\n";

    private readonly Dictionary<YamlNode, string> overridden = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, YamlNode> replaced = new(StringComparer.Ordinal);
    private readonly Dictionary<YamlNode, YamlNode> standIns = new(ReferenceEqualityComparer.Instance);
    private readonly string? file;

    private RecipeSource(string? file, string folder, YamlMappingNode root) => (this.file, Folder, Root) = (file, folder, root);

    /// <summary>The folder that relative paths start from.</summary>
    public string Folder { get; }

    /// <summary>The file's name without its ending; <c>null</c> without a file.</summary>
    public string? FileName => Path.GetFileNameWithoutExtension(file);

    /// <summary>The keys at the top.</summary>
    public YamlMappingNode Root { get; }

    /// <summary>A recipe that consists of what the command line says.</summary>
    public static RecipeSource Empty() => new(null, Environment.CurrentDirectory, new YamlMappingNode());

    /// <summary>Reads a file.</summary>
    /// <exception cref="InputException">Missing, or not YAML; a key that is written twice counts as such.</exception>
    public static RecipeSource Load(string path)
    {
        if (Path.GetExtension(path).ToLowerInvariant() is ".onnx" or ".ort" && File.Exists(path))
            throw new InputException(
                "A model is in the place of a recipe.", path, "a file of a model", "a recipe (YAML)", "write the option before each model: --model FILE --model FILE, or --teacher FILE");
        var bytes = InputFile.ReadAllBytes(path, "A recipe", MostBytes);
        using var reader = new StreamReader(new MemoryStream(bytes));
        try
        {
            return new(path, Path.GetDirectoryName(Path.GetFullPath(path))!, YamlText.Parse(reader.ReadToEnd(), place => At(path, place)) as YamlMappingNode
                ?? throw new InputException("A recipe is not a mapping of keys.", path, expected: "lines such as 'name: mnist'"));
        }
        catch (YamlFault error)
        {
            throw new InputException("A recipe is not valid YAML.", At(path, error.Start), error.Message, remedy: error.Remedy, inner: error);
        }
    }

    /// <summary>Sets a value that the command line gives; mappings on the way are created.</summary>
    /// <param name="path">Keys, separated by dots; in a list the place, from 0.</param>
    /// <param name="yaml">The value, as it would stand in a file.</param>
    /// <param name="origin">The option, for messages.</param>
    public void Set(string path, string yaml, string origin)
    {
        YamlNode value;
        try
        {
            value = IsMark(yaml) ? new YamlScalarNode(yaml) : YamlText.Parse(yaml, _ => origin) ?? new YamlScalarNode("");
        }
        catch (YamlFault) when (yaml.AsSpan().IndexOfAny(Structure) < 0)
        {
            value = new YamlScalarNode(yaml); // a pattern such as *.npy, which YAML takes for an alias
        }
        catch (YamlFault error)
        {
            throw new InputException("An option's value is not valid YAML.", origin, yaml, remedy: error.Remedy, inner: error);
        }
        Set(path, value, origin);
    }

    /// <inheritdoc cref="Set(string, string, string)"/>
    public void Set(string path, YamlNode value, string origin)
    {
        var keys = path.Split('.');
        YamlNode node = Root;
        foreach (var key in keys[..^1])
        {
            if (Child(node, key, path, origin) is not { } child || child is not (YamlMappingNode or YamlSequenceNode))
                Put(node, key, child = new YamlMappingNode(), origin);
            node = child;
        }
        if (Child(node, keys[^1], path, origin) is { } before && !overridden.ContainsKey(before))
            replaced[path] = before;
        Put(node, keys[^1], value, origin);
    }

    /// <summary>What stands at a key, or at a place of a list.</summary>
    private static YamlNode? Child(YamlNode node, string key, string path, string origin) => node is not YamlSequenceNode list ? node.Find(key)
        : int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var place) && place < list.Children.Count ? list.Children[place]
        : throw new InputException(
            "A list has no such entry.", origin, $"'{key}' in {path}", list.Children.Count == 0 ? "an entry: the list is empty" : $"a place from 0 to {list.Children.Count - 1}");

    private void Put(YamlNode node, string key, YamlNode value, string origin)
    {
        if (node is YamlSequenceNode list)
            list.Children[int.Parse(key, CultureInfo.InvariantCulture)] = Remember(value, origin);
        else
            ((YamlMappingNode)node).Children[Remember(new YamlScalarNode(key), origin)] = Remember(value, origin);
    }

    /// <summary>What the file says, where an option says something else; <c>null</c>: it says nothing, or no option does.</summary>
    /// <param name="path">Keys, separated by dots.</param>
    public string? Replaced(string path) => (replaced.GetValueOrDefault(path) as YamlScalarNode)?.Value;

    /// <summary>A value, and whether an option gave it; <c>null</c>: there is none, or a mapping.</summary>
    /// <param name="path">Keys, separated by dots.</param>
    public (string Value, bool IsGiven)? Find(string path)
    {
        YamlNode? node = Root;
        foreach (var key in path.Split('.'))
            node = node.Find(key);
        return node is YamlScalarNode { Value: { } value } ? (value, overridden.ContainsKey(node)) : null;
    }

    /// <summary>Removes a value, if it is there.</summary>
    /// <param name="path">Keys, separated by dots.</param>
    public void Remove(string path)
    {
        var keys = path.Split('.');
        var mapping = Root;
        foreach (var key in keys[..^1])
        {
            if (!mapping.Children.TryGetValue(new YamlScalarNode(key), out var child) || child is not YamlMappingNode inner)
                return;
            mapping = inner;
        }
        mapping.Children.Remove(new YamlScalarNode(keys[^1]));
    }

    /// <summary>Where a part was written: <c>file:line:column</c>, or the option that gave it.</summary>
    public string Where(YamlNode node) => standIns.TryGetValue(node, out var original) ? Where(original) :
        overridden.TryGetValue(node, out var origin) ? origin : file is null ? "command line" : At(file, node.Start);

    /// <summary>Notes that a node was put together in place of one that was written.</summary>
    public T StandIn<T>(T node, YamlNode original)
        where T : YamlNode
    {
        standIns[node] = original;
        return node;
    }

    /// <summary>Notes that a part was given by an option.</summary>
    public T Remember<T>(T node, string origin)
        where T : YamlNode
    {
        foreach (var part in node.AllNodes)
            overridden[part] = origin;
        return node;
    }

    /// <summary>Whether a text is one mark, such as a separator, which would need quotes in a file.</summary>
    private static bool IsMark(string yaml) => yaml is [var only] && !char.IsLetterOrDigit(only) && !Structure.Contains(only);

    private static string At(string file, Mark mark) => $"{file}:{mark.Line}:{mark.Column}";
}
