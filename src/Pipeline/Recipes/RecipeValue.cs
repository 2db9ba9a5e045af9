using System.Globalization;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Text;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>One value of a recipe, with its key path and its place, so that every error can name both.</summary>
/// <param name="source">Where it was written.</param>
/// <param name="path">The keys that lead to it, for people: <c>training.optimizer.name</c>.</param>
/// <param name="node">The value.</param>
internal sealed class RecipeValue(RecipeSource source, string path, YamlNode node)
{
    /// <summary>Whether the value is the word <c>none</c>, or empty.</summary>
    public bool IsNone => node is YamlScalarNode { Value: null or "" or "none" or "null" or "~" };

    /// <summary>Whether the value is a mapping of keys.</summary>
    public bool IsMap => node is YamlMappingNode;

    /// <summary>Whether the value is a list.</summary>
    public bool IsList => node is YamlSequenceNode;

    /// <summary>Whether the value is a certain word.</summary>
    public bool Is(string word) => node is YamlScalarNode { Value: { } text } && text == word;

    /// <summary>Whether the value is a mapping that has a key.</summary>
    public bool Has(string key) => node.Find(key) is not null;

    /// <summary>Another value of the recipe; <c>null</c> if it is not there.</summary>
    /// <param name="keys">The keys that lead to it from the top.</param>
    public RecipeValue? FromTop(params string[] keys)
    {
        YamlNode? found = source.Root;
        foreach (var key in keys)
            found = found.Find(key);
        return found is null ? null : new(source, string.Join('.', keys), found);
    }

    /// <summary>A mapping whose keys are all known. An empty value is an empty mapping.</summary>
    public RecipeMap Map(params string[] known)
    {
        if (node is YamlScalarNode { Value: null or "" })
            return new(source, path, new YamlMappingNode(), node);
        if (node is not YamlMappingNode mapping)
            throw Wrong("a mapping of keys: " + string.Join(", ", known));
        foreach (var key in mapping.Children.Keys)
            if (!known.Contains(key.ToString()))
                throw new InputException(
                    "A recipe has an unknown key.", source.Where(key), Join(path, key.ToString()), $"one of {string.Join(", ", known)}",
                    DidYouMean(key.ToString(), known) ?? "remove it, or choose a known key");
        return new(source, path, mapping, node);
    }

    /// <summary>The same value, unless it is a text where keys are needed, one of which is the text's.</summary>
    /// <param name="key">That key.</param>
    /// <param name="isInList">Whether the mapping stands in a list.</param>
    public RecipeValue RequireKeys(string key, bool isInList = false)
    {
        if (IsNone || node is not YamlScalarNode { Value: { } text })
            return this;
        var form = YamlWord.Map((key, text));
        throw Error("A value in a recipe has the wrong type.", Describe(), isInList ? "a list" : "a mapping of keys", $"write {(isInList ? $"[{form}]" : form)}");
    }

    /// <summary>The entries of a mapping whose keys are not known beforehand.</summary>
    public IEnumerable<(RecipeValue Key, RecipeValue Value)> Entries() => node is YamlMappingNode mapping
        ? mapping.Children.Select(entry => (Child("", entry.Key), Child($".{entry.Key}", entry.Value)))
        : throw Wrong("a mapping of keys");

    /// <summary>The entries of a list.</summary>
    public IReadOnlyList<T> List<T>(Func<RecipeValue, T> read) => node is YamlSequenceNode sequence
        ? [.. sequence.Select((item, i) => read(Child($"[{i}]", item)))]
        : throw Wrong("a list");

    /// <summary>The entries of a list, or a single value in its place.</summary>
    public IReadOnlyList<T> OneOrMore<T>(Func<RecipeValue, T> read)
    {
        var values = node is YamlSequenceNode ? List(read) : [read(this)];
        return values.Count > 0 ? values : throw Wrong("at least one entry");
    }

    /// <summary>The entries of a list, which may be empty, or a single value in its place.</summary>
    public IReadOnlyList<T> AnyNumberOf<T>(Func<RecipeValue, T> read) => node is YamlSequenceNode ? List(read) : [read(this)];

    /// <summary>The value of a key of a mapping, whose other keys need not be known yet; <c>null</c> if it is not there.</summary>
    public RecipeValue? Find(string key) => node.Find(key) is { } value
        ? Child(path.Length == 0 ? key : $".{key}", value)
        : null;

    /// <summary>The same mapping with another name for a key, if it has that key.</summary>
    public RecipeValue Renamed(string key, string name) => Find(key) is null
        ? this
        : Mapping(((YamlMappingNode)node).Children.Select(entry => entry.Key.ToString() == key
            ? new(source.StandIn(new YamlScalarNode(name), entry.Key), entry.Value)
            : entry));

