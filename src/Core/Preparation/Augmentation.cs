using System.Text.Json.Serialization;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Preparation.Steps;
using OnnxKd.Core.Settings;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.Preparation;

/// <summary>
/// Random changes of a sample, one after the other, drawn from (seed, sample id, view) alone: the same view is the same everywhere.
/// docs/augmentation.md describes every step and the order of its draws.
/// </summary>
public sealed record Augmentation
{
    /// <summary>What recipes write, in words.</summary>
    public const string Form = "steps in their order, or none";

    private const string Key = "augmentation";

    /// <summary>Lists the steps in the order in which they are applied.</summary>
    /// <param name="steps">None: samples stay as they are. A step that mixes pairs comes last.</param>
    [JsonConstructor]
    public Augmentation(params IReadOnlyList<AugmentationStep> steps) => Steps = steps;

    /// <summary>No change.</summary>
    public static Augmentation None { get; } = new();

    /// <summary>The steps, in the order in which they are applied.</summary>
    public IReadOnlyList<AugmentationStep> Steps { get; }

    /// <summary>
    /// The axis of a sample that holds the channels of its pixels. The last of three axes: [height, width, channels]; any other: height
    /// and width are the last two axes, or time and frequency. Default 0. Samples of two axes have no channels.
    /// </summary>
    public int ChannelAxis { get; init; }

    /// <summary>Whether samples stay as they are.</summary>
    public bool IsNone => Steps.Count == 0;

    /// <summary>
    /// Whether a step moves values to other places of a sample, so that whatever is known of the places of the unchanged sample (a map
    /// of features, a class per pixel) does not belong to its views.
    /// </summary>
    public bool IsGeometric => Steps.Any(step => step.IsGeometric);

    /// <summary>Whether views are mixed from two samples, so that one label does not describe them.</summary>
    public bool MixesPairs => Pair is not null;

    /// <summary>The step that mixes pairs, if there is one.</summary>
    internal PairStep? Pair => Steps.Count == 0 ? null : Steps[^1] as PairStep;

    /// <summary>The first setting that makes no sense for samples of any shape; <c>null</c> if all do.</summary>
    public SettingProblem? Problem()
    {
        for (var i = 0; i < Steps.Count; i++)
        {
            if (Steps[i] is null)
                return new("steps", $"nothing as step {i}", "a step");
            if (Steps[i] is PairStep && i < Steps.Count - 1)
                return new(Steps[i].Name, $"step {i + 1} of {Steps.Count}", "the last step, because it mixes finished views");
            if (Steps[i].Problem() is { } problem)
                return problem with { Setting = $"{Steps[i].Name}.{problem.Setting}" };
        }
        return ChannelAxis < 0 ? new("channel_axis", $"{ChannelAxis}", "an axis of a sample, counted from 0") : null;
    }

    /// <summary>Checks that samples of a shape can be changed so.</summary>
    /// <param name="sampleShape">The shape of one sample; of named inputs each must be amounts, which stay some when they are mixed or moved a little.</param>
    /// <param name="key">What a recipe calls it, for messages.</param>
    /// <exception cref="InputException">They cannot; names the setting.</exception>
    public void Validate(IReadOnlyList<int> sampleShape, string key = Key)
    {
        if (Problem() is { } problem)
            throw Bad("A setting of the augmentation is out of range.", problem, key);
        if (IsNone)
            return;
        if (sampleShape is SampleShape { Parts.Count: > 0 } named && named.Parts.FirstOrDefault(part => !(part.IsAmount && part.Type.IsFloat()) || part.Name == named.Mask) is { } name)
            throw new InputException(
                "An augmentation would change what is no amount: texts, token ids, masks and whole numbers are names of things.", key, $"{this}, and samples with input '{name.Name}' ({(name.IsText ? "text" : name.Type.Name())})",
                "samples of one tensor, or inputs of floats", $"remove '{key}'{(key.StartsWith("capture", StringComparison.Ordinal) ? ", and 'capture.views'" : "")}");
        var layout = SampleLayout.Of(sampleShape, ChannelAxis);
        foreach (var step in Steps)
        {
            if (step.NeedsPlane && !layout.IsPlane)
                throw Bad(
                    "A step of the augmentation needs samples with a height and a width, or with time and frequency.",
                    new(
                        step.Name, Samples(),
                        "[height, width], [channels, height, width], or [height, width, channels] with channel axis 2"),
                    key);
            if (step.Misfit(layout) is { } misfit)
                throw Bad(
                    "A setting of the augmentation does not fit the samples.",
                    misfit with { Setting = $"{step.Name}.{misfit.Setting}", Expected = $"{misfit.Expected}, for {Samples()}" }, key);
        }

        string Samples() => $"samples of shape {Shapes.Format(sampleShape)}, channel axis {ChannelAxis}";
    }

    /// <summary>Equality of the steps, their order and the channel axis.</summary>
    public bool Equals(Augmentation? other) =>
        other is not null && ChannelAxis == other.ChannelAxis && Steps.SequenceEqual(other.Steps);

    /// <inheritdoc/>
    public override int GetHashCode() => Steps.Aggregate(ChannelAxis, HashCode.Combine);

    /// <summary>The steps' names, for people.</summary>
    public override string ToString() => IsNone ? "none" : string.Join(", ", Steps.Select(step => step.Name));

    private static InputException Bad(string what, SettingProblem problem, string key) => new(
        what, $"{key}.{problem.Setting}", problem.Found, problem.Expected, "correct the value, or leave the step out");
}
