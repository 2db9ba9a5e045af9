using OnnxKd.Core.Randomness;

namespace OnnxKd.Core.Preparation.Steps;

/// <summary>
/// Fills runs of frames of samples [..., time, frequency] with one value (Park et al., "SpecAugment", 2019); runs may overlap. Draws, for
/// each run: length, uniform over 0…<see cref="Length"/>, and start.
/// </summary>
/// <param name="Count">How many runs.</param>
/// <param name="Length">The longest run.</param>
/// <param name="Fill">The stored value that they are filled with; default 0.</param>
public sealed record TimeMaskStep(int Count, int Length, double Fill = 0) : SampleStep(Kind)
{
    internal const string Kind = "time_mask";

    /// <inheritdoc/>
    public override StepProblem? Problem() =>
        StepRules.AtLeast("count", Count, 1) ?? StepRules.AtLeast("length", Length, 1) ?? StepRules.Finite("fill", Fill);

    /// <inheritdoc/>
    internal override StepProblem? Misfit(SampleLayout layout) => StepRules.AtMost("length", Length, layout.Height);

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
