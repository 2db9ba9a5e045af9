using System.Text.Json.Serialization;
using OnnxKd.Core.Randomness;
using OnnxKd.Core.Settings;

namespace OnnxKd.Core.Preparation.Steps;

/// <summary>One random change of a sample: its settings, as a cache's manifest records them. The attributes are the table of all.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "step")]
[JsonDerivedType(typeof(ShiftStep), ShiftStep.Kind)]
[JsonDerivedType(typeof(CropStep), CropStep.Kind)]
[JsonDerivedType(typeof(FlipStep), FlipStep.Kind)]
[JsonDerivedType(typeof(RotationStep), RotationStep.Kind)]
[JsonDerivedType(typeof(ScaleStep), ScaleStep.Kind)]
[JsonDerivedType(typeof(EraseStep), EraseStep.Kind)]
[JsonDerivedType(typeof(ColourStep), ColourStep.Kind)]
[JsonDerivedType(typeof(NoiseStep), NoiseStep.Kind)]
[JsonDerivedType(typeof(ClampStep), ClampStep.Kind)]
[JsonDerivedType(typeof(TimeMaskStep), TimeMaskStep.Kind)]
[JsonDerivedType(typeof(FrequencyMaskStep), FrequencyMaskStep.Kind)]
[JsonDerivedType(typeof(TokenMaskStep), TokenMaskStep.Kind)]
[JsonDerivedType(typeof(MixupStep), MixupStep.Kind)]
[JsonDerivedType(typeof(CutMixStep), CutMixStep.Kind)]
public abstract record AugmentationStep
{
    private protected AugmentationStep(string name) => Name = name;

    /// <summary>All steps, by their names in recipes.</summary>
    public static KindTable Kinds { get; } = KindTable.OfJson(typeof(AugmentationStep));

    /// <summary>What the step is called in manifests; recipes have dashes in place of underscores.</summary>
    public string Name { get; }

    /// <summary>Whether the step moves values to other places of the sample.</summary>
    public virtual bool IsGeometric => false;

    /// <summary>Whether samples must have a height and a width (or time and frequency).</summary>
    internal virtual bool NeedsPlane => true;

    /// <summary>The first setting that makes no sense for samples of any shape; <c>null</c> if all do.</summary>
    public SettingProblem? Problem() => SettingSchema.Problem(this);

    /// <summary>The first setting that does not fit samples of a layout; <c>null</c> if all do.</summary>
    internal virtual SettingProblem? Misfit(SampleLayout layout) => null;
}

/// <summary>A step that looks at one sample.</summary>
public abstract record SampleStep : AugmentationStep
{
    private protected SampleStep(string name)
        : base(name)
    {
    }

    /// <summary>The step that moves a class per pixel along, with the same draws; <c>null</c>: pixels stay where they are.</summary>
    internal virtual SampleStep? ForLabels => null;

    /// <summary>Changes one sample in place.</summary>
    /// <param name="sample">Stored values (before preprocessing), last axis fastest.</param>
    /// <param name="scratch">As many values, to work in.</param>
    /// <param name="layout">The sample's axes.</param>
    /// <param name="random">The view's stream, from which the step draws what it needs.</param>
    internal abstract void Apply(Span<float> sample, Span<float> scratch, SampleLayout layout, ref CounterRandom random);
}
