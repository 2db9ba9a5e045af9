using OnnxKd.Core.Randomness;
using OnnxKd.Core.Settings;

namespace OnnxKd.Core.Preparation.Steps;

/// <summary>
/// Fills runs of frames of samples [..., time, frequency] with one value (Park et al., "SpecAugment", 2019); runs may overlap. Draws, for
/// each run: length, uniform over 0…<see cref="Length"/>, and start.
/// </summary>
/// <param name="Count">How many runs.</param>
/// <param name="Length">The longest run.</param>
/// <param name="Fill">The stored value that they are filled with; default 0.</param>
public sealed record TimeMaskStep(
    [property: Setting("how many runs of frames", AtLeast = 1)] int Count,
    [property: Setting("the longest run", AtLeast = 1, IsRequired = true)] int Length,
    [property: Setting("stored value that fills them")] double Fill = 0) : SampleStep(Kind)
{
    internal const string Kind = "time_mask";

    /// <summary>The defaults of recipes.</summary>
    internal TimeMaskStep()
        : this(1, 1)
    {
    }

    /// <inheritdoc/>
    internal override SettingProblem? Misfit(SampleLayout layout) => StepRules.AtMost("length", Length, layout.Height);

    /// <inheritdoc/>
    internal override void Apply(Span<float> sample, Span<float> scratch, SampleLayout layout, ref CounterRandom random)
    {
        for (var i = 0; i < Count; i++)
        {
            var length = random.NextInt32(0, Length + 1);
            var start = random.NextInt32(0, layout.Height - length + 1);
            layout.Fill(sample, new(start, 0, length, layout.Width), (float)Fill);
        }
    }
}
