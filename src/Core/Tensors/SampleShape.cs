using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace OnnxKd.Core.Tensors;

/// <summary>
/// The shape of one sample. A sample of several named inputs is one row of float32 values, part after part: its shape is [values], and
/// <see cref="Parts"/> says what lies where.
/// </summary>
[CollectionBuilder(typeof(SampleShape), nameof(Create))]
public sealed class SampleShape : IReadOnlyList<int>
{
    private static readonly string[] usualKinds = ["token_type_ids", "segment_ids", "token_types", "segments"];

    private readonly int[] sizes;

    /// <summary>The shape of samples that are one tensor.</summary>
    /// <param name="sizes">The sizes of its axes.</param>
    public SampleShape(IEnumerable<int> sizes) => this.sizes = [.. sizes];

    private SampleShape(IReadOnlyList<SamplePart> parts, string? mask, bool marksPadding) =>
        (sizes, Parts, Mask, MarksPadding) = ([parts.Sum(part => part.Elements)], parts, mask, marksPadding);

    /// <summary>The named inputs that a sample consists of, in their order; none: it is one tensor.</summary>
    public IReadOnlyList<SamplePart> Parts { get; } = [];

    /// <summary>The part that says which positions of a sample count and which are padding; <c>null</c>: none.</summary>
    public string? Mask { get; }

    /// <summary>Whether the mask is 1 where a position is padding, as PyTorch's <c>key_padding_mask</c> is; else it is 1 where one counts.</summary>
    public bool MarksPadding { get; }

    /// <summary>What the mask holds where a position counts: 1, or 0 where it marks padding.</summary>
    internal float MarkOfCounted => MarksPadding ? 0 : 1;

    /// <summary>The input that says of which kind each token is (the first or the second text), by its usual names; <c>null</c>: none.</summary>
    public SamplePart? Kinds => Parts.FirstOrDefault(part => usualKinds.Contains(part.Name));

    /// <summary>The input of token ids: the only row of wide integers besides a mask and kinds; <c>null</c>: there is none, or more than one.</summary>
    public SamplePart? Tokens => Parts.Where(part => part.IsRowOfNames && part.Name != Mask && part != Kinds).ToArray() is [var only] ? only : null;

    /// <summary>Whether samples are token ids, alone or with a mask and kinds of tokens, all of one length.</summary>
    public bool AreTokens => Tokens is { } ids && Parts.All(part => (part == ids || part.Name == Mask || part == Kinds) && !part.IsText && part.Elements == ids.Elements);

    /// <inheritdoc/>
    public int Count => sizes.Length;

    /// <inheritdoc/>
    public int this[int index] => sizes[index];

    /// <summary>The shape of samples that are one tensor.</summary>
    public static SampleShape Create(ReadOnlySpan<int> sizes) => new(sizes.ToArray());

    /// <summary>The shape of samples that consist of named inputs.</summary>
    /// <param name="parts">The inputs; each gets its offset.</param>
    /// <param name="mask">The one that is a mask.</param>
    /// <param name="marksPadding">Whether it is 1 where a position is padding; default: where one counts.</param>
    public static SampleShape Of(IEnumerable<SamplePart> parts, string? mask, bool marksPadding = false)
    {
        var placed = new List<SamplePart>();
        foreach (var part in parts)
            placed.Add(part with { Offset = placed.Count == 0 ? 0 : placed[^1].Offset + placed[^1].Elements });
        return new(placed, mask, mask is not null && marksPadding);
    }

    /// <summary>The named input of a name; <c>null</c>: there is none.</summary>
    public SamplePart? Find(string name) => Parts.FirstOrDefault(part => part.Name == name);

    /// <summary>The input that a value of a sample belongs to; <c>null</c>: inputs have no names.</summary>
    /// <param name="value">The value's place in a sample.</param>
    internal SamplePart? PartOf(int value) => Parts.FirstOrDefault(part => value >= part.Offset && value < part.Offset + part.Elements);

    /// <summary>Whether the values of an input can be scaled: no texts, token ids or mask.</summary>
    internal bool IsAmount(SamplePart part) => part.IsAmount && part.Name != Mask;

    /// <summary>The shape of samples that are one tensor.</summary>
    [return: NotNullIfNotNull(nameof(sizes))]
    public static implicit operator SampleShape?(int[]? sizes) => sizes is null ? null : new(sizes);

    /// <inheritdoc/>
    public IEnumerator<int> GetEnumerator() => ((IEnumerable<int>)sizes).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Names, types, shapes and texts of the named inputs, for digests; empty: it is one tensor.</summary>
    internal string Layout => Parts.Count == 0 ? ""
        : $"{JsonSerializer.Serialize(Parts.Select(part => new { part.Name, Type = part.Type.Name(), part.Shape, part.Texts }))}\n";

    /// <summary>The shape, or the inputs by name, for people: <c>[28, 28]</c>; <c>age float32 [], sex text []</c>.</summary>
    public override string ToString() => Parts.Count == 0 ? Shapes.Format(sizes) : string.Join(", ", Parts);
}

/// <summary>One named input of a sample.</summary>
/// <param name="Name">Its name: of the tensor or column, and most often of the model's input.</param>
/// <param name="Type">How it is stored; what is computed with is float32.</param>
/// <param name="Shape">Its shape in one sample; empty: one value.</param>
public sealed record SamplePart(string Name, ElementType Type, IReadOnlyList<int> Shape)
{
    /// <summary>Where it begins in the sample's row.</summary>
    public int Offset { get; init; }

    /// <summary>Of a column of texts, the texts in the order of the numbers that stand for them, from 0; empty: it holds numbers.</summary>
    public IReadOnlyList<string> Texts { get; init; } = [];

    /// <summary>How many values it has.</summary>
    public int Elements { get; } = Shape.Aggregate(1, (product, size) => checked(product * size));

    /// <summary>Whether it is a column of texts.</summary>
    public bool IsText => Texts.Count > 0;

    /// <summary>
    /// Whether its values are amounts, which may be scaled. Texts, truth values and rows of wide integers are names of something: token ids,
    /// masks, kinds of tokens.
    /// </summary>
    public bool IsAmount => !IsText && Type != ElementType.Bool && (Elements == 1 || !IsNames);

    /// <summary>Whether it is a row of wide integers, as token ids and what stands beside them are.</summary>
    public bool IsRowOfNames => !IsText && IsRow && (IsNames || Type == ElementType.Bool);

    /// <summary>Whether it has one axis of positions.</summary>
    internal bool IsRow => Elements > 1 && Shape.Count(size => size != 1) == 1;

    private bool IsNames => Type is ElementType.Int32 or ElementType.Int64 or ElementType.UInt32 or ElementType.UInt64;

    /// <summary>Name, type and shape, for people.</summary>
    public override string ToString() => $"{Name} {(IsText ? "text" : Type.Name())} {Shapes.Format(Shape)}";
}
