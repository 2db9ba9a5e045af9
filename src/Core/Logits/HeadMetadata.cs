using System.Text.Json;
using Onnx;
using OnnxKd.Core.Text;

namespace OnnxKd.Core.Logits;

/// <summary>An output that an exported student learned, where its file gives several, as its metadata describe it.</summary>
/// <param name="Output">Its name in the file; of a detector whose boxes and scores are apart, that of the boxes.</param>
/// <param name="Stream">The stream that it learned from.</param>
/// <param name="Kind">What it holds.</param>
internal sealed record DescribedHead(string Output, string Stream, OutputKind Kind)
{
    /// <summary>Its axis of classes, the batch being 0; <c>null</c>: found.</summary>
    public int? ClassAxis { get; init; }

    /// <summary>Of a detector whose boxes and scores are apart: the output with the scores.</summary>
    public string? Scores { get; init; }

    /// <summary>Of a detector: how boxes are written.</summary>
    public BoxForm? Boxes { get; init; }

    /// <summary>Of a detector: whether there is an objectness.</summary>
    public bool? Objectness { get; init; }

    /// <summary>Of a detector: which of the scores is that there is nothing; <c>null</c>: none.</summary>
    public BackgroundColumn? Background { get; init; }
}

/// <summary>What exported students whose files give several outputs say in their metadata of each that was learned: a list in JSON, the first output first.</summary>
internal static class HeadMetadata
{
    /// <summary>The key.</summary>
    public const string Key = "onnxkd.outputs";

    private static readonly JsonSerializerOptions Options = new(CanonicalJson.Options) { WriteIndented = false };

    /// <summary>The text of the entry.</summary>
    public static string Write(IReadOnlyList<DescribedHead> heads) => JsonSerializer.Serialize(heads, Options);

    /// <summary>The outputs that a model's metadata describe; none: it gives one, or is no student of ours, or its outputs were changed since.</summary>
    public static IReadOnlyList<DescribedHead> Of(ModelProto model)
    {
        if (model.MetadataProps.FirstOrDefault(entry => entry.Key == Key)?.Value is not { } text)
            return [];
        try
        {
            var heads = JsonSerializer.Deserialize<DescribedHead[]>(text, Options) ?? [];
            var names = model.Graph.Output.Select(output => output.Name).ToHashSet(StringComparer.Ordinal);
            return Array.TrueForAll(heads, head => names.Contains(head.Output)) ? heads : [];
        }
        catch (Exception error) when (CanonicalJson.IsMalformed(error))
        {
            return []; // somebody else's entry
        }
    }
}
