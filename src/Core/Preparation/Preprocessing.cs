using OnnxKd.Core.Errors;
using OnnxKd.Core.Settings;

namespace OnnxKd.Core.Preparation;

/// <summary>What is done to stored values before a model sees them: <c>(value × scale − mean[c]) ÷ std[c]</c>.</summary>
/// <remarks>Mean and standard deviation have one entry, or one per index of the channel axis.</remarks>
public sealed record Preprocessing
{
    /// <summary>Values as stored.</summary>
    public static Preprocessing None { get; } = new();

    /// <summary>The factor that stored values are multiplied with first; default 1 (bytes to [0, 1]: 1/255).</summary>
    [Setting("factor on stored values", Above = 0)]
    public double Scale { get; init; } = 1;

    /// <summary>Subtracted after scaling; default 0.</summary>
    [Setting("subtracted after that: one number, or one for each channel")]
    public IReadOnlyList<double> Mean { get; init; } = [0];

    /// <summary>Divided by after subtracting; default 1. Never 0.</summary>
    [Setting("divided by after that", Above = 0)]
    public IReadOnlyList<double> Std { get; init; } = [1];

    /// <summary>
    /// The axis of a sample that <see cref="Mean"/> and <see cref="Std"/> run along when they have several entries; default 0 (channels
    /// first).
    /// </summary>
    [Setting("axis of a sample that holds its channels", AtLeast = 0)]
    public int ChannelAxis { get; init; }

    /// <summary>Checks that the numbers make sense for samples of a shape.</summary>
    /// <exception cref="InputException">They do not.</exception>
    public void Validate(IReadOnlyList<int> sampleShape)
    {
        if (!double.IsFinite(Scale) || Scale == 0)
            throw Bad("scale", $"{Scale}", "a finite number other than 0");
        if (Mean.Any(m => !double.IsFinite(m)))
            throw Bad("mean", Tensors.Shapes.Format(Mean), "finite numbers");
        if (Std.Any(s => !double.IsFinite(s) || s == 0))
            throw Bad("std", Tensors.Shapes.Format(Std), "finite numbers other than 0");
        if (ChannelAxis < 0 || ChannelAxis >= Math.Max(1, sampleShape.Count))
            throw Bad("channel_axis", $"{ChannelAxis}", $"an axis of a sample of shape {Tensors.Shapes.Format(sampleShape)}");
        RequireLength("mean", Mean.Count, sampleShape);
        RequireLength("std", Std.Count, sampleShape);
    }

    /// <summary>
    /// What is computed, in float32: <c>value × factor + summand</c>, one pair for all values of a sample, or one for each index of the channel axis.
    /// </summary>
    public (float[] Factors, float[] Summands) Affine()
    {
        var channels = Math.Max(Mean.Count, Std.Count);
        var (factors, summands) = (new float[channels], new float[channels]);
        for (var channel = 0; channel < channels; channel++)
        {
            var (mean, std) = (Mean[Mean.Count > 1 ? channel : 0], Std[Std.Count > 1 ? channel : 0]);
            factors[channel] = (float)(Scale / std);
            summands[channel] = (float)(-mean / std);
        }

        return (factors, summands);
    }

    /// <summary>What is left to do to values that other preprocessing was done to already.</summary>
    /// <param name="done">The other.</param>
    /// <exception cref="InputException">Both have numbers for each channel, along different axes.</exception>
    public Preprocessing Following(Preprocessing done)
    {
        if (Equals(done))
            return None;
        if (done.IsNone)
            return this;
        var (channels, others) = (Math.Max(Mean.Count, Std.Count), Math.Max(done.Mean.Count, done.Std.Count));
        if (channels > 1 && others > 1 && ChannelAxis != done.ChannelAxis)
            throw new InputException(
                "Two kinds of preprocessing have their channels along different axes, so that one cannot follow the other.", "preprocessing.channel-axis",
                $"{ChannelAxis} and {done.ChannelAxis}", "the same axis", "set export.interface: own, or give both the same channel-axis");
        var (means, stds) = (new double[Math.Max(channels, others)], new double[Math.Max(channels, others)]);
        for (var c = 0; c < means.Length; c++)
        {
            // done: y = (x·a − m) ÷ s, so x = (y·s + m) ÷ a.
            var unit = done.Scale / (At(done.Std, c) * Scale);
            means[c] = (At(Mean, c) - At(done.Mean, c) * Scale / done.Scale) * unit;
            stds[c] = At(Std, c) * unit;
        }

        return new() { Mean = means, Std = stds, ChannelAxis = channels > 1 ? ChannelAxis : done.ChannelAxis };

        static double At(IReadOnlyList<double> list, int channel) => list[list.Count > 1 ? channel : 0];
    }

    /// <summary>Whether it leaves every value as it is.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsNone => Scale == 1 && Mean.All(mean => mean == 0) && Std.All(std => std == 1);

    /// <summary>Equality of values, list entries included.</summary>
    public bool Equals(Preprocessing? other) =>
        other is not null && Scale.Equals(other.Scale) && ChannelAxis == other.ChannelAxis
        && Mean.SequenceEqual(other.Mean) && Std.SequenceEqual(other.Std);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Scale, ChannelAxis, Mean.Count, Std.Count);

    private void RequireLength(string name, int length, IReadOnlyList<int> sampleShape)
    {
        var channels = sampleShape.Count == 0 ? 1 : sampleShape[ChannelAxis];
        if (length != 1 && length != channels)
            throw Bad(
                name,
                $"{length} entries",
                $"1 entry, or {channels}: the size of axis {ChannelAxis} of a sample of shape {Tensors.Shapes.Format(sampleShape)}");
    }

    private static InputException Bad(string name, string found, string expected) =>
        new($"Preprocessing has a wrong '{name}'.", where: $"preprocessing.{name}", found, expected, "correct the value");
}
