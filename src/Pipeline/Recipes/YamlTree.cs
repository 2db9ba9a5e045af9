using System.Collections;
using System.Globalization;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>Builds YAML in one canonical form: equal options give equal text.</summary>
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
        return writer.ToString().Replace("...\n", "", StringComparison.Ordinal);
    }

    private static YamlNode Node(object value) => value switch
    {
        YamlNode node => node,
        bool flag => new YamlScalarNode(flag ? "true" : "false"),
        string text => new YamlScalarNode(text),
        IEnumerable<YamlNode> nodes => new YamlSequenceNode(nodes),
        IEnumerable list => new YamlSequenceNode(list.Cast<object>().Select(Node)) { Style = SequenceStyle.Flow },
        _ => new YamlScalarNode(Convert.ToString(value, CultureInfo.InvariantCulture)),
    };
}
