namespace OnnxKd.StudentTrainer.Students;

/// <summary>Which built-in architecture, and its options.</summary>
public sealed record StudentOptions
{
    /// <summary>A name that <see cref="Architectures.IsKnown"/>.</summary>
    public required string Architecture { get; init; }

    /// <summary>
    /// Values by the names that <see cref="Architectures.OptionsOf"/> lists, of the types of those settings; an
    /// option that is not here has its default.
    /// </summary>
    public IDictionary<string, object?> Values { get; init; } = new Dictionary<string, object?>(StringComparer.Ordinal);
}
