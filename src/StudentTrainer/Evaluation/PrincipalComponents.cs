using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Evaluation;

/// <summary>
/// The directions in which embeddings have most of their length: the leading eigenvectors of the mean of x·xᵀ. No mean is taken off, because what is compared later
/// are directions from the origin.
/// </summary>
/// <param name="Directions">columns × kept, one direction in each column.</param>
/// <param name="Columns">Columns of an embedding.</param>
/// <param name="Kept">Directions.</param>
internal sealed record PrincipalComponents(float[] Directions, int Columns, int Kept)
{
    // Less by this than any other.
    private const double NoCosine = 3;

    /// <summary>The share of the squared length that lies in the directions, over the rows that they were found on.</summary>
    public required double Share { get; init; }

    /// <summary>Finds them.</summary>
    /// <param name="embeddings">N × columns.</param>
    /// <param name="columns">Columns of an embedding.</param>
    /// <param name="kept">How many directions; at most as many as columns.</param>
    public static PrincipalComponents Find(float[] embeddings, int columns, int kept)
    {
        using var scope = NewDisposeScope();
        var rows = Matrix(embeddings, columns);
        var (lengths, vectors) = linalg.eigh(rows.t().mm(rows));
        var leading = vectors.narrow(1, columns - kept, kept).flip(1);
        // Both signs are right; the same one everywhere makes the file the same everywhere.
        var largest = leading.gather(0, leading.abs().argmax(0, keepdim: true));
        return new([.. leading.mul(largest.sign()).to(float32).contiguous().data<float>()], columns, kept)
        {
            Share = lengths.narrow(0, columns - kept, kept).sum().div(lengths.sum()).item<double>(),
        };
    }

    /// <summary>The rows in these directions alone.</summary>
    /// <param name="embeddings">N × columns.</param>
    /// <returns>N × kept.</returns>
    public float[] Apply(float[] embeddings)
    {
        using var scope = NewDisposeScope();
        return [.. Matrix(embeddings, Columns).mm(Matrix(Directions, Kept)).to(float32).contiguous().data<float>()];
    }

    /// <summary>The share of rows whose nearest other row, by the cosine, is the same in both.</summary>
    /// <param name="whole">N × columns.</param>
    /// <param name="reduced">N × kept.</param>
    public double SameNeighbours(float[] whole, float[] reduced)
    {
        using var scope = NewDisposeScope();
        return Nearest(Matrix(whole, Columns)).eq(Nearest(Matrix(reduced, Kept))).to(float64).mean().item<double>();
    }

    private static Tensor Matrix(float[] values, int columns) => tensor(values, [values.Length / columns, columns]).to(float64);

    private static Tensor Nearest(Tensor rows)
    {
        var directions = nn.functional.normalize(rows, p: 2, dim: 1);
        return directions.mm(directions.t()).sub(eye(rows.shape[0], dtype: float64).Mul(NoCosine)).argmax(1);
    }
}
