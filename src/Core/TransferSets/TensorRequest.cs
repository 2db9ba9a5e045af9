using OnnxKd.Core.Errors;
using OnnxKd.Core.Text;

namespace OnnxKd.Core.TransferSets;

/// <summary>What a set consists of, and what belongs to it.</summary>
internal enum SetPart
{
    /// <summary>The samples.</summary>
    Samples,

    /// <summary>Their classes.</summary>
    Labels,

    /// <summary>How much of each is not padding.</summary>
    Lengths,

    /// <summary>Where each comes from.</summary>
    Groups,

    /// <summary>What a teacher said of each sample.</summary>
    Signals,

    /// <summary>Of which sample each of these is.</summary>
    Ids,
}

/// <summary>Which tensor of a file is wanted.</summary>
/// <param name="Options">The set's options.</param>
/// <param name="Part">The samples, or what belongs to them.</param>
internal sealed record TensorRequest(TransferSetOptions Options, SetPart Part)
{
    /// <summary>The file.</summary>
    public string Path => FileOf(Part)!;

    /// <summary>A name to prefer where the user gave none.</summary>
    public string? Preferred { get; init; }

    /// <summary>The numbers that texts have as groups, in the order in which they are read: the same in all files that the path stands for.</summary>
    public Dictionary<string, long> GroupNumbers { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether numbers are wanted, a row of them for each sample.</summary>
    public bool IsOfNumbers => Part is SetPart.Samples or SetPart.Signals;

    /// <summary>The tensor's name, if the user gave one.</summary>
    public string? Key => Part switch
    {
        SetPart.Samples or SetPart.Signals => Options.SamplesKey,
        SetPart.Labels => Options.LabelsKey,
        SetPart.Lengths => Options.LengthsKey,
        SetPart.Groups => Options.GroupsKey,
        _ => null,
    };

    /// <summary>The key's name in a recipe.</summary>
    public string KeyName => Part == SetPart.Signals ? "output" : $"{Part.ToString().ToLowerInvariant()}-key";

    /// <summary>The same of one of the files that the path stands for, and so of all parts that have that path.</summary>
    public TensorRequest Of(string file)
    {
        string? Replace(string? path) => path is not null && System.IO.Path.GetFullPath(path) == System.IO.Path.GetFullPath(Path) ? file : path;
        return this with
        {
            Options = Options with { Samples = Replace(Options.Samples)!, Labels = Replace(Options.Labels), Lengths = Replace(Options.Lengths), Groups = Replace(Options.Groups) },
        };
    }

    /// <summary>Requests for what else lies in the same file.</summary>
    public IEnumerable<TensorRequest> Neighbours => (Part is SetPart.Signals or SetPart.Ids ? SignalParts : SetParts)
        .Where(part => part != Part && FileOf(part) is { } file && System.IO.Path.GetFullPath(file) == System.IO.Path.GetFullPath(Path))
        .Select(part => this with { Part = part });

    private static readonly SetPart[] SetParts = [SetPart.Samples, SetPart.Labels, SetPart.Lengths, SetPart.Groups];
    private static readonly SetPart[] SignalParts = [SetPart.Signals, SetPart.Ids];

    private string[] UsualNames => Part switch
    {
        SetPart.Samples => [.. TransferSetOptions.UsualSamples],
        SetPart.Labels => ["labels", "label", "targets", "target", "class", "y"],
        SetPart.Signals => [.. new[] { Preferred }.OfType<string>(), "logits", "probabilities", "probs", "scores", "values", "embeddings"],
        SetPart.Ids => ["ids", "id"],
        SetPart.Groups => ["groups", "group"],
        _ => ["lengths", "length"],
    };

    /// <summary>The key itself; without one the only name, else one of the usual names, in their order.</summary>
    /// <exception cref="InputException">None, or not the one asked for.</exception>
    public string Choose(IReadOnlyList<string> names)
    {
        var known = names.Count == 0 ? "none" : string.Join(", ", names);
        if (Key is not null)
            return names.Contains(Key) ? Key : throw new InputException(
                $"A data file has no '{Key}'.",
                where: Path,
                found: known,
                remedy: Suggestions.Nearest(Key, names) is { } nearest ? $"did you mean '{nearest}'?" : "name one of those");
        if (names.Count == 1)
            return names[0];
        return UsualNames.FirstOrDefault(names.Contains) ?? throw new InputException(
            $"It is not clear where the {Part.ToString().ToLowerInvariant()} are in a data file.",
            where: Path,
            found: known,
            expected: $"only one, or one of {string.Join(", ", UsualNames)}",
            remedy: Part is SetPart.Signals or SetPart.Ids ? $"set {KeyName}"
                : $"set {KeyName} (on the command line: --set data.transfer.{KeyName}=NAME; of the test set data.test.{KeyName})");
    }

    private string? FileOf(SetPart part) => part switch
    {
        SetPart.Samples or SetPart.Signals => Options.Samples,
        SetPart.Labels or SetPart.Ids => Options.Labels,
        SetPart.Groups => Options.Groups,
        _ => Options.Lengths,
    };
}
