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
internal sealed record AdjustBiasStep(string Name, RecipeValue Place) : RecipeStage(Name, KindName, Place)
{
    /// <summary>The key below the entry's name.</summary>
    public const string KindName = "adjust-bias";

    private static readonly string[] Keys = ["model", "classes", "offsets"];

    /// <summary>The stage that makes the model.</summary>
    public required StageReference Model { get; init; }

    /// <summary>What is searched for.</summary>
    public required BiasOptions Bias { get; init; }

    /// <inheritdoc/>
    public override ArtifactKind Makes => ArtifactKind.Model;

    /// <inheritdoc/>
    public override StageReference FormOf => Model;

    /// <inheritdoc/>
    public override IEnumerable<StageReference> Needs => [Model];

    /// <summary>Reads an entry.</summary>
    public static IReadOnlyList<RecipeStage> Read(StepReading step)
    {
        var own = step.Value.Map(Keys);
        if (step.Data.Validation is not { Labels: not null })
            throw step.Value.Error(
                "Offsets are found on a validation set with labels.", step.Data.Validation is null ? "no data.validation" : "no data.validation.labels",
                remedy: "set data.validation, for example to the last rows of the training set, which the transfer set then leaves out");
        return [new AdjustBiasStep(step.Name, step.Value) { Model = step.TrainedModel(own.Require("model")), Bias = SettingsSection.Read<BiasOptions>(own) }];
    }

    /// <inheritdoc/>
    public override RecipeStage WithoutMachine() => this;

    /// <inheritdoc/>
    public override YamlNode Write(Func<string, string> file, ulong seed)
    {
        var written = YamlTree.Map(("model", YamlTree.Line(("stage", Model.Name))));
        foreach (var (key, value) in SettingsSection.Write(Bias).Children)
            written.Add(key, value);
        return written;
    }
}
