using System.Numerics.Tensors;

namespace OnnxKd.Core.Preparation;

/// <summary>
/// What preprocessing computes, in float32: <c>z = value × factor + summand</c>, and where there is a logarithm <c>sign(z) × ln(1 + |z|) × log factor + log summand</c>
/// after that.
/// </summary>
/// <param name="Factors">One for all values of a sample, or one for each index of the channel axis.</param>
/// <param name="Summands">As many.</param>
/// <param name="IsLog">Whether there is a logarithm; as many.</param>
/// <param name="LogFactors">As many; 1 without a logarithm.</param>
/// <param name="LogSummands">As many; 0 without a logarithm.</param>
internal sealed record ChannelSteps(float[] Factors, float[] Summands, bool[] IsLog, float[] LogFactors, float[] LogSummands)
{
    /// <summary>What a missing value (NaN) becomes before all that, as many; NaN: nothing; <c>null</c>: none becomes anything. Samples that are read have no missing values.</summary>
    public float[]? Fillers { get; init; }

    /// <summary>Whether there is a logarithm anywhere.</summary>
    public bool HasLogs { get; } = IsLog.Contains(true);

    /// <summary>The steps of each value of a sample.</summary>
    /// <param name="elements">Values of a sample.</param>
    /// <param name="inner">Values behind each index of the channel axis.</param>
    public ChannelSteps Spread(int elements, int inner)
    {
        return new(Each(Factors), Each(Summands), Each(IsLog), Each(LogFactors), Each(LogSummands));

        T[] Each<T>(T[] channels) => [.. Enumerable.Range(0, elements).Select(i => channels[i / inner % channels.Length])];
    }

    /// <summary>Some of them.</summary>
    /// <param name="first">The first.</param>
    /// <param name="count">How many.</param>
    public ChannelSteps Of(int first, int count) => new(
        Factors[first..(first + count)], Summands[first..(first + count)], IsLog[first..(first + count)], LogFactors[first..(first + count)], LogSummands[first..(first + count)])
    {
        Fillers = Fills(first, count) ? Fillers![first..(first + count)] : null,
    };

    /// <summary>Whether values stay as they are.</summary>
    /// <param name="first">The first of them.</param>
    /// <param name="count">How many.</param>
    public bool Keep(int first, int count) =>
        !Fills(first, count) && !Factors.AsSpan(first, count).ContainsAnyExcept(1f) && !Summands.AsSpan(first, count).ContainsAnyExcept(0f) && !IsLog.AsSpan(first, count).Contains(true);

    private bool Fills(int first, int count) => Fillers is not null && !Array.TrueForAll(Fillers[first..(first + count)], float.IsNaN);

    /// <summary>Takes the steps, of which there is one for each value.</summary>
    public void Apply(Span<float> sample)
    {
        TensorPrimitives.MultiplyAdd(sample, Factors, Summands, sample);
        if (HasLogs)
            for (var i = 0; i < sample.Length; i++)
                if (IsLog[i])
                    sample[i] = MathF.CopySign(MathF.Log(1 + MathF.Abs(sample[i])), sample[i]) * LogFactors[i] + LogSummands[i];
    }
}
