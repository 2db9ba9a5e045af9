using OnnxKd.Core.Errors;
using OnnxKd.Core.Settings;

namespace OnnxKd.Core.TransferSets;

/// <summary>Which samples of a labelled set are used, by their class. The numbers of the classes stay as they are.</summary>
public sealed record ClassSelection
{
    /// <summary>Only samples of these classes; empty: see <see cref="Drop"/>.</summary>
    [Setting("only samples of these classes", AtLeast = 0)]
    public IReadOnlyList<int> Keep { get; init; } = [];

    /// <summary>All samples but those of these classes; empty: see <see cref="Keep"/>.</summary>
    [Setting("all samples but those of these classes", AtLeast = 0)]
    public IReadOnlyList<int> Drop { get; init; } = [];

    /// <summary>Why this selects nothing; <c>null</c>: it can be applied.</summary>
    public string? Problem => (Keep.Count > 0, Drop.Count > 0) switch
    {
        (true, true) => "both keep and drop",
        (false, false) => "neither keep nor drop",
        _ => null,
    };

    /// <summary>The rows of those samples, in order.</summary>
    /// <param name="labels">The class of each row.</param>
    /// <param name="set">The set, for messages.</param>
    /// <exception cref="InputException">A class has no sample, or no sample is left.</exception>
    internal long[] Rows(ReadOnlySpan<int> labels, string set)
    {
        var (named, classes) = (Keep.Concat(Drop).ToHashSet(), labels.ToArray().ToHashSet());
        if (named.FirstOrDefault(c => !classes.Contains(c), -1) is >= 0 and var missing)
            throw new InputException(
                "A class that is to be kept or dropped has no sample.", set, $"class {missing}", $"one of {string.Join(", ", classes.Order())}",
                "correct data.….classes, or the rows of the set");
        var rows = new List<long>();
        for (var row = 0; row < labels.Length; row++)
            if (named.Contains(labels[row]) == Keep.Count > 0)
                rows.Add(row);
        return rows.Count > 0 ? [.. rows] : throw new InputException(
            "Without the classes that are dropped a set is empty.", set, $"drop: {string.Join(", ", Drop)}", "a class that is left");
    }
}
