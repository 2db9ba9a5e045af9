using OnnxKd.Core.Preparation.Steps;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>The steps of an augmentation as recipes write them; one of which only the first setting is given may be that alone.</summary>
internal static class AugmentationSteps
{
    private static readonly Entry[] Table =
    [
        // The form of this one is part of the keys of finished stages.
        Of<ShiftStep>("shift", ["pixels", "fill"],
            s => new(s.Whole("pixels"), s.Number("fill", 0)),
            s => s.Fill == 0 ? s.Pixels : Line(("pixels", s.Pixels), ("fill", s.Fill))),
        Of<CropStep>("crop", ["scale", "ratio"],
            s => new(s.Interval("scale", new(0.08, 1)), s.Interval("ratio", new(0.75, 4 / 3.0))),
            s => Line(("scale", List(s.Scale)), ("ratio", List(s.Ratio)))),
        Of<FlipStep>("flip", ["horizontal", "vertical"],
            s => new(s.Number("horizontal", 0), s.Number("vertical", 0)),
            s => Line(("horizontal", s.Horizontal), ("vertical", s.Vertical))),
        Of<RotationStep>("rotation", ["degrees", "fill"],
            s => new(s.Number("degrees"), s.Number("fill", 0)),
            s => Line(("degrees", s.Degrees), ("fill", s.Fill))),
        Of<ScaleStep>("scale", ["factor", "fill"],
            s => new(s.Interval("factor"), s.Number("fill", 0)),
            s => Line(("factor", List(s.Factor)), ("fill", s.Fill))),
        Of<EraseStep>("erase", ["probability", "scale", "ratio", "fill"],
            s => new(
                s.Number("probability", 0.5), s.Interval("scale", new(0.02, 1 / 3.0)), s.Interval("ratio", new(0.3, 1 / 0.3)),
                s.Number("fill", 0)),
            s => Line(("probability", s.Probability), ("scale", List(s.Scale)), ("ratio", List(s.Ratio)), ("fill", s.Fill))),
        Of<ColourStep>("colour", ["brightness", "contrast", "saturation"],
            s => new(s.Number("brightness", 0), s.Number("contrast", 0), s.Number("saturation", 0)),
            s => Line(("brightness", s.Brightness), ("contrast", s.Contrast), ("saturation", s.Saturation))),
        Of<NoiseStep>("noise", ["std"], s => new(s.Number("std")), s => s.Std),
        Of<ClampStep>("clamp", ["range"],
            s => new(s.Interval("range")),
            s => List(s.Range)),
        Of<TimeMaskStep>("time-mask", ["length", "count", "fill"],
            s => new(s.Whole("count", 1), s.Whole("length"), s.Number("fill", 0)),
            s => Line(("length", s.Length), ("count", s.Count), ("fill", s.Fill))),
        Of<FrequencyMaskStep>("frequency-mask", ["length", "count", "fill"],
            s => new(s.Whole("count", 1), s.Whole("length"), s.Number("fill", 0)),
            s => Line(("length", s.Length), ("count", s.Count), ("fill", s.Fill))),
        Of<TokenMaskStep>("token-mask", ["probability", "mask", "keep"],
            s => new(s.Number("probability", 0.15), s.Whole("mask"), s.WholeList("keep")),
            s => Line(("probability", s.Probability), ("mask", s.Mask), ("keep", s.Keep))),
        Of<MixupStep>("mixup", ["alpha", "probability"],
            s => new(s.Number("alpha"), s.Number("probability", 1)),
            s => Line(("alpha", s.Alpha), ("probability", s.Probability))),
        Of<CutMixStep>("cutmix", ["alpha", "probability"],
            s => new(s.Number("alpha", 1), s.Number("probability", 1)),
            s => Line(("alpha", s.Alpha), ("probability", s.Probability))),
    ];

    /// <summary>Every step's key.</summary>
    public static IEnumerable<string> Names => Table.Select(entry => entry.Name);

    /// <summary>Reads a step; <c>null</c> for a shift of 0 or <c>none</c>, which say that there is none.</summary>
    public static AugmentationStep? Read(string name, RecipeValue value)
    {
        if (value.IsNone)
            return null;
        var entry = Table.Single(entry => entry.Name == name);
        return entry.Read(new(value, entry.Settings)) is var step && step is ShiftStep { Pixels: 0 } ? null : step;
    }

    /// <summary>Writes a step, every setting spelt out.</summary>
    public static (string Name, object? Value) Write(AugmentationStep step) =>
        (Dashed(step.Name), Table.Single(entry => entry.Name == Dashed(step.Name)).Write(step));

    /// <summary>A name of a manifest as recipes write it.</summary>
    public static string Dashed(string name) => name.Replace('_', '-');

    private static Entry Of<T>(string name, string[] settings, Func<StepSettings, T> read, Func<T, object> write)
        where T : AugmentationStep => new(name, settings, read, step => write((T)step));

    private static YamlMappingNode Line(params ReadOnlySpan<(string Key, object? Value)> entries) => YamlTree.Line(entries);

    private static double[] List(Interval interval) => [interval.From, interval.To];

    private sealed record Entry(
        string Name, string[] Settings, Func<StepSettings, AugmentationStep> Read, Func<AugmentationStep, object> Write);
}
