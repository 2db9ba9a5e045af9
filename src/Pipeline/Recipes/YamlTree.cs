using System.Collections;
using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>Trees of YAML: built in one canonical form, so that equal options give equal text, and read.</summary>
internal static class YamlTree
{
    /// <summary>A mapping; entries without a value are left out.</summary>
    public static YamlMappingNode Map(params ReadOnlySpan<(string Key, object? Value)> entries)
    {
        var mapping = new YamlMappingNode();
        foreach (var (key, value) in entries)
            if (value is not null)
                mapping.Add(key, Node(value));
        return mapping;
    }

    /// <summary>A mapping on one line.</summary>
    public static YamlMappingNode Line(params ReadOnlySpan<(string Key, object? Value)> entries)
    {
        var mapping = Map(entries);
        mapping.Style = MappingStyle.Flow;
        return mapping;
    }

    /// <summary>The text of a tree, ending in a line feed.</summary>
    public static string Text(YamlNode root)
    {
        var writer = new StringWriter { NewLine = "\n" };
        new YamlStream(new YamlDocument(root)).Save(writer, assignAnchors: false);
        const string end = "...\n"; // of the document; a text may end so too
        var text = writer.ToString();
        return text.EndsWith($"\n{end}", StringComparison.Ordinal) ? text[..^end.Length] : text;
    }

    /// <summary>What a mapping has under a key; <c>null</c>: nothing, or it is no mapping.</summary>
    public static YamlNode? Find(this YamlNode? node, string key) =>
        node is YamlMappingNode map && map.Children.TryGetValue(new YamlScalarNode(key), out var value) ? value : null;

    private static YamlNode Node(object value) => value switch
    {
        YamlNode node => node,
        bool flag => new YamlScalarNode(flag ? "true" : "false"),
        string text => new YamlScalarNode(text) { Style = text.Length > 0 && text.All(c => c == '\t') ? ScalarStyle.DoubleQuoted : ScalarStyle.Any }, // else tabs alone are lost
        IEnumerable<YamlNode> nodes => new YamlSequenceNode(nodes),
        IEnumerable list => new YamlSequenceNode(list.Cast<object>().Select(Node)) { Style = SequenceStyle.Flow },
        _ => new YamlScalarNode(Convert.ToString(value, CultureInfo.InvariantCulture)),
    };
}
