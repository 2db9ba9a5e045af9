using OnnxKd.Core.Text;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Pipeline.Stages;

/// <summary>What a user should know of how a set's samples are read.</summary>
internal static class SetNotes
{
    /// <summary>Names taken for no values, and whole numbers that are read as others.</summary>
    public static IEnumerable<string> Of(TransferSet set)
    {
        if (set.HasRowNames)
            yield return $"{set.Name}: the first column has no name and is taken for names of rows; table.features says otherwise";
        foreach (var number in set.Rounded)
            yield return $"{set.Name}: column '{number.Column}' has whole numbers beyond float32's 24 bits: {number}; if they are ids, leave them out: table.drop: [{YamlWord.Of(number.Column)}]";
        if (set.FindRounded() is { } rounded)
            yield return $"{set.Name}: values are whole numbers beyond float32's 24 bits: value {rounded.Column} of a sample, {rounded}; if these are ids, leave them out; if they are amounts, nothing is lost that matters";
    }
}
