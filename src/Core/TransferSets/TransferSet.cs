namespace OnnxKd.Core.TransferSets;

/// <summary>
/// An ordered set of samples of one shape, labelled or not, read from disk on demand (memory use does not grow with the set).
/// Reading is thread-safe.
/// </summary>
public sealed class TransferSet : IDisposable
{
    /// <summary>Opens a set; its headers and its labels are checked here, before any work starts.</summary>
    /// <exception cref="Errors.InputException">A file is missing, truncated, of another format, or does not fit the options.</exception>
    public static TransferSet Open(TransferSetOptions options) => throw new NotImplementedException();

    /// <summary>The file of samples, for messages.</summary>
    public string Name => throw new NotImplementedException();

    /// <summary>How many samples there are.</summary>
    public long Count => throw new NotImplementedException();

    /// <summary>The shape of one sample, without the batch axis: [28, 28] for MNIST.</summary>
    public IReadOnlyList<int> SampleShape => throw new NotImplementedException();

    /// <summary>The number of elements in one sample.</summary>
    public int SampleElements => throw new NotImplementedException();

    /// <summary>Class indices, one per sample; empty for an unlabelled set.</summary>
    public ReadOnlySpan<int> Labels => throw new NotImplementedException();

    /// <summary>Whether the set has labels.</summary>
    public bool IsLabelled => throw new NotImplementedException();

    /// <summary>SHA-256 (lower-case hex) over element type, shape and bytes of the samples in order; the labels are not part of it. Computed once, on first use.</summary>
    public string SamplesDigest => throw new NotImplementedException();

    /// <summary>SHA-256 over the labels; <c>null</c> for an unlabelled set.</summary>
    public string? LabelsDigest => throw new NotImplementedException();

    /// <summary>The stable id of the sample in a row: the row's index in the whole file (so a part of a set keeps its ids).</summary>
    public long IdOf(long row) => throw new NotImplementedException();

    /// <summary>Reads samples as stored (no scaling), converted to float32, rows in the order asked for.</summary>
    /// <param name="rows">Row indices in [0, <see cref="Count"/>).</param>
    /// <param name="destination">At least <c>rows.Length × SampleElements</c> values.</param>
    public void Read(ReadOnlySpan<long> rows, Span<float> destination) => throw new NotImplementedException();

    /// <summary>Checks that every label is below the number of classes.</summary>
    /// <exception cref="Errors.InputException">Names the first sample whose label is out of range.</exception>
    public void RequireLabelsBelow(int classes) => throw new NotImplementedException();

    /// <inheritdoc/>
    public void Dispose() => throw new NotImplementedException();
}
