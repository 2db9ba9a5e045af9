using System.Runtime.InteropServices;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;

namespace OnnxKd.Core.TransferSets;

/// <summary>Where each sample comes from (a camera, a speaker, a vendor), by a number: what is found by an embedding is sought among those that come from elsewhere.</summary>
internal sealed class SampleGroups
{
    private readonly int[] held;

    private SampleGroups(int[] held) => this.held = held;

    /// <summary>The group of each sample.</summary>
    public ReadOnlySpan<int> Held => held;

    /// <summary>SHA-256 (lower-case hex) over the numbers as little-endian 32-bit integers.</summary>
    public string Digest => Hashing.Sha256(MemoryMarshal.AsBytes<int>(held));

    /// <summary>Reads a part of a file of groups.</summary>
    /// <param name="options">Where they are.</param>
    /// <param name="samples">Samples in the whole file: there must be as many.</param>
    /// <param name="first">The first row of the part.</param>
    /// <param name="count">Rows of the part.</param>
    /// <exception cref="InputException">They are no integers, or not one for each sample.</exception>
    public static SampleGroups Read(TransferSetOptions options, long samples, long first, long count)
    {
        using var file = SampleIntegers.Open(options, SetPart.Groups, samples);
        if (file.Shape.Any(size => size != 1))
            throw new InputException("A sample can only be in one group.", file.Path, $"{string.Join(" x ", file.Shape)} numbers for each sample", "one integer for each sample, or of a table one text");
        var numbers = new long[count];
        file.Read(first, numbers);
        var held = Numbered(numbers);
        return held.Any(group => group != held[0]) ? new(held) : throw new InputException(
            "All samples are in one group, so that there is nothing from elsewhere to find.", file.Path, $"{held[0]} throughout", "two groups or more", "give other groups, or remove groups");
    }

    /// <summary>Small numbers as they are; where one does not fit in 32 bits, all by the order in which they come first.</summary>
    private static int[] Numbered(long[] numbers)
    {
        if (Array.TrueForAll(numbers, number => number is >= int.MinValue and <= int.MaxValue))
            return Array.ConvertAll(numbers, number => (int)number);
        var places = new Dictionary<long, int>();
        foreach (var number in numbers)
            places.TryAdd(number, places.Count);
        return Array.ConvertAll(numbers, number => places[number]);
    }

    /// <summary>Those of some rows.</summary>
    public SampleGroups Of(long[] rows) => new(Array.ConvertAll(rows, row => held[row]));
}
