using OnnxKd.Core.Onnx;

namespace OnnxKd.StudentTrainer.Export;

/// <summary>Where a student comes from, in its own metadata, so that the file alone tells.</summary>
internal static class Provenance
{
    /// <summary>
    /// All keys begin so: <c>onnxkd.teacher</c>, <c>onnxkd.cache</c>, <c>onnxkd.recipe</c>, <c>onnxkd.seed</c>,
    /// <c>onnxkd.version</c> …
    /// </summary>
    public const string Prefix = "onnxkd.";

    /// <summary>
    /// Replaces the model's provenance: entries with the prefix that are not given are removed, other metadata stays. The order of
    /// the entries does not depend on the dictionary. Give no times or paths: the same training must give the same bytes.
    /// </summary>
    /// <param name="model">The model to change.</param>
    /// <param name="entries">Texts by key.</param>
    /// <exception cref="ArgumentException">A key lacks the prefix.</exception>
    public static void Write(OnnxModel model, IReadOnlyDictionary<string, string> entries)
    {
        if (entries.Keys.FirstOrDefault(key => !key.StartsWith(Prefix, StringComparison.Ordinal)) is { } foreign)
            throw new ArgumentException($"The key '{foreign}' does not begin with '{Prefix}'.", nameof(entries));
        var metadata = model.Proto.MetadataProps;
        foreach (var entry in metadata.Where(entry => entry.Key.StartsWith(Prefix, StringComparison.Ordinal)).ToList())
            metadata.Remove(entry);
        foreach (var (key, value) in entries.OrderBy(entry => entry.Key, StringComparer.Ordinal))
            model.SetMetadata(key, value);
    }
}
