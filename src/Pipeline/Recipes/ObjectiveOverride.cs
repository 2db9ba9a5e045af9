using System.Globalization;
using OnnxKd.Core.Logits;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>
/// The field's two knobs, temperature and alpha, as an objective: <c>α · soft(T) + (1 − α) · hard</c>, with <c>binary</c> in place of <c>soft</c> where
/// the teacher gives independent labels.
/// </summary>
internal static class ObjectiveOverride
{
    private const string DefaultTemperature = "4";

    private const string Name = "objective";

    private static readonly YamlScalarNode Key = new(Name);

    /// <summary>Changes the objective: alpha replaces it, temperature alone changes its soft terms.</summary>
    /// <param name="source">The recipe.</param>
    /// <param name="temperature">T, if it is given.</param>
    /// <param name="alpha">α, if it is given.</param>
    /// <param name="findKind">What the teachers' output holds, asked for only if it matters; <c>null</c>: not known.</param>
    public static void Apply(RecipeSource source, string? temperature, string? alpha, Func<OutputKind?> findKind)
    {
        source.Root.Children.TryGetValue(Key, out var objective);
        var terms = (objective as YamlSequenceNode)?.Children ?? [];
        if (alpha is not null && terms.Count == 0 && findKind() == OutputKind.Labels)
            source.Set(Name, Mix(temperature ?? "1", alpha, "binary"), "--alpha");
        else if (alpha is not null)
            source.Set(Name, Mix((object?)temperature ?? terms.Select(TemperatureOf).FirstOrDefault(t => t is not null), alpha), "--alpha");
        else if (temperature is not null && objective is not null)
            SetTemperature(source, terms, temperature);
        else if (temperature is not null)
            source.Set(Name, Mix(temperature, "1"), "--temperature");
    }

    /// <summary>
    /// What a run without a recipe is for, if neither option says so: labels without teachers; with them soft targets, or what fits another kind
    /// of output than classes. Of several outputs, a term for each.
    /// </summary>
    /// <param name="source">The recipe.</param>
    /// <param name="findKinds">What the outputs hold that the student learns from, asked for only if it matters; none: the capture will say what is wrong.</param>
    public static void ApplyDefault(RecipeSource source, Func<IReadOnlyList<(string Stream, OutputKind Kind)>> findKinds)
    {
        if (source.Root.Children.ContainsKey(Key))
            return;
        var hasTeachers = source.Root.Find("teachers") is not (null or YamlScalarNode { Value: "none" or "" } or YamlSequenceNode { Children.Count: 0 });
        source.Set(Name, hasTeachers ? ForKinds(findKinds()) : Alone(ObjectiveSection.Hard), "command line");
    }

    private static YamlNode ForKinds(IReadOnlyList<(string Stream, OutputKind Kind)> outputs) => outputs.Count < 2
        ? ForKind(outputs.Count == 0 ? OutputKind.Classes : outputs[0].Kind)
        : new YamlSequenceNode(outputs.SelectMany(output => ForKind(output.Kind).Select(term => Of(output.Stream, term))));

    private static YamlSequenceNode ForKind(OutputKind kind) => kind switch
    {
        OutputKind.Labels => Alone("binary"),
        OutputKind.Values => Alone("mse"),
        OutputKind.Embedding => Alone("cosine"),
        OutputKind.Detector => [.. Alone("detector-scores"), .. Alone("detector-boxes")],
        _ => Mix(null, "1"),
    };

    /// <summary>A term that learns from a stream.</summary>
    private static YamlNode Of(string stream, YamlNode term)
    {
        var (name, settings) = ((YamlMappingNode)term).Children.Single();
        var own = settings as YamlMappingNode ?? YamlTree.Line();
        own.Add("teacher", stream);
        return YamlTree.Map(($"{name}", own));
    }

    private static YamlSequenceNode Alone(string term) => new(YamlTree.Map((term, "")));

    private static YamlSequenceNode Mix(object? temperature, string alpha, string term = ObjectiveSection.Soft)
    {
        var soft = YamlTree.Line(("temperature", temperature ?? DefaultTemperature), ("weight", alpha));
        var terms = new YamlSequenceNode(YamlTree.Map((term, soft)));
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

    private static YamlMappingNode? SoftOf(YamlNode term) => term.Find(ObjectiveSection.Soft) as YamlMappingNode;

    private static YamlNode? TemperatureOf(YamlNode term) => SoftOf(term).Find("temperature");
}
