using System.Globalization;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>The field's two knobs, temperature and alpha, as an objective: <c>α · soft(T) + (1 − α) · hard</c>.</summary>
internal static class ObjectiveOverride
{
    private const string DefaultTemperature = "4";

    private static readonly YamlScalarNode Key = new("objective");

    /// <summary>Changes the objective: alpha replaces it, temperature alone changes its soft terms.</summary>
    public static void Apply(RecipeSource source, string? temperature, string? alpha)
    {
        var terms = source.Root.Children.TryGetValue(Key, out var objective) && objective is YamlSequenceNode sequence ? sequence.Children : [];
        if (alpha is not null)
            source.Set(Key.Value!, Mix(temperature ?? terms.Select(TemperatureOf).FirstOrDefault(t => t is not null) ?? DefaultTemperature, alpha), "--alpha");
        else if (temperature is not null && objective is not null)
            SetTemperature(source, terms, temperature);
        else if (temperature is not null)
            source.Set(Key.Value!, Mix(temperature, "1"), "--temperature");
    }

    /// <summary>What a run without a recipe is for, if neither option says so: soft targets where there are teachers, labels otherwise.</summary>
    public static void ApplyDefault(RecipeSource source)
    {
        if (!source.Root.Children.ContainsKey(Key))
            source.Set(
                Key.Value!,
                source.Root.Children.ContainsKey(new YamlScalarNode("teachers"))
                    ? Mix(DefaultTemperature, "1")
                    : new YamlSequenceNode(YamlTree.Map((ObjectiveSection.Hard, ""))),
                "command line");
    }

    private static YamlNode Mix(string temperature, string alpha)
    {
        var terms = new YamlSequenceNode(YamlTree.Map((ObjectiveSection.Soft, YamlTree.Line(("temperature", temperature), ("weight", alpha)))));
        // What is not a number from 0 to 1 is refused when the recipe is read: by its own name as the weight of the soft term, or here.
        if (!double.TryParse(alpha, NumberStyles.Float, CultureInfo.InvariantCulture, out var weight) || weight is 1)
            return terms;
        terms.Add(YamlTree.Map((ObjectiveSection.Hard, YamlTree.Line(("weight", 1 - weight)))));
        return terms;
    }

    private static void SetTemperature(RecipeSource source, IEnumerable<YamlNode> terms, string temperature)
    {
        foreach (var term in terms.Select(SoftOf).OfType<YamlMappingNode>())
            term.Children[new YamlScalarNode("temperature")] = source.Remember(new YamlScalarNode(temperature), "--temperature");
    }

    private static YamlMappingNode? SoftOf(YamlNode term) => term is YamlMappingNode mapping
        && mapping.Children.TryGetValue(new YamlScalarNode(ObjectiveSection.Soft), out var soft) ? soft as YamlMappingNode : null;

    private static string? TemperatureOf(YamlNode term) =>
        SoftOf(term) is { } soft && soft.Children.TryGetValue(new YamlScalarNode("temperature"), out var value) ? value.ToString() : null;
}