    /// <summary>This mapping, and whatever keys another one has beside.</summary>
    public RecipeValue Over(RecipeValue? basis) => node is YamlMappingNode own && basis?.Node is YamlMappingNode other
        ? Mapping(other.Children.Where(entry => !own.Children.ContainsKey(entry.Key)).Concat(own.Children))
        : this;

    /// <summary>The same list with each entry changed.</summary>
    public RecipeValue EachEntry(Func<RecipeValue, RecipeValue> change) => node is YamlSequenceNode
        ? new(source, path, source.StandIn(new YamlSequenceNode(List(change).Select(entry => entry.Node)), node))
        : this;

    /// <summary>An empty mapping in this place.</summary>
    public RecipeValue Empty() => new(source, path, new YamlMappingNode());

    /// <summary>A text.</summary>
    public string Text() => node is YamlScalarNode { Value: { Length: > 0 } text } ? text : throw Wrong("a text");

    /// <summary>A text, which may be empty.</summary>
    public string AnyText() => node is YamlScalarNode { Value: { } text } ? text : throw Wrong("a text");

    /// <summary>A file; relative paths start from the recipe's folder.</summary>
    public string File() => Text() is var text && !text.Contains('\0') ? Path.GetFullPath(text, source.Folder) : throw OutOfRange("a path, in which no character is null");

    /// <summary>One of several words.</summary>
    public string OneOf(params string[] known)
    {
        var text = Text();
        return known.Contains(text) ? text : throw OutOfRange($"one of {string.Join(", ", known)}", DidYouMean(text, known));
    }

    /// <summary><c>true</c> or <c>false</c>.</summary>
    public bool Flag(string expected = "true or false") => node is YamlScalarNode { Value: "true" or "false" } scalar
        ? scalar.Value == "true"
        : throw Wrong(expected);

    /// <summary>A number, or a fraction such as <c>1/255</c>.</summary>
    public double Number(NumberRange range)
    {
        var parts = node is YamlScalarNode { Value: { } text } ? text.Split('/') : [];
        var divisor = 1.0;
        if (parts.Length is 0 or > 2 || !TryParse(parts[0], out var number) || parts.Length == 2 && !TryParse(parts[1], out divisor))
            throw Wrong(range.Description);
        number /= divisor;
        return double.IsFinite(number) && range.Contains(number) ? number : throw OutOfRange(range.Description);
    }

    /// <summary>A whole number.</summary>
    public int WholeNumber(int minimum, int maximum = int.MaxValue)
    {
        var expected = $"a whole number from {minimum} to {maximum}";
        if (node is not YamlScalarNode { Value: { } text } || !TryParse(text, out var number))
            throw Wrong(expected);
        return number >= minimum && number <= maximum && number == Math.Floor(number) ? (int)number : throw OutOfRange(expected);
    }

    /// <summary>A seed: a whole number of up to 64 bits.</summary>
    public ulong Seed() => ulong.TryParse(Text(), NumberStyles.None, CultureInfo.InvariantCulture, out var seed)
        ? seed
        : throw Wrong($"a whole number from 0 to {ulong.MaxValue}");

    /// <summary>An error about this value.</summary>
    public InputException Error(string what, string? found = null, string? expected = null, string? remedy = null) =>
        new(what, $"{source.Where(node)}, {Shown}", found, expected, remedy);

    /// <summary>The error that the value is of the right type but not allowed.</summary>
    public InputException OutOfRange(string expected, string? remedy = null) =>
        Error("A value in a recipe is not allowed.", Describe(), expected, remedy);

    private InputException Wrong(string expected) => Error("A value in a recipe has the wrong type.", Describe(), expected);

    private YamlNode Node => node;

    private RecipeValue Mapping(IEnumerable<KeyValuePair<YamlNode, YamlNode>> entries) =>
        new(source, path, source.StandIn(new YamlMappingNode(entries), node));

    private RecipeValue Child(string step, YamlNode child) => new(source, path + step, child);

    private string Shown => path.Length == 0 ? "top level" : path;

    private string Describe() => node switch
    {
        YamlScalarNode { Value: null or "" } => "nothing",
        YamlScalarNode scalar => $"'{scalar.Value}'",
        YamlSequenceNode sequence => $"a list of {sequence.Children.Count}",
        _ => "a mapping of keys",
    };

    private static string? DidYouMean(string word, IReadOnlyList<string> known) =>
        known.Contains(word.Replace('_', '-')) ? $"keys are written with dashes: '{word.Replace('_', '-')}'" :
        Suggestions.Nearest(word, known) is { } nearest ? $"did you mean '{nearest}'?" : null;

    private static bool TryParse(string text, out double number) => double.TryParse(
        text, NumberStyles.Float, CultureInfo.InvariantCulture, out number);

    /// <summary>A key path with one more key.</summary>
    internal static string Join(string path, string key) => path.Length == 0 ? key : $"{path}.{key}";
}
