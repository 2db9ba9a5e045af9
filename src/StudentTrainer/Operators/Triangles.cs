namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Triangles of matrices.</summary>
internal static class Triangles
{
    /// <summary>Keeps what is on the k-th diagonal and above (or below) it, and zeroes the rest.</summary>
    public static Kernel Trilu(NodeContext node)
    {
        var upper = node.Attributes.GetInt("upper", 1) != 0;
        var diagonal = node.OptionalLongs(1) ?? (_ => [0]);
        return x => [upper ? x[0].triu(diagonal(x)[0]) : x[0].tril(diagonal(x)[0])];
    }
}
