using OnnxKd.Core.Errors;

namespace OnnxKd.Core.TransferSets;

/// <summary>Finds the rows of a file by the ids of samples.</summary>
internal static class IdJoin
{
    // As many as a message names, and one more.
    private const int MostMissing = 6;

    /// <summary>For each id of samples the row that has it; rows with other ids are passed over.</summary>
    /// <param name="samples">The ids of the samples; several samples may share a row.</param>
    /// <param name="rows">The ids of the rows.</param>
    /// <param name="twice">The error that two rows have the id of a sample.</param>
    /// <param name="missing">The error that no row has the ids of some samples.</param>
    /// <exception cref="InputException">One of them.</exception>
    public static long[] Rows<T>(
        IReadOnlyList<T> samples, IReadOnlyList<T> rows, Func<T, long, long, InputException> twice, Func<IReadOnlyList<T>, InputException> missing)
        where T : notnull
    {
        var (wanted, found) = (samples.ToHashSet(), new Dictionary<T, long>());
        for (var row = 0; row < rows.Count; row++)
            if (wanted.Contains(rows[row]) && !found.TryAdd(rows[row], row))
                throw twice(rows[row], found[rows[row]], row);
        T[] alone = [.. samples.Where(id => !found.ContainsKey(id)).Take(MostMissing)];
        return alone.Length == 0 ? [.. samples.Select(id => found[id])] : throw missing(alone);
    }
}
