using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.TransferSets;

/// <summary>A mask that is made of lengths: for each sample so many times 1, then 0.</summary>
internal sealed class LengthMask : StoredTensor
{
    private readonly StoredTensor lengths;

    private LengthMask(StoredTensor lengths, int size)
        : base(lengths.Path, ElementType.Bool, [lengths.Shape[0], size]) => this.lengths = lengths;

    /// <inheritdoc/>
    public override IReadOnlyList<FileStatus> Statuses => lengths.Statuses;

    /// <summary>Opens the lengths of samples.</summary>
    /// <param name="options">The set's options.</param>
    /// <param name="input">Where the lengths are.</param>
    /// <param name="others">The other inputs, of which rows of integers say how long the mask is.</param>
    /// <exception cref="InputException">There are no such lengths, or nothing says how long the mask is.</exception>
    public static LengthMask Open(TransferSetOptions options, InputSource input, IEnumerable<SamplePart> others)
    {
        var sizes = others.Where(part => part.IsRowOfNames).Select(part => part.Elements).Distinct().ToArray();
        if (sizes.Length != 1)
            throw new InputException(
                "Nothing says how long a mask is that is made of lengths.", $"{options.Samples}, input '{input.Name}'",
                sizes.Length == 0 ? "no row of integers" : $"rows of {string.Join(" and ", sizes)}", "another input of token ids, one for each place of the mask", "name the ids among the inputs");
        var file = TensorFormat.OpenAny(new(options with { Lengths = input.File ?? options.Samples, LengthsKey = input.Key }, SetPart.Lengths));
        if (!file.Type.IsFloat() && file.SampleShape.All(size => size == 1))
            return new(file, sizes[0]);
        using (file)
            throw new InputException("The lengths of samples are not integers.", file.Path, $"{file.Type.Name()} {Shapes.Format(file.Shape)}", $"integers [{file.Shape[0]}]", "store one for each sample");
    }

    /// <inheritdoc/>
    public override void ReadRows(long firstRow, Span<byte> destination)
    {
        var rows = destination.Length / RowBytes;
        var (raw, values) = (new byte[rows * lengths.RowBytes], new long[rows]);
        lengths.ReadRows(firstRow, raw);
        Elements.ToInt64(raw, lengths.Type, values);
        for (var row = 0; row < rows; row++)
        {
            if (values[row] < 0 || values[row] > RowBytes)
                throw new InputException(
                    "A length is out of range.", $"{lengths.Path}, length of sample {firstRow + row}", $"{values[row]}", $"0 to {RowBytes}", "correct it");
            destination.Slice(row * RowBytes, (int)values[row]).Fill(1);
            destination[(row * RowBytes + (int)values[row])..((row + 1) * RowBytes)].Clear();
        }
    }

    /// <inheritdoc/>
    public override void Dispose() => lengths.Dispose();
}
