namespace OnnxKd.StudentTrainer.Students;

/// <summary>Which built-in architecture, and its sizes.</summary>
public sealed record StudentOptions
{
    /// <summary>A name of <see cref="Architectures.Names"/>.</summary>
    public required string Architecture { get; init; }

    /// <summary>Widths of the hidden layers (<c>mlp</c>), or of the convolutions (<c>cnn</c>).</summary>
    public IReadOnlyList<int>? Widths { get; init; }

    /// <summary>Units of the hidden layer before the classifier (<c>cnn</c>); default 128.</summary>
    public int? Hidden { get; init; }

    /// <summary>
    /// Dropout probabilities. <c>mlp</c>: of the input, then after each hidden layer. <c>cnn</c>: before the hidden layer, then
    /// before the classifier. Default: none.
    /// </summary>
    public IReadOnlyList<double>? Dropout { get; init; }
}
