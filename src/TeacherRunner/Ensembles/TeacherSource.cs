using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.TransferSets;
using OnnxKd.TeacherRunner.Sessions;

namespace OnnxKd.TeacherRunner.Ensembles;

/// <summary>One tensor that a teacher gives.</summary>
/// <param name="Output">What it is.</param>
/// <param name="File">The teacher's file.</param>
/// <param name="Stream">The stream that it becomes, or adds to.</param>
/// <param name="Map">What its classes are among the student's; <c>null</c>: it stays as it is.</param>
/// <param name="IsCombined">Whether it is one of those that are combined.</param>
/// <param name="IsStored">Whether it stands for what is stored in the end.</param>
internal sealed record TeacherSource(ModelOutput Output, string File, CacheStream Stream, ClassMap? Map, bool IsCombined, bool IsStored)
{
    /// <summary>Whether what the teacher gave is changed before it is stored.</summary>
    public bool IsChanged => IsCombined || Map is not null;

    /// <summary>Refuses values that are no numbers.</summary>
    /// <param name="values">What the teacher gave.</param>
    /// <param name="run">Which rows these are.</param>
    /// <param name="set">The samples.</param>
    /// <param name="views">How many views there are of a sample.</param>
    /// <exception cref="InputException">Names the teacher, the sample and the place.</exception>
    public void RequireFinite(ReadOnlySpan<float> values, RunBuffers run, TransferSet set, int views)
    {
        var at = values.IndexOfAnyExceptInRange(float.MinValue, float.MaxValue);
        if (at < 0)
            return;
        var perRow = Output.ValuesPerRun;
        var (row, index) = Math.DivRem(at, perRow);
        var (sample, view) = run.Source(row);
        var given = Map is null && !IsCombined ? Stream : Stream with { Shape = Output.Shape };
        throw new InputException(
            "A teacher gave a value that is not a finite number.",
            $"{File}, tensor '{Output.Tensor}', sample {set.FileRow(sample)} of {set.Name}{(views > 1 ? $", view {view}" : "")}, "
            + given.Describe(values.Slice(row * perRow, perRow), index),
            $"{values[at]}", "a finite number",
            float.IsNegativeInfinity(values[at]) && IsEverywhere(values, perRow, index)
                ? "it is so for every sample, as a mask in the model makes it: name the tensor before the mask (output:), or give the model a large finite number there, such as -1e9"
                : "look at that sample and at the preprocessing; batches before it are stored, and capturing again goes on from there");
    }

    /// <summary>Whether all rows, of which there are several, have one value at a place.</summary>
    private static bool IsEverywhere(ReadOnlySpan<float> values, int perRow, int index)
    {
        for (var row = 1; row < values.Length / perRow; row++)
            if (!values[row * perRow + index].Equals(values[index]))
                return false;
        return values.Length > perRow;
    }
}
