using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.TransferSets;

/// <summary>
/// What every format becomes: a file with a dense tensor at an offset, the first axis being the samples. Read with positioned reads
/// rather than mapped, so that resident memory stays flat however large the file, and a file that is cut off does not bring the process down.
/// Thread-safe.
/// </summary>
internal sealed class TensorFile : StoredTensor
{
    private readonly long offset;
    private readonly bool bigEndian;

    /// <summary>Checks a header against the file, which is then owned by the new object.</summary>
    /// <param name="file">The bytes.</param>
    /// <param name="offset">Where the first element lies.</param>
    /// <param name="available">Bytes from the offset to the end of the tensor's room; the tensor must fill them exactly.</param>
    /// <param name="type">The element type.</param>
    /// <param name="bigEndian">Whether elements are stored big-endian.</param>
    /// <param name="shape">All axes, samples first.</param>
    public TensorFile(SourceFile file, long offset, long available, ElementType type, bool bigEndian, IReadOnlyList<long> shape)
        : base(file.Path, type, shape)
    {
        var path = file.Path;
        if (shape.Count == 0)
            throw new InputException("The tensor has no axis for samples.", where: path, found: "a scalar", expected: "at least one axis");
        if (!Shapes.TryBytes(type, shape, out var bytes))
            throw new InputException("A tensor's shape is impossible.", where: path, found: Shapes.Format(shape));
        if (bytes == 0)
            throw new InputException(
                "A set is empty.", where: path, found: $"shape {Shapes.Format(shape)}", expected: "at least one sample");
        if (bytes != available)
            throw new InputException(
                bytes > available ? "A data file is truncated." : "A data file is longer than its header says.",
                where: path,
                found: $"{available:N0} bytes of data",
                expected: $"{bytes:N0} bytes ({type.Name()} {Shapes.Format(shape)})",
                remedy: "fetch or write it again");
        if (bytes / shape[0] > Array.MaxLength / sizeof(float))
            throw new InputException("One sample is too large.", where: path, found: $"shape {Shapes.Format(shape)}");

        File = file;
        this.offset = offset;
        this.bigEndian = bigEndian && type.Size() > 1;
    }

    /// <summary>The bytes.</summary>
    public SourceFile File { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<FileStatus> Statuses => [File.Status];

    /// <inheritdoc/>
    public override void ReadRows(long firstRow, Span<byte> destination)
    {
        File.Read(offset + firstRow * RowBytes, destination);
        if (bigEndian)
            Elements.ReverseEndianness(destination, Type.Size());
    }

    /// <inheritdoc/>
    public override void Dispose() => File.Dispose();
}
