using OnnxKd.Core.Onnx;

namespace OnnxKd.Core.Preparation;

/// <summary>A model that will read samples, so that they can be held against what it takes before any work.</summary>
/// <param name="Name">The model, for messages.</param>
/// <param name="Load">Its graph, with its own inputs or behind a front; asked for only where its inputs can matter.</param>
/// <param name="Feeds">What is fed otherwise than by name.</param>
/// <param name="Preprocessing">What is done to samples before it sees them.</param>
internal sealed record SampleUse(string Name, Func<OnnxModel> Load, InputFeeds Feeds, Preprocessing Preprocessing)
{
    /// <summary>Which of the set's modalities it reads; <c>null</c>: the samples themselves.</summary>
    public string? Modality { get; init; }

    /// <summary>Whether it makes one answer of a sample's tokens, so that there must be one that counts.</summary>
    public bool NeedsTokens { get; init; }

    /// <summary>What says how many ids it knows, if that can be changed: the key of a recipe; <c>null</c>: its file does.</summary>
    public string? VocabularyKey { get; init; }
}
