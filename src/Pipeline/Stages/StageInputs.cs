using OnnxKd.Core.Files;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Recipes;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Stages;

/// <summary>Everything that decides what a stage makes: options as text, files as digests. No path, no time.</summary>
internal sealed class StageInputs
{
    private readonly SortedDictionary<string, string> values = new(StringComparer.Ordinal) { ["onnxkd"] = ProductVersion.OnnxKd };

    /// <summary>Names and values.</summary>
    public IReadOnlyDictionary<string, string> Values => values;

    /// <summary>SHA-256 over all of it.</summary>
    public string Key => Hashing.Sha256(CanonicalJson.Serialize(values));

    /// <summary>Adds a value; <c>null</c> adds nothing.</summary>
    public StageInputs Add(string name, string? value)
    {
        if (value is not null)
            values.Add(name, value);
        return this;
    }

    /// <summary>Adds options in their canonical form.</summary>
    public StageInputs Add(string name, YamlNode options) => Add(name, YamlTree.Text(options));
}
