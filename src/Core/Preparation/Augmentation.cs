using OnnxKd.Core.Errors;
using OnnxKd.Core.Randomness;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.Preparation;

/// <summary>Random changes of a sample, drawn from (seed, sample id, view): the same view is the same everywhere.</summary>
public sealed record Augmentation
{
    /// <summary>No change.</summary>
    public static Augmentation None { get; } = new();

    /// <summary>
    /// Largest shift in pixels along each of the last two axes ("jitter"), uniform over −Shift…Shift; what enters is filled with the
    /// stored value 0. Default 0.
    /// </summary>
    public int Shift { get; init; }

    /// <summary>Whether samples stay as they are.</summary>
    public bool IsNone => Shift == 0;

    /// <summary>Checks that samples of a shape can be changed so.</summary>
    /// <exception cref="InputException">They cannot.</exception>
    public void Validate(IReadOnlyList<int> sampleShape)
    {
        if (IsNone)
            return;
        if (sampleShape.Count < 2)
            throw Bad(
                "Only samples with a height and a width can be shifted.",
                $"samples of shape {Shapes.Format(sampleShape)}",
                "two axes or more");
        var limit = Math.Min(sampleShape[^1], sampleShape[^2]) - 1;
        if (Shift < 0 || Shift > limit)
            throw Bad("The shift does not fit the samples.", $"{Shift}", $"0 to {limit} for samples of shape {Shapes.Format(sampleShape)}");
    }

    /// <summary>Changes one sample in place.</summary>
    /// <param name="sample">Stored values (before preprocessing), last axis fastest.</param>
    /// <param name="sampleShape">The shape of the sample.</param>
    /// <param name="seed">The seed of all views.</param>
    /// <param name="id">The sample's id.</param>
    /// <param name="view">Which view.</param>
    public void Apply(Span<float> sample, IReadOnlyList<int> sampleShape, ulong seed, long id, uint view)
    {
        if (IsNone)
            return;
        var random = new CounterRandom(seed, RandomPurpose.Augmentation, (ulong)id, view);
        var down = random.NextInt32(-Shift, Shift + 1);
        var right = random.NextInt32(-Shift, Shift + 1);
        var (height, width) = (sampleShape[^2], sampleShape[^1]);
        for (var plane = 0; plane < sample.Length; plane += height * width)
            ShiftPlane(sample.Slice(plane, height * width), height, width, down, right);
    }

    /// <summary>Moves rows in the order in which none is overwritten before it was read.</summary>
    private static void ShiftPlane(Span<float> plane, int height, int width, int down, int right)
    {
        for (var i = 0; i < height; i++)
        {
            var y = down > 0 ? height - 1 - i : i;
            var target = plane.Slice(y * width, width);
            var source = y - down;
            if (source < 0 || source >= height)
            {
                target.Clear();
                continue;
            }
            var kept = width - Math.Abs(right);
            plane.Slice(source * width + Math.Max(-right, 0), kept).CopyTo(target[Math.Max(right, 0)..]);
            (right > 0 ? target[..right] : target[kept..]).Clear();
        }
    }

    private static InputException Bad(string what, string found, string expected) =>
        new(what, where: "augmentation.shift", found, expected, "correct the value, or leave augmentation out");
}
