using OnnxKd.Core.Settings;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>How many offsets are searched for.</summary>
internal enum OffsetCount
{
    /// <summary>One, for all named classes.</summary>
    One,

    /// <summary>One for each.</summary>
    Each,
}

/// <summary>What is searched for.</summary>
internal sealed record BiasOptions
{
    /// <summary>The classes.</summary>
    [Setting("classes whose scores get an offset", AtLeast = 0)]
    public required IReadOnlyList<int> Classes { get; init; }

    /// <summary>One offset for all of them, or one for each.</summary>
    [Setting("one offset for all these classes, or one for each")]
    public OffsetCount Offsets { get; init; } = OffsetCount.One;
}

/// <summary>A trained model whose class scores get offsets that are found on the validation set.</summary>
internal sealed record AdjustBiasStep(string Name, RecipeValue Place) : FormStep(Name, KindName, Place)
{
    /// <summary>The key below the entry's name.</summary>
    public const string KindName = "adjust-bias";

    private static readonly string[] Keys = [ModelKey, "classes", "offsets"];

    /// <summary>What is searched for.</summary>
    public required BiasOptions Options { get; init; }

    /// <summary>Reads an entry.</summary>
    public static IReadOnlyList<RecipeStage> Read(StepReading step)
    {
        var own = step.Value.Map(Keys);
        if (step.Data.Validation is not { Labels: not null })
            throw step.Value.Error(
                "Offsets are found on a validation set with labels.", step.Data.Validation is null ? "no data.validation" : "no data.validation.labels",
                remedy: "set data.validation, for example to the last rows of the training set, which the transfer set then leaves out");
        return [new AdjustBiasStep(step.Name, step.Value) { Model = step.TrainedModel(own.Require(ModelKey)), Options = SettingsSection.Read<BiasOptions>(own) }];
    }

    /// <inheritdoc/>
    protected override YamlMappingNode WriteOptions() => SettingsSection.Write(Options);
}
