namespace OnnxKd.Core.TransferSets;

/// <summary>Where one named input of samples lies.</summary>
/// <param name="Name">What it is called, which is what a model calls it.</param>
/// <param name="File">The file; <c>null</c>: the file of samples.</param>
/// <param name="Key">
/// The tensor in an NPZ or safetensors file, or the column of a table; <c>null</c>: the one of that name. Several inputs of a file without names are its
/// columns, in their order.
/// </param>
public sealed record InputSource(string Name, string? File = null, string? Key = null)
{
    /// <summary>Whether it is a mask that is made of the lengths that lie there: for each sample so many times 1, then 0 to the length of the token ids.</summary>
    public bool IsOfLengths { get; init; }

    /// <summary>The columns that it consists of, in their order; none: it is one.</summary>
    public IReadOnlyList<string> Columns { get; init; } = [];

    /// <summary>The input itself, or each of its columns as one.</summary>
    internal IEnumerable<InputSource> Apart => Columns.Count == 0 ? [this] : Columns.Select(column => new InputSource($"{Name}/{column}", File, column));

    /// <inheritdoc/>
    public bool Equals(InputSource? other) =>
        other is not null && (Name, File, Key, IsOfLengths) == (other.Name, other.File, other.Key, other.IsOfLengths) && Columns.SequenceEqual(other.Columns);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, File, Key, Columns.Count);
}

/// <summary>The named inputs that samples consist of.</summary>
/// <param name="All">Each; none: samples are one tensor.</param>
public sealed record SampleInputs(IReadOnlyList<InputSource> All)
{
    /// <summary>There are none.</summary>
    public static SampleInputs None { get; } = new([]);

    /// <summary>Whether there are none.</summary>
    public bool AreNone => All.Count == 0;

    /// <inheritdoc/>
    public bool Equals(SampleInputs? other) => other is not null && All.SequenceEqual(other.All);

    /// <inheritdoc/>
    public override int GetHashCode() => All.Count;
}
