using OnnxKd.Core.Errors;
using OnnxKd.Core.Text;

namespace OnnxKd.Core.TransferSets;

/// <summary>Which tensor of a file is wanted: the samples or the labels of a set.</summary>
/// <param name="Options">The set's options.</param>
/// <param name="ForLabels">Whether the labels are wanted.</param>
internal sealed record TensorRequest(TransferSetOptions Options, bool ForLabels)
{
    private static readonly string[] SampleNames = ["samples", "images", "x", "data"];
    private static readonly string[] LabelNames = ["labels", "label", "targets", "target", "class", "y"];

    /// <summary>The file.</summary>
    public string Path => ForLabels ? Options.Labels! : Options.Samples;

    /// <summary>The tensor's name, if the user gave one.</summary>
    public string? Key => ForLabels ? Options.LabelsKey : Options.SamplesKey;

    /// <summary>Whether samples and labels lie in one file.</summary>
    public bool OneFile => Options.Labels is not null
        && System.IO.Path.GetFullPath(Options.Labels) == System.IO.Path.GetFullPath(Options.Samples);

    /// <summary>The key itself; without one the only name, else one of the usual names, in their order.</summary>
    /// <exception cref="InputException">None, or not the one asked for.</exception>
    public string Choose(IReadOnlyList<string> names)
    {
        var usual = ForLabels ? LabelNames : SampleNames;
        var known = names.Count == 0 ? "none" : string.Join(", ", names);
        if (Key is not null)
            return names.Contains(Key) ? Key : throw new InputException(
                $"A data file has no '{Key}'.",
                where: Path,
                found: known,
                remedy: Suggestions.Nearest(Key, names) is { } nearest ? $"did you mean '{nearest}'?" : "name one of those");
        if (names.Count == 1)
            return names[0];
        return usual.FirstOrDefault(names.Contains) ?? throw new InputException(
            $"It is not clear where the {(ForLabels ? "labels" : "samples")} are in a data file.",
            where: Path,
            found: known,
            expected: $"only one, or one of {string.Join(", ", usual)}",
            remedy: $"set {(ForLabels ? "labels-key" : "samples-key")}");
    }
}
