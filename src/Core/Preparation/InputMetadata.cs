using System.Text.Json;
using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Text;

namespace OnnxKd.Core.Preparation;

/// <summary>What exported students say in their metadata of inputs that the samples they learned from do not feed by name: a JSON object as recipes write <c>inputs</c>.</summary>
internal static class InputMetadata
{
    /// <summary>The key.</summary>
    public const string Key = "onnxkd.inputs";

    private static readonly JsonSerializerOptions Options = new(CanonicalJson.Options) { WriteIndented = false };

    /// <summary>The text of the entry; <c>null</c>: there is nothing to say.</summary>
    /// <param name="feeds">What the inputs are fed with.</param>
    /// <param name="graph">The exported graph, which may not have all of them.</param>
    public static string? Write(InputFeeds feeds, GraphProto graph) =>
        Within(feeds, graph) is { AreNone: false } own ? JsonSerializer.Serialize(own.All.ToDictionary(feed => feed.Input, feed => feed.Text), Options) : null;

    /// <summary>What a model's metadata say of its inputs; none: nothing, or it is no student of ours.</summary>
    public static InputFeeds Of(ModelProto model) => Within(Read(model.MetadataProps.FirstOrDefault(entry => entry.Key == Key)?.Value), model.Graph);

    /// <summary>The same of a model in a session, of inputs that it may not have.</summary>
    /// <param name="metadata">The entries.</param>
    public static InputFeeds Of(IReadOnlyDictionary<string, string> metadata) => Read(metadata.GetValueOrDefault(Key));

    private static InputFeeds Read(string? text)
    {
        try
        {
            return text is null ? InputFeeds.None
                : new([.. (JsonSerializer.Deserialize<Dictionary<string, string>>(text, Options) ?? []).Select(entry => InputFeed.Parse(entry.Key, entry.Value))]);
        }
        catch (Exception error) when (CanonicalJson.IsMalformed(error))
        {
            return InputFeeds.None; // somebody else's entry
        }
    }

    private static InputFeeds Within(InputFeeds feeds, GraphProto graph)
    {
        var inputs = new GraphIndex(graph).Inputs.Select(input => input.Name).ToHashSet(StringComparer.Ordinal);
        return new([.. feeds.All.Where(feed => inputs.Contains(feed.Input))]);
    }
}
