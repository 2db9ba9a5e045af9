using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Text;
using static Onnx.AttributeProto.Types;

namespace OnnxKd.Core.Onnx;

/// <summary>The attributes of a node as typed values. It keeps count of what was asked for, so that nothing is overlooked.</summary>
internal sealed class Attributes
{
    private readonly NodeProto node;
    private readonly Dictionary<string, AttributeProto> byName = new(StringComparer.Ordinal);
    private readonly HashSet<string> asked = new(StringComparer.Ordinal);

    /// <summary>Reads the attributes of a node.</summary>
    /// <exception cref="InputException">A name occurs twice.</exception>
    public Attributes(NodeProto node)
    {
        this.node = node;
        foreach (var attribute in node.Attribute)
        {
            if (!byName.TryAdd(attribute.Name, attribute))
                throw new InputException("A node has two attributes of one name.", Where(attribute.Name));
        }
    }

    /// <summary>Whether an attribute is present.</summary>
    public bool Has(string name) => Find(name, type: null) is not null;

    /// <summary>An integer, or the default if absent.</summary>
    public long GetInt(string name, long defaultValue) => Find(name, AttributeType.Int)?.I ?? defaultValue;

    /// <summary>An integer that must be there.</summary>
    public long GetInt(string name) => Require(name, AttributeType.Int).I;

    /// <summary>A float, or the default if absent.</summary>
    public float GetFloat(string name, float defaultValue) => Find(name, AttributeType.Float)?.F ?? defaultValue;

    /// <summary>A float that must be there.</summary>
    public float GetFloat(string name) => Require(name, AttributeType.Float).F;

    /// <summary>A text, or the default if absent.</summary>
    public string GetString(string name, string defaultValue) => Find(name, AttributeType.String)?.S.ToStringUtf8() ?? defaultValue;

    /// <summary>A text that must be there.</summary>
    public string GetString(string name) => Require(name, AttributeType.String).S.ToStringUtf8();

    /// <summary>Integers; <c>null</c> if absent.</summary>
    public long[]? GetInts(string name) => Find(name, AttributeType.Ints)?.Ints.ToArray();

    /// <summary>Integers, or the default if absent.</summary>
    public long[] GetInts(string name, long[] defaultValue) => GetInts(name) ?? defaultValue;

    /// <summary>Floats; <c>null</c> if absent.</summary>
    public float[]? GetFloats(string name) => Find(name, AttributeType.Floats)?.Floats.ToArray();

    /// <summary>Texts; <c>null</c> if absent.</summary>
    public string[]? GetStrings(string name) => Find(name, AttributeType.Strings)?.Strings.Select(s => s.ToStringUtf8()).ToArray();

    /// <summary>A tensor; <c>null</c> if absent.</summary>
    public TensorProto? GetTensor(string name) => Find(name, AttributeType.Tensor)?.T;

    /// <summary>A graph; <c>null</c> if absent.</summary>
    public GraphProto? GetGraph(string name) => Find(name, AttributeType.Graph)?.G;

    /// <summary>Checks that every attribute of the node was asked for: one that nobody reads would change the result silently.</summary>
    /// <exception cref="UnsupportedModelException">Names the first that was not.</exception>
    public void RequireAllRead()
    {
        foreach (var name in byName.Keys)
        {
            if (!asked.Contains(name))
                throw new UnsupportedModelException(
                    $"An attribute of {node.OpType} is not supported.",
                    where: Where(name),
                    expected: asked.Count == 0 ? "no attributes" : string.Join(", ", asked.Order(StringComparer.Ordinal)),
                    remedy: Suggestions.Nearest(name, asked) is { } nearest ? $"did the exporter mean '{nearest}'?" : null);
        }
    }

    private AttributeProto Require(string name, AttributeType type) => Find(name, type) ?? throw new InputException(
        $"{node.OpType} needs an attribute that is missing.", where: Where(name), expected: TypeName(type));

    private AttributeProto? Find(string name, AttributeType? type)
    {
        asked.Add(name);
        if (!byName.TryGetValue(name, out var attribute))
            return null;
        if (attribute.RefAttrName.Length > 0)
            throw new UnsupportedModelException(
                "An attribute refers to a parameter of a function.",
                where: Where(name),
                remedy: "export the model with its functions inlined");
        if (type is not null && attribute.Type != type)
            throw new InputException("An attribute has the wrong type.", Where(name), TypeName(attribute.Type), TypeName(type.Value));
        return attribute;
    }

    private string Where(string name) => $"node '{node.Name}' ({node.OpType}), attribute '{name}'";

    private static string TypeName(AttributeType type) => type.ToString().ToUpperInvariant();
}
