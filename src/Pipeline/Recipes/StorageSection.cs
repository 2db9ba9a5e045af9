using OnnxKd.Core.LogitCaches;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>How a stream's values lie on disk: the keys <c>storage</c> and <c>feature-storage</c> of <c>capture</c>.</summary>
internal static class StorageSection
{
    private const string TopKName = "top-k";
    private const string SampledName = "sampled";

    /// <summary>The storages that are a word.</summary>
    private static readonly StreamStorage[] Dense = [new Float32(), new Float16(), new BFloat16(), new Int8()];

    /// <summary>Reads the storage of class scores: a word, <c>{ top-k: 16, temperatures: [1, 4] }</c> or <c>{ sampled: 50, temperature: 1 }</c>.</summary>
    public static StreamStorage Read(RecipeValue value)
    {
        if (!value.IsMap)
            return ReadDense(value);
        var map = value.Map(TopKName, "temperatures", SampledName, "temperature");
        return (map.Find(TopKName), map.Find(SampledName)) switch
        {
            ({ } k, null) when map.Find("temperature") is null => new TopK(
                k.WholeNumber(1),
                map.Read<IReadOnlyList<double>>(
                    "temperatures", [1], v => v.IsNone ? [] : v.OneOrMore(t => t.Number(NumberRange.Above(0))))),
            (null, { } draws) when map.Find("temperatures") is null => new Sampled(
                draws.WholeNumber(1, Sampled.MaxDraws), map.Read("temperature", 1.0, v => v.Number(NumberRange.Above(0)))),
            _ => throw value.OutOfRange("{ top-k: K, temperatures: [...] } or { sampled: DRAWS, temperature: T }"),
        };
    }

    /// <summary>Reads the storage of features: a word.</summary>
    public static StreamStorage ReadDense(RecipeValue value)
    {
        var name = value.OneOf([.. Dense.Select(storage => storage.Name)]);
        return Array.Find(Dense, storage => storage.Name == name)!;
    }

    /// <summary>Writes a storage.</summary>
    public static YamlNode Write(StreamStorage storage) => storage switch
    {
        TopK topK => YamlTree.Line((TopKName, topK.K), ("temperatures", topK.Temperatures.Count > 0 ? topK.Temperatures : (object)"none")),
        Sampled sampled => YamlTree.Line((SampledName, sampled.Draws), ("temperature", sampled.Temperature)),
        _ => new YamlScalarNode(storage.Name),
    };
}
