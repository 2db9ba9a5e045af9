using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.TransferSets;

/// <summary>
/// Which row of a file is of which sample of a set: the same place, in the set or in the whole file that the set is a part of, or where a file of
/// ids says.
/// </summary>
internal sealed class SignalRows
{
    private readonly Func<long, long> find;

    private SignalRows(Func<long, long> find) => this.find = find;

    /// <summary>The row of a sample.</summary>
    /// <param name="sample">Its row in the set.</param>
    public long this[long sample] => find(sample);

    /// <summary>Joins by place.</summary>
    /// <param name="set">The samples.</param>
    /// <param name="rows">Rows of the file.</param>
    /// <param name="path">The file, for messages.</param>
    /// <exception cref="InputException">There are as many rows neither as samples nor as samples in the whole file.</exception>
    public static SignalRows ByPlace(TransferSet set, long rows, string path)
    {
        if (rows == set.Count)
            return new(sample => sample);
        var part = set.Count == set.StoredCount ? "" : $" or {set.StoredCount}, as in the whole file of samples";
        return rows == set.StoredCount ? new(set.FileRow) : throw new InputException(
            "Samples and what a teacher said of them differ in number.", $"{set.Name} and {path}", $"{rows} rows for {set.Count} samples",
            $"{set.Count} rows{part}", "use the files that belong together, or say which sample each row is of: signals: { logits: FILE, ids: FILE }");
    }

    /// <summary>Joins by ids.</summary>
    /// <param name="set">The samples; the id of each is its row in the file of samples.</param>
    /// <param name="rows">Rows of the file.</param>
    /// <param name="path">The file, for messages.</param>
    /// <param name="ids">A file with the id of the sample that each row is of; rows of other samples are passed over.</param>
    /// <exception cref="InputException">There is not one id for each row, or not one row for each sample.</exception>
    public static SignalRows ById(TransferSet set, long rows, string path, string ids)
    {
        using var file = TensorFormat.OpenAny(new(new() { Samples = path, Labels = ids }, SetPart.Ids));
        if (file.Type.IsFloat() || file.Shape.Count != 1 || file.Shape[0] != rows)
            throw new InputException(
                "A file of ids does not say which sample each row is of.", $"{ids} and {path}", $"{file.Type.Name()} {Shapes.Format(file.Shape)}",
                $"integers {Shapes.Format([rows])}", "store for each row the sample's row in the file of samples, counted from 0");
        var raw = new byte[file.RowBytes * rows];
        file.ReadRows(0, raw);
        var found = new long[rows];
        Elements.ToInt64(raw, file.Type, found);

        var samples = new long[set.Count];
        for (var sample = 0; sample < samples.Length; sample++)
            samples[sample] = set.FileRow(sample);
        var places = IdJoin.Rows(
            samples, found,
            (id, row, second) => new("Two rows are of one sample.", ids, $"id {id} in row {row} and in row {second}", "each id once"),
            missing => new("A sample has no row.", $"{ids} and {set.Name}", $"no row with id {missing[0]}", "a row for each sample", "use the files that belong together"));
        return new(sample => places[sample]);
    }
}
