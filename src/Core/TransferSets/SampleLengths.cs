using System.Runtime.InteropServices;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.TransferSets;

/// <summary>How much of each sample is content, from the first entry of the padded axis on.</summary>
internal sealed class SampleLengths
{
    private readonly int[] lengths;

    private SampleLengths(int[] lengths, int size)
    {
        this.lengths = lengths;
        Size = size;
        Digest = Hashing.Sha256(MemoryMarshal.AsBytes<int>([size, .. lengths]));
    }

    /// <summary>The size of the padded axis.</summary>
    public int Size { get; }

    /// <summary>SHA-256 (lower-case hex) over the size and the lengths as little-endian 32-bit integers.</summary>
    public string Digest { get; }

    /// <summary>The length of the sample in a row.</summary>
    public int this[long row] => lengths[row];

    /// <summary>The lengths of some rows, in place of these.</summary>
    public SampleLengths Of(IEnumerable<long> rows) => new([.. rows.Select(row => lengths[row])], Size);

    /// <summary>Reads a part of the lengths.</summary>
    /// <param name="options">Where they are, and which axis is padded.</param>
    /// <param name="shape">The shape of the whole file of samples.</param>
    /// <param name="first">The first row of the part.</param>
    /// <param name="count">Rows of the part.</param>
    /// <exception cref="InputException">They do not fit the samples.</exception>
    public static SampleLengths Read(TransferSetOptions options, IReadOnlyList<long> shape, long first, long count)
    {
        var size = (int)shape[PaddedAxis(options, shape)];
        using var file = SampleIntegers.Open(options, SetPart.Lengths, shape[0]);
        if (file.Shape.Count > 0 || count > Array.MaxLength / sizeof(long))
            throw new InputException(
                "Lengths are not a list of numbers.",
                where: file.Path,
                found: Shapes.Format([shape[0], .. file.Shape.Select(axis => (long)axis)]),
                expected: $"integers {Shapes.Format([shape[0]])}",
                remedy: "store one length per sample");
        var lengths = new int[count];
        file.Read(first, lengths);
        var wrong = lengths.AsSpan().IndexOfAnyExceptInRange(0, size);
        return wrong < 0 ? new(lengths, size) : throw new InputException(
            "A length is out of range.",
            where: $"{file.Path}, length of sample {first + wrong}",
            found: $"{lengths[wrong]}",
            expected: $"0 to {size}, the size of the padded axis of samples {Shapes.Format(shape.Skip(1).ToList())}",
            remedy: "correct it, or name the padded axis (lengths-axis)");
    }

    /// <summary>The lengths that a mask says: 1 for what counts, then 0 for padding.</summary>
    /// <param name="samples">The samples.</param>
    /// <param name="mask">Their mask.</param>
    /// <exception cref="InputException">It holds something else, or padding before what counts.</exception>
    public static SampleLengths OfMask(SampleRows samples, SamplePart mask)
    {
        var lengths = new int[samples.Count];
        var row = new float[samples.Stored.SampleShape[0]];
        for (var i = 0; i < lengths.Length; i++)
        {
            samples.Read([i], row);
            var values = row.AsSpan(mask.Offset, mask.Elements);
            var length = values.IndexOfAnyExcept(1f);
            lengths[i] = length < 0 ? values.Length : length;
            if (values[lengths[i]..].IndexOfAnyExcept(0f) is >= 0 and var wrong)
                throw new InputException(
                    "A mask does not say where the padding at the end of a sample begins.", $"{samples.Stored.Path}, input '{mask.Name}' of sample {i}, position {lengths[i] + wrong}",
                    $"{values[lengths[i] + wrong]} after {(length < 0 ? 0 : values[length])}", "1 for each position that counts, then 0 for each that is padding",
                    "pad at the end (tokenizers: padding_side='right')");
        }

        return new(lengths, mask.Elements);
    }

    /// <summary>The padded axis, the samples being axis 0.</summary>
    private static int PaddedAxis(TransferSetOptions options, IReadOnlyList<long> shape)
    {
        var axes = shape.Count - 1;
        var axis = options.LengthsAxis < 0 ? options.LengthsAxis + axes : options.LengthsAxis;
        return axis >= 0 && axis < axes ? axis + 1 : throw new InputException(
            "The axis that lengths are for does not exist.",
            where: options.Samples,
            found: $"axis {options.LengthsAxis} of samples {Shapes.Format(shape.Skip(1).ToList())}",
            expected: axes == 0 ? "samples with axes" : $"0 to {axes - 1}, or -1 for the last",
            remedy: "correct lengths-axis, or leave the lengths out");
    }
}
