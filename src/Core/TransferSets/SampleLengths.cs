using System.Runtime.InteropServices;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.TransferSets;

/// <summary>Which entries of the padded axis of each sample are content: the first so many, or, by a mask, any.</summary>
internal sealed class SampleLengths
{
    private const int Bits = 64;

    private readonly int[] lengths;
    private readonly ulong[]? marks; // a bit for each entry, whole words for each sample

    private SampleLengths(int[] lengths, int size, ulong[]? marks = null)
    {
        (this.lengths, this.marks) = (lengths, marks);
        Size = size;
        Digest = Hashing.Sha256(MemoryMarshal.AsBytes<int>([size, .. lengths]));
    }

    /// <summary>The size of the padded axis.</summary>
    public int Size { get; }

    /// <summary>SHA-256 (lower-case hex) over the size and the lengths as little-endian 32-bit integers.</summary>
    public string Digest { get; }

    /// <summary>Whether content comes first in every sample, and then padding.</summary>
    public bool AreFromTheStart => marks is null;

    /// <summary>How many entries of the sample in a row are content.</summary>
    public int this[long row] => lengths[row];

    /// <summary>Whether one of some entries is content.</summary>
    /// <param name="row">The sample's row.</param>
    /// <param name="first">The first of the entries.</param>
    /// <param name="end">The one behind the last.</param>
    public bool Any(long row, int first, int end)
    {
        if (marks is null)
            return first < lengths[row];
        for (var entry = first; entry < end; entry++)
            if ((marks[row * WordsOf(Size) + entry / Bits] >> entry % Bits & 1) != 0)
                return true;
        return false;
    }

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

    /// <summary>What a mask says: what counts and what is padding, in any order.</summary>
    /// <param name="samples">The samples.</param>
    /// <param name="mask">Their mask.</param>
    /// <param name="counted">What it holds where a position counts: 1, or 0 where it marks padding.</param>
    /// <param name="placeOf">Where a value of a row is, for messages.</param>
    /// <exception cref="InputException">It holds something else.</exception>
    public static SampleLengths OfMask(SampleRows samples, SamplePart mask, float counted, Func<long, int, string> placeOf)
    {
        var (lengths, words) = (new int[samples.Count], WordsOf(mask.Elements));
        var (row, marks, isPrefix) = (new float[samples.Stored.SampleShape[0]], new ulong[checked(samples.Count * words)], true);
        for (var i = 0; i < lengths.Length; i++)
        {
            samples.Read([i], row);
            var values = row.AsSpan(mask.Offset, mask.Elements);
            if (values.IndexOfAnyExcept(0f, 1f) is >= 0 and var wrong)
                throw MaskChoice.Refuse(values[wrong], placeOf(i, mask.Offset + wrong));
            for (var entry = 0; entry < values.Length; entry++)
                if (values[entry] == counted)
                {
                    isPrefix &= entry == lengths[i]++;
                    marks[i * words + entry / Bits] |= 1UL << entry % Bits;
                }
        }

        return new(lengths, mask.Elements, isPrefix ? null : marks);
    }

    private static int WordsOf(int size) => (size + Bits - 1) / Bits;

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
