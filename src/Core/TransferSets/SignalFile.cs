using OnnxKd.Core.Errors;

namespace OnnxKd.Core.TransferSets;

/// <summary>
/// What a teacher said of samples, a row for each of them, in a file of any format that sets come in. Read on demand; thread-safe.
/// </summary>
internal sealed class SignalFile : IDisposable
{
    private readonly StoredTensor file;

    private SignalFile(StoredTensor file) => this.file = file;

    /// <summary>The file, for messages.</summary>
    public string Path => file.Path;

    /// <summary>How many rows there are.</summary>
    public long Rows => file.Shape[0];

    /// <summary>The shape of a row; empty: one number.</summary>
    public IReadOnlyList<int> Shape => [.. file.Shape.Skip(1).Select(size => (int)size)];

    /// <summary>Opens a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tensor">The tensor in it; <c>null</c>: the only one, else one of a usual name.</param>
    /// <param name="preferred">A name to prefer to the usual ones.</param>
    /// <param name="ids">The file of ids, whose column in a table is none of the values; <c>null</c>: there is none.</param>
    /// <exception cref="InputException">It is missing, damaged, of no known format, or it is not clear which tensor is meant.</exception>
    public static SignalFile Open(string path, string? tensor = null, string? preferred = null, string? ids = null) =>
        new(TensorFormat.OpenAny(new(new() { Samples = path, SamplesKey = tensor, Labels = ids }, SetPart.Signals) { Preferred = preferred }));

    /// <summary>Reads rows in the order asked for, as float32.</summary>
    /// <param name="rows">Rows of the file.</param>
    /// <param name="destination">At least as many values as the rows have.</param>
    public void Read(ReadOnlySpan<long> rows, Span<float> destination) => file.Read(rows, destination);

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();
}
