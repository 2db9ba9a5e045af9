using OnnxKd.Core.Errors;
using OnnxKd.Core.Settings;

namespace OnnxKd.Core.Preparation;

/// <summary>
/// What is done to stored values before a model sees them: <c>(value × scale − mean[c]) ÷ std[c]</c>; with a <see cref="SymmetricLog"/>, its result in the place of
/// <c>value × scale</c>.
/// </summary>
/// <remarks>Mean and standard deviation have one entry, or one per index of the channel axis.</remarks>
public sealed record Preprocessing
{
    /// <summary>Values as stored.</summary>
    public static Preprocessing None { get; } = new();

    /// <summary>The factor that stored values are multiplied with first; default 1 (bytes to [0, 1]: 1/255).</summary>
    [Setting("factor on stored values", Above = 0)]
    public double Scale { get; init; } = 1;

    /// <summary>Pulls far values in after scaling; default: none.</summary>
    [Setting("pulls far values in after that, before the mean is subtracted")]
    public SymmetricLog? Log { get; init; }

    /// <summary>Subtracted after scaling; default 0.</summary>
    [Setting("subtracted after that: one number, or one for each channel")]
    public IReadOnlyList<double> Mean { get; init; } = [0];

    /// <summary>Divided by after subtracting; default 1. Never 0.</summary>
    [Setting("divided by after that", Above = 0)]
    public IReadOnlyList<double> Std { get; init; } = [1];

    /// <summary>
    /// The axis of a sample that <see cref="Mean"/>, <see cref="Std"/> and the numbers of <see cref="Log"/> run along when they have several entries; default 0
    /// (channels first).
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
        if (Log?.Centre.Any(c => !double.IsFinite(c)) == true)
            throw Bad("log.centre", Tensors.Shapes.Format(Log.Centre), "finite numbers");
        if (Log?.Unit.Any(u => !(double.IsFinite(u) && u >= 0)) == true)
            throw Bad("log.unit", Tensors.Shapes.Format(Log.Unit), "finite numbers of at least 0");
        RequireLength("log.centre", Log?.Centre.Count ?? 1, sampleShape);
        RequireLength("log.unit", Log?.Unit.Count ?? 1, sampleShape);
        RequireLength("mean", Mean.Count, sampleShape);
        RequireLength("std", Std.Count, sampleShape);
    }

    /// <summary>What is computed: the same for all values of a sample, or one for each index of the channel axis.</summary>
    internal ChannelSteps Steps()
    {
        var channels = ChannelCount;
        var steps = new ChannelSteps(new float[channels], new float[channels], [.. Enumerable.Range(0, channels).Select(c => UnitOf(c) > 0)], new float[channels], new float[channels]);
        for (var c = 0; c < channels; c++)
        {
            var (mean, std) = (At(Mean, c), At(Std, c));
            (steps.Factors[c], steps.Summands[c], steps.LogFactors[c], steps.LogSummands[c]) = UnitOf(c) is > 0 and var unit
                ? ((float)(Scale / unit), (float)(-At(Log!.Centre, c) / unit), (float)(1 / std), (float)(-mean / std))
                : ((float)(Scale / std), (float)(-mean / std), 1, 0);
        }

        return steps;
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
        var (own, others) = (ChannelCount, done.ChannelCount);
        if (own > 1 && others > 1 && ChannelAxis != done.ChannelAxis)
            throw new InputException(
                "Two kinds of preprocessing have their channels along different axes, so that one cannot follow the other.", "preprocessing.channel-axis",
                $"{ChannelAxis} and {done.ChannelAxis}", "the same axis", "set export.interface: own, or give both the same channel-axis");
        if (Enumerable.Range(0, others).Any(c => done.UnitOf(c) > 0))
            throw new InputException(
                "Preprocessing cannot follow another that takes logarithms.", "preprocessing.log", "a logarithm (centre, unit) of the teacher's that the student does not take", "none, or the same preprocessing",
                "set export.interface: own, or give student and teacher the same preprocessing");
        var channels = Math.Max(own, others);
        var (means, stds, centres, units) = (new double[channels], new double[channels], new double[channels], new double[channels]);
        for (var c = 0; c < channels; c++)
        {
            // done: y = (x·a − m) ÷ s, so x·scale = (y + m÷s) ÷ r with r = a ÷ (s·scale).
            var (ratio, shift) = (done.Scale / (At(done.Std, c) * Scale), At(done.Mean, c) * Scale / done.Scale);
            (means[c], stds[c], centres[c], units[c]) = UnitOf(c) is > 0 and var unit
                ? (At(Mean, c), At(Std, c), (At(Log!.Centre, c) - shift) * ratio, unit * ratio)
                : ((At(Mean, c) - shift) * ratio, At(Std, c) * ratio, 0, 0);
        }

        return new()
        {
            Log = Log is null ? null : new() { Centre = centres, Unit = units }, Mean = means, Std = stds, ChannelAxis = own > 1 ? ChannelAxis : done.ChannelAxis,
        };
    }

    /// <summary>Whether it leaves every value as it is.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsNone => Scale == 1 && Log?.Unit.Any(unit => unit > 0) != true && Mean.All(mean => mean == 0) && Std.All(std => std == 1);

    /// <summary>Equality of values, list entries included.</summary>
    public bool Equals(Preprocessing? other) =>
        other is not null && Scale.Equals(other.Scale) && Equals(Log, other.Log) && ChannelAxis == other.ChannelAxis
        && Mean.SequenceEqual(other.Mean) && Std.SequenceEqual(other.Std);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Scale, ChannelAxis, Mean.Count, Std.Count);

    /// <summary>The entries of the longest list.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    internal int ChannelCount => new[] { Mean.Count, Std.Count, Log?.Centre.Count ?? 1, Log?.Unit.Count ?? 1 }.Max();

    private double UnitOf(int channel) => Log is null ? 0 : At(Log.Unit, channel);

    private static double At(IReadOnlyList<double> list, int channel) => list[list.Count > 1 ? channel : 0];

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
