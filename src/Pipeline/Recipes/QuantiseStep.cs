using OnnxKd.Core.Settings;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>How a model is quantised.</summary>
internal sealed record QuantiseOptions
{
    /// <summary>How many samples of the transfer set the scales of activations are found with; default 256.</summary>
    [Setting("samples of the transfer set, evenly spread, that the scales of activations are found with; at most all", AtLeast = 1)]
    public int Samples { get; init; } = 256;
}

/// <summary>A trained model with weights and activations in 8 bits.</summary>
internal sealed record QuantiseStep(string Name, RecipeValue Place) : FormStep(Name, KindName, Place)
{
    /// <summary>The key below the entry's name.</summary>
    public const string KindName = "quantise";

    private static readonly string[] Keys = [ModelKey, "samples"];

    /// <summary>How.</summary>
    public required QuantiseOptions Options { get; init; }

    /// <summary>Reads an entry.</summary>
    public static IReadOnlyList<RecipeStage> Read(StepReading step)
    {
        var own = step.Value.Map(Keys);
        return [new QuantiseStep(step.Name, step.Value) { Model = step.TrainedModel(own.Require(ModelKey)), Options = SettingsSection.Read<QuantiseOptions>(own) }];
    }

    /// <inheritdoc/>
    protected override YamlMappingNode WriteOptions() => SettingsSection.Write(Options);
}
