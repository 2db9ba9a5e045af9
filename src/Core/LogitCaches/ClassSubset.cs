using OnnxKd.Core.Logits;

namespace OnnxKd.Core.LogitCaches;

/// <summary>Which of the student's classes the columns of a stream stand for, where its teachers do not know all.</summary>
/// <param name="Columns">The class of each column, ascending.</param>
/// <param name="Of">How many classes the student has.</param>
public sealed record ClassSubset(IReadOnlyList<int> Columns, int Of)
{
    // As small as a teacher's probability gets that has to be taken for a logarithm.
    private const double Least = 1e-12;

    /// <summary>Log-probabilities of all classes: those of the subset as they are, and next to nothing for the others.</summary>
    /// <param name="scores">Rows × columns logits.</param>
    /// <returns>Rows × all classes.</returns>
    public float[] Fill(ReadOnlySpan<float> scores)
    {
        var filled = new float[scores.Length / Columns.Count * Of];
        Array.Fill(filled, (float)Math.Log(Least));
        for (var row = 0; row < filled.Length / Of; row++)
        {
            var own = scores.Slice(row * Columns.Count, Columns.Count);
            var normaliser = SoftmaxMath.LogSumExp(own);
            for (var i = 0; i < own.Length; i++)
                filled[row * Of + Columns[i]] = (float)Math.Max(own[i] - normaliser, Math.Log(Least));
        }

        return filled;
    }

    /// <summary>What is wrong with it for a stream of so many columns; <c>null</c>: nothing.</summary>
    internal string? Problem(int columns) =>
        Columns.Count != columns ? $"a subset of {Columns.Count} classes for {columns} columns"
        : Columns[0] < 0 || Columns[^1] >= Of || Columns.Zip(Columns.Skip(1)).Any(pair => pair.First >= pair.Second) ? $"a subset that does not ascend below {Of}"
        : null;
}
