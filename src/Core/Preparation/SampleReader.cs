using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Preparation;

/// <summary>
/// The one path from stored samples to a model's input, used by teachers and students alike: read, augment (as stored), preprocess.
/// Thread-safe.
/// </summary>
public sealed class SampleReader
{
    /// <summary>Checks that preprocessing and augmentation fit the sample shape.</summary>
    /// <exception cref="Errors.InputException">They do not.</exception>
    public SampleReader(TransferSet set, Preprocessing preprocessing, Augmentation augmentation, ulong seed) => throw new NotImplementedException();

    /// <summary>The set that is read.</summary>
    public TransferSet Set => throw new NotImplementedException();

    /// <summary>Reads rows in the order asked for.</summary>
    /// <param name="rows">Row indices of the set.</param>
    /// <param name="view">Which random view of each sample: a view of a cache, or the epoch.</param>
    /// <param name="destination">At least <c>rows.Length × SampleElements</c> values.</param>
    public void Read(ReadOnlySpan<long> rows, uint view, Span<float> destination) => throw new NotImplementedException();
}
