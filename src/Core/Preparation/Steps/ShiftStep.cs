using OnnxKd.Core.Randomness;
using OnnxKd.Core.Settings;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Preparation.Steps;

/// <summary>
/// Moves by whole pixels along height and width ("jitter"), each uniform over −<see cref="Pixels"/>…<see cref="Pixels"/>. Draws: down,
/// right.
/// </summary>
/// <param name="Pixels">The largest shift, at least 1.</param>
/// <param name="Fill">The stored value that enters; default 0.</param>
public sealed record ShiftStep(
    [property: Setting("largest shift along height and width", AtLeast = 1, IsRequired = true)] int Pixels,
    [property: Setting("stored value that enters")] double Fill = 0) : SampleStep(Kind)
{
    internal const string Kind = "shift";

    /// <summary>The defaults of recipes.</summary>
    internal ShiftStep()
        : this(1)
    {
    }

    /// <inheritdoc/>
    public override bool IsGeometric => true;

    /// <inheritdoc/>
    internal override SampleStep ForLabels => this with { Fill = SampleLabels.Unknown };

    /// <inheritdoc/>
    internal override SettingProblem? Misfit(SampleLayout layout) =>
        StepRules.AtMost("pixels", Pixels, Math.Min(layout.Height, layout.Width) - 1);

    /// <inheritdoc/>
    internal override void Apply(Span<float> sample, Span<float> scratch, SampleLayout layout, ref CounterRandom random)
    {
        var down = random.NextInt32(-Pixels, Pixels + 1);
        var right = random.NextInt32(-Pixels, Pixels + 1) * layout.Depth;
        for (var start = 0; start < sample.Length; start += layout.BlockLength)
            ShiftBlock(sample.Slice(start, layout.BlockLength), layout.Height, layout.RowLength, down, right);
    }

    /// <summary>Moves rows in the order in which none is overwritten before it was read.</summary>
    private void ShiftBlock(Span<float> block, int height, int length, int down, int right)
    {
        var fill = (float)Fill;
        for (var i = 0; i < height; i++)
        {
            var y = down > 0 ? height - 1 - i : i;
            var target = block.Slice(y * length, length);
            var source = y - down;
            if (source < 0 || source >= height)
            {
                target.Fill(fill);
                continue;
            }
            var kept = length - Math.Abs(right);
            block.Slice(source * length + Math.Max(-right, 0), kept).CopyTo(target[Math.Max(right, 0)..]);
            (right > 0 ? target[..right] : target[kept..]).Fill(fill);
        }
    }
}
