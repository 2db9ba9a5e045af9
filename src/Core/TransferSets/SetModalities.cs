namespace OnnxKd.Core.TransferSets;

/// <summary>Other records of a set's samples.</summary>
/// <param name="ByName">Of each the samples, how they are found and what they are called.</param>
public sealed record SetModalities(IReadOnlyDictionary<string, TransferSetOptions> ByName)
{
    /// <summary>There are none.</summary>
    public static SetModalities None { get; } = new(new Dictionary<string, TransferSetOptions>());

    /// <inheritdoc/>
    public bool Equals(SetModalities? other) => other is not null && ByName.Count == other.ByName.Count
        && ByName.All(modality => other.ByName.GetValueOrDefault(modality.Key) == modality.Value);

    /// <inheritdoc/>
    public override int GetHashCode() => ByName.Count;
}
